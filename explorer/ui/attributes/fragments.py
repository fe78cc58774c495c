"""Small pieces of HTML that several panels show: a picture to save, a table, how far work is."""

__all__ = ["picture_html", "progress_html", "table_html", "words_html"]

import html
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from explorer.service.view import View, view_text
from explorer.ui.background import Progress
from explorer.ui.convert import picture_uri


def picture_html(
    pixels: UInt8[np.ndarray, "height width channel"], *, alt: str, view: View
) -> str:
    """Return a picture with the menu that takes it along; `assets/share.js` fills the menu."""
    settings = html.escape(view_text(view))
    return (
        f'<div class="sheet"><div class="sheet-picture">'
        f'<img src="{picture_uri(pixels)}" alt="{html.escape(alt)}"></div>'
        f'<share-menu data-view="{settings}" data-files="png zip"></share-menu></div>'
    )


def table_html(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in heading)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row[0])}</th>'
        + "".join(f"<td>{html.escape(text)}</td>" for text in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="table-scroll"><table class="plain-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def words_html(*sentences: str, tone: str = "") -> str:
    """Return paragraphs, one a sentence; empty ones are left out.

    Args:
        sentences: Plain texts.
        tone: "good" or "warm" for a verdict, else a quiet note.
    """
    style = f"verdict {tone}" if tone else "panel-words"
    return "".join(f'<p class="{style}">{html.escape(text)}</p>' for text in sentences if text)


def progress_html(step: Progress) -> str:
    """Return how far long work is, with a bar."""
    share = f"{100 * step.share:.0f}"
    doing = html.escape(step.doing[:1].upper() + step.doing[1:])
    return (
        f'<div class="work" role="status"><progress max="100" value="{share}"></progress>'
        f"<span>{doing}</span></div>"
    )
