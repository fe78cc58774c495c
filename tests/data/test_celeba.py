"""CelebA: official parts, attributes without identities, the centre crop."""

import numpy as np
import pytest
from PIL import Image
from tiny_sets import celeba

from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.settings import DataSettings


def test_parts_zero_and_two_are_training_and_test(tmp_path):
    settings = celeba(tmp_path)
    assert len(load_data(settings, "train")) == 6
    assert len(load_data(settings, "test")) == 3


def test_attributes_belong_to_their_file(tmp_path):
    data = load_data(celeba(tmp_path), "train")
    assert data.attribute_names == ("Male", "Smiling")
    np.testing.assert_array_equal(data.attributes[:, 0], data.indices % 2 == 1)
    assert not data.attributes[:, 1].any()
    drawn = load_data(celeba(tmp_path).model_copy(update={"count": 3}), "train")
    np.testing.assert_array_equal(drawn.attributes[:, 0], drawn.indices % 2 == 1)


def test_the_centred_160_pixels_are_taken(tmp_path):
    settings = celeba(tmp_path)
    pixels = np.zeros((218, 178, 3), dtype=np.uint8)
    pixels[29:189, 9:169] = 255
    path = tmp_path / "celeba" / "img_align_celeba" / "000001.jpg"
    Image.fromarray(pixels).save(path, "PNG")  # lossless, so that the border is exact
    assert load_data(settings, "train").images[0].min() == 255


def test_the_file_of_identities_is_not_opened(tmp_path, opened):
    load_data(celeba(tmp_path), "train")
    names = [path.name for path in opened[opened_after_building(opened) :]]
    assert "list_attr_celeba.txt" in names
    assert "identity_CelebA.txt" not in names


def opened_after_building(opened) -> int:
    """The builder writes the identities last."""
    return max(n for n, path in enumerate(opened) if path.name == "identity_CelebA.txt") + 1


def test_the_folder_of_tables_itself_may_be_the_root(tmp_path):
    celeba(tmp_path)
    settings = DataSettings(name="celeba", root=str(tmp_path / "celeba"))
    assert len(load_data(settings, "test")) == 3


def test_a_table_that_climbs_out_of_the_folder_is_refused(tmp_path):
    settings = celeba(tmp_path)
    (tmp_path / "celeba" / "list_eval_partition.txt").write_text("../../secret.jpg 0\n")
    with pytest.raises(DataError, match=r"'\.\./\.\./secret.jpg' is not a path below"):
        load_data(settings, "train")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("list_eval_partition.txt", "000001.jpg\n"),
        ("list_attr_celeba.txt", ""),
        ("list_attr_celeba.txt", "1\nMale\n"),
        ("list_attr_celeba.txt", "1\nMale\n000001.jpg 2\n"),
        ("list_attr_celeba.txt", "1\nMale Smiling\n000001.jpg 1\n"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, table, text):
    settings = celeba(tmp_path)
    (tmp_path / "celeba" / table).write_text(text)
    with pytest.raises(DataError, match=table):
        load_data(settings, "train")


def test_a_missing_image_is_named(tmp_path):
    settings = celeba(tmp_path)
    (tmp_path / "celeba" / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(DataError, match=r"000003.jpg' does not exist"):
        load_data(settings, "train")


def test_a_download_takes_neither_identities_nor_landmarks(tmp_path, monkeypatch):
    taken = []

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        "torchvision.datasets.utils.download_file_from_google_drive",
        lambda file_id, root, filename, md5: taken.append(filename),
    )
    with pytest.raises(DataError, match="download failed"):  # the fake leaves no archive behind
        load_data(DataSettings(name="celeba"), "train")
    assert sorted(taken) == [
        "img_align_celeba.zip",
        "list_attr_celeba.txt",
        "list_eval_partition.txt",
    ]
