"""What a person is told of their images before anything is trained."""

import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from tiny_sets import random_pixels, save

from explorer.errors import ConfigError, DataError
from explorer.service.brought import brought
from explorer.service.data_check import check_data
from explorer.service.data_sheet import data_sheet
from explorer.service.datasets import UPLOADS, add_archive, data_settings
from explorer.service.progress import Cancelled
from explorer.settings import DataSettings


def texts(found, tone):
    return [finding.text for finding in found.findings if finding.tone == tone]


@pytest.fixture
def own(tmp_path):
    for number in range(12):
        save(tmp_path / "set" / "roses" / f"{number}.png", number)
        save(tmp_path / "set" / "tulips" / f"{number}.png", 100 + number)
    return tmp_path / "set"


def settings_of(root, **changes) -> DataSettings:
    return DataSettings(name="folder", root=str(root), image_size=16, **changes)


def test_a_good_folder_can_go_and_shows_its_classes(own):
    found = check_data(settings_of(own))
    assert found.can_go and found.verdict == "Can go: 22 training images of 2 classes."
    assert [(row.name, row.train, row.test) for row in found.classes] == [
        ("roses", 11, 1),
        ("tulips", 11, 1),
    ]
    assert [row.title for row in found.pictures] == ["roses", "tulips"]
    assert found.pictures[0].pixels.shape == (8, 64, 64, 3)
    assert data_sheet(found).shape[1] == 8 * 66 - 2


def test_one_broken_file_in_many_is_named_and_left_out(tmp_path):
    for number in range(130):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", number, 4, 4)
    (tmp_path / "a" / "broken-2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 30)
    found = check_data(settings_of(tmp_path))
    named = [item for finding in found.findings for item in finding.items if "broken" in item]
    assert found.can_go and len(named) == 1
    assert found.verdict.endswith("things to look at first.")


def test_too_many_broken_files_stop_with_their_names(own):
    for number in range(3):
        (own / "roses" / f"bad{number}.jpg").write_bytes(b"<html>")
    found = check_data(settings_of(own))
    assert not found.can_go and found.verdict.startswith("Cannot go: ")
    assert "Repair or remove them" in found.verdict
    assert any("bad1.jpg" in item and "HTML" in item for item in found.findings[0].items)
    with pytest.raises(DataError):
        from explorer.data.load import load_data

        load_data(settings_of(own), "train")


def test_duplicates_are_found_in_a_class_and_across(own):
    shutil.copy(own / "roses" / "0.png", own / "roses" / "00.png")
    shutil.copy(own / "roses" / "1.png", own / "tulips" / "from-roses.png")
    with Image.open(own / "tulips" / "2.png") as image:
        image.resize((80, 80), Image.Resampling.BICUBIC).save(own / "tulips" / "large.png")
    found = check_data(settings_of(own))
    items = {finding.text.split(":")[0]: finding.items for finding in found.findings}
    assert items["Exact duplicates of others"] == ("roses/0.png = roses/00.png",)
    assert items["In more than one class"] == ("roses/1.png = tulips/from-roses.png",)
    assert items["Nearly the same"] == ("tulips/2.png = tulips/large.png",)
    assert [row.title for row in found.pictures][2:] == ["The same"] * 2 + ["Nearly the same"]


def test_sizes_shapes_colours_and_blanks_are_told(own):
    save(own / "roses" / "wide.png", 50, 8, 60)
    Image.new("RGB", (40, 40), "white").save(own / "roses" / "white.png")
    Image.fromarray(random_pixels(7)[:, :, 0]).save(own / "roses" / "grey.png")
    warned = texts(check_data(settings_of(own)), "warn")
    assert "Smaller than 16 pixels: 1 picture." in warned
    assert "Far from square: 1 picture." in warned
    assert "Of one colour only: 1 picture." in warned
    assert any(
        text.startswith("Colour: 2 of ") for text in texts(check_data(settings_of(own)), "good")
    )


def test_tiny_and_uneven_classes_and_too_many_shots(tmp_path):
    for number in range(130):
        save(tmp_path / "many" / f"{number}.png", number, 20, 20)
    for number in range(4):
        save(tmp_path / "few" / f"{number}.png", 1000 + number, 20, 20)
    found = check_data(settings_of(tmp_path))
    assert texts(found, "warn") == [
        "Fewer than 5 training images: 1 class.",
        "'many' has 117 images and 'few' 3.",
    ]
    found = check_data(settings_of(tmp_path, shots=10))
    assert "Set shots to at most 3" in found.verdict


def test_what_is_no_set_is_refused_in_words(tmp_path, own):
    assert "is not a folder" in check_data(settings_of(tmp_path / "gone")).verdict
    shutil.rmtree(own / "tulips")
    assert "at least 2 classes" in check_data(settings_of(own)).verdict
    (own / "empty").mkdir()
    assert "class 'empty'" in check_data(settings_of(own)).verdict
    assert "No data set 'nothing'" in check_data(DataSettings(name="nothing")).verdict


def test_pipes_links_and_unreadable_things_are_passed_over(own):
    os.mkfifo(own / "roses" / "pipe.png")
    (own / "roses" / "loop").symlink_to(own)
    (own / "roses" / "link.png").symlink_to(own / "tulips" / "0.png")
    (own / "roses" / "folder.png").mkdir()
    assert check_data(settings_of(own)).verdict.startswith("Can go: 22 ")


def test_a_set_that_needs_too_much_memory_is_refused(own, monkeypatch):
    from explorer.data import listing

    monkeypatch.setattr(listing, "MAX_MEMORY", 100)
    assert "need" in check_data(settings_of(own)).verdict


def test_a_drawn_set_is_checked_too():
    found = check_data(DataSettings(name="avatars", image_size=16, count=30))
    assert found.can_go and len(found.classes) == 5 and found.count == 30


def test_a_large_known_set_is_looked_at_in_part_and_says_so(monkeypatch):
    from explorer.service import data_check

    monkeypatch.setattr(data_check, "KNOWN", 20)
    found = check_data(DataSettings(name="avatars", image_size=16, count=300))
    assert found.count == 300 and sum(row.train for row in found.classes) == 20
    assert "20 of 300 images were looked at." in texts(found, "good")


def test_pictures_without_a_class_are_told(own):
    save(own / "lost.png")
    found = check_data(settings_of(own))
    assert found.can_go and "Beside the class folders: 1 picture." in texts(found, "warn")
    assert ("lost.png",) in [finding.items for finding in found.findings]


def test_a_thousand_classes_are_looked_at_and_told(tmp_path):
    for number in range(1000):
        save(tmp_path / f"kind-{number:04d}" / "1.png", number, 8, 8)
        save(tmp_path / f"kind-{number:04d}" / "2.png", 1000 + number, 8, 8)
    found = check_data(settings_of(tmp_path))
    assert found.can_go and len(found.classes) == 1000
    assert {"There are 1,000 classes.", "Fewer than 5 training images: 1,000 classes."} <= set(
        texts(found, "warn")
    )


def test_a_long_listing_can_be_cancelled(own):
    for number in range(1000):
        (own / "roses" / f"{number}.txt").touch()
    told = []

    def report(share, doing):
        told.append(doing)
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        check_data(settings_of(own), report)
    assert told == ["Listing the files, 1,000 so far"]


def test_a_check_can_be_cancelled(own):
    def report(share, doing):
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        check_data(settings_of(own), report)


def test_data_are_named_in_four_ways(tmp_path, own):
    root = tmp_path / "checkpoints"
    assert data_settings("avatars", root).name == "avatars"
    assert data_settings(str(own), root).root == str(own)
    archive = shutil.make_archive(str(tmp_path / "My flowers!"), "zip", own)
    unpacked = data_settings(archive, root)
    assert unpacked.root.startswith(str(root / UPLOADS / "my-flowers-"))
    assert check_data(unpacked.model_copy(update={"image_size": 16})).can_go
    assert [str(one.folder) for one in brought(root)] == [unpacked.root]
    experiment = tmp_path / "e.json"
    experiment.write_text(
        '{"name": "e", "model": {"name": "glow"}, "data": {"name": "stamps", "seed": 3}}'
    )
    assert data_settings(str(experiment), root).seed == 3


def test_the_same_archive_is_kept_once(tmp_path, own):
    archive = shutil.make_archive(str(tmp_path / "flowers"), "zip", own)
    first = add_archive(tmp_path, archive_path := tmp_path / "flowers.zip")
    assert add_archive(tmp_path, archive_path) == first and archive
    assert len(brought(tmp_path)) == 1


def test_other_things_are_refused_with_what_would_do(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="no ZIP archive"):
        data_settings(str(tmp_path / "a.txt"), tmp_path)
    with pytest.raises(DataError, match="Known: "):
        data_settings("avatar", tmp_path)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ConfigError):
        data_settings(str(tmp_path / "a.json"), tmp_path)
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as file:
        file.writestr("a/1.txt", "x")
    with pytest.raises(DataError, match="holds no picture"):
        data_settings(str(tmp_path / "e.zip"), tmp_path)
    assert brought(tmp_path) == []


def test_large_sets_are_looked_at_in_part_and_say_so(own, monkeypatch):
    from explorer.data import inspection

    monkeypatch.setattr(inspection, "MOST_IMAGES", 7)
    good = texts(check_data(settings_of(own)), "good")
    assert "7 of 22 images were looked at." in good


def test_pictures_show_the_file(own):
    Image.new("RGB", (40, 40), (10, 200, 30)).save(own / "roses" / "0.png")
    row = check_data(settings_of(own)).pictures[0]
    np.testing.assert_array_equal(row.pixels[row.names.index("roses/0.png")][0, 0], [10, 200, 30])
