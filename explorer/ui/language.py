"""The page in several languages: catalogues in `assets/languages`, put to use in the browser.

Python and scripts write English. A catalogue maps whole sentences, with {} for what changes in
them, to another language; `assets/translate.js` replaces texts as they appear on the page. So no
handler needs to know who reads, and a text that a catalogue lacks is shown in English.
"""

__all__ = ["catalogues", "head"]

import json

from explorer.errors import DataError
from explorer.ui.scripts import ASSETS, script


def catalogues() -> dict[str, dict[str, str]]:
    """Return the translations by language, e.g. "de", and English template.

    Raises:
        DataError: A file is no JSON object of texts, or a translation asks for a gap that its
            template does not have.
    """
    found = {}
    for path in sorted((ASSETS / "languages").glob("*.json")):
        texts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(texts, dict) or not all(isinstance(t, str) for t in texts.values()):
            raise DataError(f"'{path.name}' is no JSON object of texts by texts. Mend it.")
        for template, translation in texts.items():
            if translation.count("{") > 0 and template.count("{}") == 0:
                raise DataError(
                    f"'{path.name}': '{translation}' has a gap, its template '{template}' none."
                )
        found[path.stem] = texts
    return found


def head() -> str:
    """Return the script that stands first in the page's head."""
    texts = json.dumps(catalogues(), ensure_ascii=False).replace("</", "<\\/")
    source = script("translate.js").rstrip().removesuffix(";")
    return f"<script>{source}({texts});</script>"
