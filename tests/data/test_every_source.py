"""What every data set with files of its own promises."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_sets import BUILDERS, split_folder

from explorer.data.load import load_data
from explorer.data.source import available, get
from explorer.errors import DataError
from explorer.settings import DataSettings

RENDERED = {"avatars"}
NAMES = sorted(BUILDERS)
SHARED_TABLES = {  # tables of the set that name both splits but hold no image
    "images.txt",
    "classes.txt",
    "image_class_labels.txt",
    "train_test_split.txt",
    "bounding_boxes.txt",
    "attributes.txt",
    "image_attribute_labels.txt",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
    "batches.meta",
    "meta",
}


def opened_below(root: Path, opened: list[Path]) -> set[str]:
    files = {path for path in opened if path.is_relative_to(root) and path.is_file()}
    return {str(path.relative_to(root)) for path in files if path.name not in SHARED_TABLES}


def test_every_source_with_files_is_tested_here():
    assert set(available()) - RENDERED == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "test"])
def test_both_splits_load_as_square_pixels_with_labels_in_range(name, split, tmp_path):
    settings = BUILDERS[name](tmp_path)
    data = load_data(settings, split)
    size = settings.image_size
    assert data.images.shape[1:3] == (size, size)
    assert data.images.dtype == np.uint8
    assert len(data) == len(data.images) == len(data.indices) > 0
    assert data.labels.min() >= 0 and data.labels.max() < len(data.class_names)
    assert len(set(data.indices.tolist())) == len(data)


@pytest.mark.parametrize("name", NAMES)
def test_training_never_opens_a_file_of_the_test_split(name, tmp_path, opened):
    settings = BUILDERS[name](tmp_path)
    opened.clear()
    load_data(settings, "test")
    test_files = opened_below(tmp_path, opened)
    opened.clear()
    load_data(settings, "train")
    train_files = opened_below(tmp_path, opened)
    assert test_files and train_files
    assert not test_files & train_files


def test_training_never_opens_a_file_of_a_test_folder(tmp_path, opened):
    settings = split_folder(tmp_path)
    opened.clear()
    load_data(settings, "train")
    files = opened_below(tmp_path, opened)
    assert len(files) == 6
    assert {file.split("/")[0] for file in files} == {"train"}


@pytest.mark.parametrize("name", NAMES)
def test_training_loads_without_the_test_images_on_the_disk(name, tmp_path, opened):
    settings = BUILDERS[name](tmp_path)
    before = load_data(settings, "train").digest()
    opened.clear()
    load_data(settings, "test")
    for file in opened_below(tmp_path, opened):
        (tmp_path / file).write_bytes(b"spoiled")
    assert load_data(settings, "train").digest() == before


@pytest.mark.parametrize("name", NAMES)
def test_the_check_passes_on_the_files_and_opens_no_image(name, tmp_path, opened):
    settings = BUILDERS[name](tmp_path)
    opened.clear()
    get(name).check(settings)
    assert opened_below(tmp_path, opened) == set()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", ["nowhere", "empty"])
def test_a_missing_or_empty_root_is_one_sentence_with_the_folder(name, missing, tmp_path):
    (tmp_path / "empty").mkdir()
    settings = DataSettings(name=name, root=str(tmp_path / missing))
    assert not get(name).is_ready(settings)
    with pytest.raises(DataError, match=str(tmp_path / missing)) as caught:
        load_data(settings, "train")
    assert "\n" not in str(caught.value)
    assert "data.root" in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_shots_are_drawn_from_training_only_and_keep_their_indices(name, tmp_path):
    settings = BUILDERS[name](tmp_path)
    whole = load_data(settings, "train")
    few = load_data(settings.model_copy(update={"shots": 2, "seed": 3}), "train")
    assert few.class_counts == (2,) * len(whole.class_names)
    row_of = {index: row for row, index in enumerate(whole.indices.tolist())}
    rows = [row_of[index] for index in few.indices.tolist()]
    np.testing.assert_array_equal(few.images, whole.images[rows])
    np.testing.assert_array_equal(few.attributes, whole.attributes[rows])
    test = load_data(settings.model_copy(update={"shots": 2}), "test")
    assert len(test) == len(load_data(settings, "test"))


@pytest.mark.parametrize("name", ["folder", "celeba", "cub-200-2011", "stamps"])
def test_only_the_images_that_are_asked_for_are_opened(name, tmp_path, opened):
    settings = BUILDERS[name](tmp_path).model_copy(update={"count": 3})
    opened.clear()
    assert len(load_data(settings, "train")) == 3
    assert len(opened_below(tmp_path, opened)) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_line_tells_how_to_get_the_data(name):
    source = get(name)
    assert source.how_to_get and "\n" not in source.how_to_get
    assert source.licence and source.summary and source.title


def test_finding_the_sources_imports_neither_torchvision_nor_gradio():
    code = (
        "import sys; from explorer.data.source import available; available(); "
        "print([name for name in ('torchvision', 'gradio') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
