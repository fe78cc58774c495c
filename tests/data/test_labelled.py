"""The record that every loader returns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.data.labelled import LabelledImages
from explorer.errors import DataError


@pytest.fixture
def data() -> LabelledImages:
    return LabelledImages(
        name="toy",
        images=np.arange(5 * 2 * 2 * 3, dtype=np.uint8).reshape(5, 2, 2, 3),
        labels=np.array([0, 1, 0, 1, 1]),
        class_names=("cat", "dog"),
        indices=np.array([10, 11, 12, 13, 14]),
        attribute_names=("small",),
        attributes=np.array([[True], [False], [True], [False], [True]]),
    )


def test_the_info_is_shape_and_counts(data):
    assert data.info.image_shape == (3, 2, 2)
    assert data.info.class_counts == (2, 3)
    assert data.info.num_images == len(data) == 5


def test_a_class_without_images_has_no_info_and_is_named(data):
    with pytest.raises(DataError, match="class 'cat' has no image"):
        _ = data.subset(np.array([1, 3])).info


def test_a_subset_keeps_rows_together_and_source_indices(data):
    part = data.subset(np.array([4, 2]))
    assert part.indices.tolist() == [14, 12]
    assert part.labels.tolist() == [1, 0]
    assert part.attributes.tolist() == [[True], [True]]
    np.testing.assert_array_equal(part.images, data.images[[4, 2]])


def test_a_batch_carries_positions_of_this_set_not_of_the_source(data):
    batch = data.subset(np.array([4, 2])).batch(np.array([1]))
    assert batch.indices.tolist() == [1]
    assert batch.labels.tolist() == [0]
    expected = torch.from_numpy(data.images[2]).permute(2, 0, 1) / 255
    torch.testing.assert_close(batch.images[0], expected)


def test_without_names_there_is_an_empty_column_of_attributes(data):
    plain = LabelledImages(data.name, data.images, data.labels, data.class_names, data.indices)
    assert plain.attributes.shape == (5, 0)
    assert plain.subset(np.array([0])).attributes.shape == (1, 0)


def test_the_digest_changes_with_any_pixel_and_any_label(data):
    images, labels = data.images.copy(), data.labels.copy()
    images[4, 1, 1, 2] += 1
    labels[0] = 1
    changes = ({"images": images}, {"labels": labels})
    digests = {replace(data, **change).digest() for change in changes}
    assert len({data.digest(), *digests}) == 3
    assert replace(data, images=data.images.copy()).digest() == data.digest()
