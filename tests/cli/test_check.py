"""`check` before `train`."""

from PIL import Image
from tiny_sets import folder, save


def test_a_good_folder_is_told_in_words_and_as_a_picture(typed, tmp_path):
    settings = folder(tmp_path / "set")
    sheet = tmp_path / "sheet.png"
    result = typed("check", "--data", settings.root, "--image-size", 16, "--out", sheet)
    assert result.code == 0, result.err
    assert "Can go: 22 training images of 2 classes." in result.out
    assert "roses" in result.out and str(sheet) in result.out
    with Image.open(sheet) as image:
        assert image.width > 500


def test_what_cannot_go_ends_with_code_2_and_says_why(typed, tmp_path):
    save(tmp_path / "set" / "only" / "1.png")
    result = typed("check", "--data", tmp_path / "set", "--json")
    assert result.code == 2
    assert '"can_go": false' in result.out and "at least 2 classes" in result.out


def test_json_has_every_finding(typed, tmp_path):
    settings = folder(tmp_path / "set")
    told = typed("check", "--data", settings.root, "--json", "--shots", 3).json
    assert told["can_go"] and told["data"]["shots"] == 3
    assert {finding["tone"] for finding in told["findings"]} <= {"good", "warn"}
