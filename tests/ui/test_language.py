"""The catalogues: well-formed, and complete for what they promise."""

import json
import re

import pytest

from explorer.errors import DataError
from explorer.models import available
from explorer.service.experiment_form import form_fields
from explorer.ui import language


def test_every_catalogue_has_texts_for_texts():
    assert "de" in language.catalogues()


def test_no_translation_asks_for_what_its_template_lacks():
    for name, texts in language.catalogues().items():
        for template, translation in texts.items():
            gaps = template.count("{}")
            asked = [int(part.split("}")[0] or 0) for part in translation.split("{")[1:]]
            assert len([n for n in asked if n == 0]) <= gaps, (name, template)
            assert all(n <= gaps for n in asked), (name, template)


def test_a_gap_without_a_template_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / "xx.json").write_text(json.dumps({"Map": "Karte {}"}))
    monkeypatch.setattr(language, "ASSETS", tmp_path)
    with pytest.raises(DataError, match=r"xx\.json.*gap"):
        language.catalogues()


def test_the_head_cannot_be_left_by_a_text(tmp_path, monkeypatch):
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / "xx.json").write_text(json.dumps({"Map": "</script><b>"}))
    monkeypatch.setattr(language, "ASSETS", tmp_path)
    assert language.head().count("</script>") == 1


@pytest.mark.parametrize("model", available())
def test_every_setting_is_explained_in_every_language(model):
    texts = {text for _, field in form_fields(model) for text in (field.label, field.help)}
    for name, catalogue in language.catalogues().items():
        templates = [
            re.compile("(.+?)".join(map(re.escape, template.split("{}"))))
            for template in catalogue
        ]
        missing = [text for text in texts if not any(one.fullmatch(text) for one in templates)]
        assert missing == [], f"assets/languages/{name}.json lacks these"
