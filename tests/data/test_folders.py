"""A person's own folder of pictures."""

import logging
import os
import socket

import numpy as np
import pytest
from tiny_sets import folder, save, split_folder

from explorer.data import folders
from explorer.data.folders import listing_of, unclassed
from explorer.data.intake import read_image
from explorer.data.load import load_data
from explorer.data.source import get
from explorer.errors import DataError
from explorer.settings import DataSettings


def settings_of(root, **changes) -> DataSettings:
    return DataSettings(name="folder", root=str(root), image_size=8, **changes)


def refusal(settings: DataSettings, split="train") -> str:
    with pytest.raises(DataError) as caught:
        load_data(settings, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_each_sub_folder_is_a_class_and_deeper_folders_belong_to_it(tmp_path):
    data = load_data(folder(tmp_path), "train")
    assert data.class_names == ("roses", "tulips")
    assert data.class_counts == (11, 11)


def test_the_two_parts_make_up_the_whole(tmp_path):
    settings = folder(tmp_path)
    train, test = load_data(settings, "train"), load_data(settings, "test")
    assert sorted([*train.indices, *test.indices]) == list(range(24))
    assert test.class_counts == (1, 1)


def test_pixels_are_those_of_the_file(tmp_path):
    path = save(tmp_path / "a" / "one.png", 5)
    save(tmp_path / "b" / "two.png", 6)
    data = load_data(settings_of(tmp_path), "train")
    np.testing.assert_array_equal(data.images[0], read_image(path, 8))


def test_train_and_test_folders_are_the_split(tmp_path):
    settings = split_folder(tmp_path)
    assert load_data(settings, "train").class_counts == (3, 3)
    assert load_data(settings, "test").class_counts == (3, 3)
    assert load_data(settings, "test").class_names == ("roses", "tulips")


def test_val_serves_where_there_is_no_test_and_may_lack_a_class(tmp_path):
    save(tmp_path / "train" / "a" / "1.png")
    save(tmp_path / "train" / "b" / "1.png")
    save(tmp_path / "val" / "b" / "2.png")
    data = load_data(settings_of(tmp_path), "test")
    assert data.class_names == ("a", "b")
    assert data.labels.tolist() == [1]


def test_a_class_called_train_is_a_class_where_others_stand_beside_it(tmp_path):
    for name in ("bus", "test", "train"):
        save(tmp_path / name / "1.png")
    assert load_data(settings_of(tmp_path), "train").class_names == ("bus", "test", "train")


def test_a_class_of_the_test_folder_only_is_named(tmp_path):
    settings = split_folder(tmp_path)
    save(tmp_path / "test" / "lilies" / "1.png")
    assert "class 'lilies'" in refusal(settings, "test")


def test_attributes_come_from_the_table(tmp_path):
    settings = folder(tmp_path)
    rows = [f"roses/{n}.png,1,{n % 2}" for n in range(12)]
    rows += [f"tulips/wild/{n}.jpg,-1,0" for n in range(12)]
    (tmp_path / "attributes.csv").write_text("\n".join(["file,red,odd", *rows]))
    data = load_data(settings, "train")
    assert data.attribute_names == ("red", "odd")
    np.testing.assert_array_equal(data.attributes[:, 0], data.labels == 0)
    assert load_data(settings.model_copy(update={"shots": 2}), "train").attributes.shape == (4, 2)


def test_a_picture_without_a_row_in_the_table_is_named(tmp_path):
    settings = folder(tmp_path)
    (tmp_path / "attributes.csv").write_text("file,red\nroses/0.png,1\n")
    assert "no row for 'roses/" in refusal(settings)


def test_other_files_are_counted_in_the_log_and_hidden_ones_are_not(tmp_path, caplog):
    settings = folder(tmp_path)
    (tmp_path / "roses" / "notes.txt").write_text("red")
    (tmp_path / "roses" / ".DS_Store").write_text("")
    (tmp_path / ".git").mkdir()
    with caplog.at_level(logging.WARNING):
        assert load_data(settings, "train").class_names == ("roses", "tulips")
    assert "1 .txt" in caplog.text
    assert "DS_Store" not in caplog.text


def test_one_bad_image_in_a_few_stops_and_is_named(tmp_path):
    settings = folder(tmp_path)
    for number in range(12):
        (tmp_path / "roses" / f"{number}.png").write_bytes(b"<html>")
    text = refusal(settings)
    assert "HTML page" in text and "roses/" in text


def test_one_bad_image_in_a_hundred_is_left_out_and_logged(tmp_path, caplog):
    for number in range(60):
        save(tmp_path / "a" / f"{number}.png", number, 4, 4)
        save(tmp_path / "b" / f"{number}.png", number, 4, 4)
    whole = load_data(settings_of(tmp_path), "train")
    bad = int(whole.indices[3])
    name = sorted(f"{number}.png" for number in range(60))[bad]
    (tmp_path / "a" / name).write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        data = load_data(settings_of(tmp_path), "train")
    assert len(data) == len(whole) - 1
    assert bad not in data.indices
    np.testing.assert_array_equal(data.images, np.delete(whole.images, 3, axis=0))
    assert f"a/{name}" in caplog.text


def test_links_are_not_followed(tmp_path):
    outside = save(tmp_path / "outside" / "secret.png")
    root = tmp_path / "root"
    settings = folder(root)
    before = load_data(settings, "train").digest()
    (root / "roses" / "link.png").symlink_to(outside)
    (root / "lilies").symlink_to(outside.parent, target_is_directory=True)
    (root / "tulips" / "loop").symlink_to(root, target_is_directory=True)
    assert load_data(settings, "train").digest() == before


def test_a_pipe_is_not_opened(tmp_path):
    settings = folder(tmp_path)
    os.mkfifo(tmp_path / "roses" / "pipe.png")
    assert load_data(settings, "train").class_counts == (11, 11)


def test_a_socket_is_no_picture(tmp_path, monkeypatch):
    settings = folder(tmp_path)
    monkeypatch.chdir(tmp_path / "roses")  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        assert load_data(settings, "train").class_counts == (11, 11)


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_ENTRIES"])
def test_a_listing_ends_as_soon_as_it_is_too_much(limit, tmp_path, monkeypatch):
    settings, read = folder(tmp_path), []
    monkeypatch.setattr(folders, limit, 5)
    scan = folders.Seen.each
    monkeypatch.setattr(
        folders.Seen, "each", lambda seen, found: scan(seen, (read.append(x) or x for x in found))
    )
    assert "has more than 5 " in refusal(settings)
    assert len(read) == 6  # and not the 12 files of the first class


def test_a_listing_tells_how_far_it_is_and_can_be_ended(tmp_path):
    class Enough(Exception):
        pass

    told = []

    def tell(entries):
        told.append(entries)
        if entries == 2000:
            raise Enough

    settings = folder(tmp_path)
    for number in range(2500):
        (tmp_path / "roses" / f"{number}.txt").touch()
    with pytest.raises(Enough):
        listing_of(settings, "train", tell)
    assert told == [1000, 2000]


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    settings, scandir = folder(tmp_path), os.scandir

    def locked(path):
        if str(path).endswith("wild"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    assert "wild' cannot be read (Permission denied)" in refusal(settings)


def test_pictures_beside_the_classes_are_named(tmp_path):
    settings = folder(tmp_path / "a")
    assert unclassed(settings) == ()
    save(tmp_path / "a" / "lost.png")
    (tmp_path / "a" / "notes.txt").touch()
    assert unclassed(settings) == ("lost.png",)
    settings = split_folder(tmp_path / "b")
    save(tmp_path / "b" / "train" / "lost.png")
    save(tmp_path / "b" / "test" / "lost.png")
    assert unclassed(settings) == ("test/lost.png", "train/lost.png")


def test_no_root_is_told(tmp_path):
    assert "data.root is not set" in refusal(DataSettings(name="folder"))


def test_one_class_is_refused(tmp_path):
    save(tmp_path / "roses" / "1.png")
    assert "only the sub-folder 'roses'; at least 2 classes" in refusal(settings_of(tmp_path))


def test_a_class_without_images_tells_what_it_holds(tmp_path):
    settings = folder(tmp_path)
    (tmp_path / "lilies").mkdir()
    (tmp_path / "lilies" / "a.txt").write_text("")
    assert "class 'lilies'" in refusal(settings)
    assert "found: 1 .txt" in refusal(settings)


def test_a_very_deep_folder_is_refused(tmp_path):
    settings = folder(tmp_path)
    save(tmp_path.joinpath("roses", *"abcdefghijklmnopqrst") / "1.png")
    assert "more than 16 folders deep" in refusal(settings)


def test_too_many_pixels_for_the_memory_are_refused_before_reading(tmp_path, monkeypatch):
    monkeypatch.setattr("explorer.data.listing.MAX_MEMORY", 1000)
    assert "Set data.count" in refusal(folder(tmp_path))


def test_a_file_that_is_the_root_is_refused(tmp_path):
    path = save(tmp_path / "picture.png")
    assert "is not a folder" in refusal(settings_of(path))


def test_a_count_limits_what_is_loaded_and_its_seed_decides(tmp_path):
    settings = folder(tmp_path)
    drawn = [
        load_data(settings.model_copy(update={"count": 5, "seed": seed}), "train").indices.tolist()
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 5


def test_the_folder_source_needs_no_download():
    assert get("folder").counts == ()
