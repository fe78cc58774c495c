import pytest
import torch

from explorer.errors import DataError
from explorer.latent.direction_fit import VARIATIONS, DirectionFit, fit_directions
from explorer.latent.direction_sums import DirectionSums
from explorer.latent.directions import Directions

NAMES, CLASSES = ("smile", "glasses"), ("short", "long")
DIM = 30


def drawn(count: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    marks = torch.rand(count, 2, generator=generator) < torch.tensor([0.5, 0.3])
    labels = torch.randint(0, 2, (count,), generator=generator)
    effects = 0.5 * torch.randn(2, DIM, generator=generator)
    latents = torch.randn(count, DIM, generator=generator) + marks.float() @ effects
    return latents, marks, labels


def fitted(latents, marks, labels, names=NAMES, batch: int = 16) -> Directions:
    fit = DirectionFit(names, CLASSES, marks, labels, latents.shape[1])
    for part in latents.split(batch):
        fit.update(part)
    return fit.finish("f" * 64)


def test_batches_make_no_difference_and_sums_give_the_same():
    latents, marks, labels = drawn(200)
    found, other = fitted(latents, marks, labels), fitted(latents, marks, labels, batch=77)
    sums = DirectionSums(2, DIM, 2)
    sums.update(latents, marks, labels)
    expected = fit_directions(sums, NAMES, CLASSES)
    for kind in ("pooled", "ridge", "conditional", "class"):
        torch.testing.assert_close(found.rows(kind), expected.rows(kind))
        torch.testing.assert_close(found.offsets[kind], expected.offsets[kind])
        torch.testing.assert_close(other.rows(kind), expected.rows(kind))
        torch.testing.assert_close(other.errors[kind], found.errors[kind])
    assert len(found.principal) == VARIATIONS
    assert found.model == "f" * 64 and len(found.found_on) == 10


def test_every_kind_of_every_attribute_has_a_spread_that_falls_with_the_images():
    few, many = fitted(*drawn(320)), fitted(*drawn(8000))
    for name in NAMES:
        for kind in few.kinds(name, 0):
            before, after = few.spread(name, kind, 0), many.spread(name, kind, 0)
            # 25 times the images: a fifth of the error, within the luck of the draw.
            assert after.error == pytest.approx(before.error / 5, rel=0.4), kind
            assert after.cosine > before.cosine
    assert len(few.kinds("smile", 0)) == 5


def test_the_spread_is_how_far_directions_of_other_images_lie():
    """Directions of independent sets of images scatter as the bootstrap of one set says."""
    generator = torch.Generator().manual_seed(9)
    latents, marks, labels = drawn(300 * 40, seed=0)
    rows = torch.randperm(len(latents), generator=generator).split(300)
    sets = [fitted(latents[r], marks[r], labels[r]) for r in rows]
    for kind in ("pooled", "ridge", "logistic"):
        directions = torch.stack([one.axis("smile", kind) for one in sets])
        mean = directions.mean(0)
        actual = (directions - mean).norm(dim=1).square().mean().sqrt() / mean.norm()
        told = torch.tensor([one.spread("smile", kind).error for one in sets]).mean()
        assert float(told) == pytest.approx(float(actual), rel=0.25)


def test_attributes_with_too_few_images_are_set_aside_with_their_counts():
    latents, marks, labels = drawn(100)
    marks = torch.cat([marks, torch.arange(100)[:, None] < torch.tensor([0, 4, 96])], dim=1)
    names = (*NAMES, "never", "rare", "common")
    found = fitted(latents, marks, labels, names)
    assert found.names == NAMES
    assert found.refused == {"never": (0, 100), "rare": (4, 96), "common": (96, 4)}


def test_a_class_with_one_image_and_one_with_none_are_no_obstacle():
    latents, marks, labels = drawn(60)
    labels = torch.zeros_like(labels)
    labels[0] = 1
    found = fitted(latents, marks, labels)
    assert "class" in found.kinds("smile", 0) and "class" not in found.kinds("smile", 1)
    assert torch.isfinite(found.conditional).all() and torch.isfinite(found.principal).all()
    assert found.axis("smile", "conditional", 1).norm() > 0


def test_names_that_repeat_are_refused():
    latents, marks, labels = drawn(50)
    with pytest.raises(DataError, match=r"2 attributes are called 'smile'\. Give each a name"):
        fitted(latents, marks, labels, ("smile", "smile"))
    sums = DirectionSums(2, DIM, 2)
    sums.update(latents, marks, labels)
    with pytest.raises(DataError, match="2 attributes are called 'smile'"):
        fit_directions(sums, ("smile", "smile"), CLASSES)


def test_missing_labels_are_refused_where_they_could_pass_for_numbers():
    latents, marks, labels = drawn(50)
    values = marks.float()
    values[3, 1] = torch.nan
    sums = DirectionSums(2, DIM, 2)
    with pytest.raises(DataError, match=r"torch\.float32.*missing label \(NaN\)"):
        DirectionSums.update.__wrapped__(sums, latents, values, labels)
    assert sums.count == 0
