"""What a check of data shows: the verdict first, then findings, classes and pictures."""

__all__ = ["check_html"]

import html

import numpy as np

from explorer.service.data_check import ClassRow, DataCheck, Finding, PictureRow
from explorer.ui.attributes.fragments import table_html
from explorer.ui.convert import sheet

ROWS = 24
"""Rows of pictures that are shown."""

CLASSES = 12
"""Classes whose counts are shown at once; more are folded."""

_MARKS = {"stop": "✕", "warn": "!", "good": "✓"}


def check_html(found: DataCheck) -> str:
    """Return what was found, for the page."""
    tone = "good" if found.can_go else "warm"
    parts = [f'<p class="verdict {tone}">{html.escape(found.verdict)}</p>']
    parts.append(f'<ul class="findings">{"".join(map(_finding, found.findings))}</ul>')
    if found.classes:
        parts.append(_classes(found.classes))
    parts += [_pictures(row) for row in found.pictures[:ROWS]]
    hidden = len(found.pictures) - ROWS
    if hidden > 0:
        parts.append(f'<p class="panel-words">{hidden} more rows are not shown.</p>')
    return f'<div class="panel data-check">{"".join(parts)}</div>'


def _finding(finding: Finding) -> str:
    words = f"<b>{html.escape(finding.text)}</b>"
    if finding.next_step:
        words += f" <span>{html.escape(finding.next_step)}</span>"
    if finding.items:
        items = "".join(f"<li>{html.escape(item)}</li>" for item in finding.items)
        words += f"<details><summary>Which</summary><ul>{items}</ul></details>"
    mark = _MARKS[finding.tone]
    return f'<li class="{finding.tone}"><i aria-hidden="true">{mark}</i><div>{words}</div></li>'


def _classes(rows: tuple[ClassRow, ...]) -> str:
    cells = [[row.name, f"{row.train:,}", f"{row.test:,}" if row.test else "–"] for row in rows]
    table = table_html(["Class", "To train", "Held out"], cells)
    if len(rows) <= CLASSES:
        return table
    return f"<details><summary>All {len(rows):,} classes</summary>{table}</details>"


def _pictures(row: PictureRow) -> str:
    title = html.escape(row.title)
    drawn = sheet([row.pixels.astype(np.uint8)])
    names = html.escape(", ".join(row.names))
    return (
        f'<figure class="data-row"><figcaption>{title}</figcaption>'
        f'<img src="{drawn["uri"]}" alt="{names}" title="{names}"></figure>'
    )
