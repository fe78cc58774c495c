import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.latent.evidence import completed
from explorer.service.axes import slider_axes
from explorer.service.completion import complete
from explorer.service.workbench import Workbench

ATTRIBUTES = ("smile", "mouth_open")


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture(scope="module")
def made(workbench):
    return complete(workbench, GLOW, "hat", ATTRIBUTES, 300, 5)


def pools(workbench, name, class_name):
    """Return the completed positions of each attribute, found image by image."""
    opened = workbench.open(name)
    label = opened.data.class_names.index(class_name)
    sliders = slider_axes(opened, label)
    seen = np.flatnonzero(~opened.gallery.held_out)
    codes = workbench.latents(name, seen.tolist())
    places = np.stack([sliders.positions(code).numpy() for code in codes])
    rows = [sliders.names.index(attribute) for attribute in ATTRIBUTES]
    labels = opened.gallery.labels[seen]
    return [completed(places[:, row], labels, label) for row in rows]


def test_positions_follow_the_completed_distribution(workbench, made):
    for pool, column in zip(pools(workbench, GLOW, "hat"), made.positions.T, strict=True):
        assert ks_2samp(column, pool).pvalue > 0.01
        assert column.min() >= pool.min() - 1e-3 and column.max() <= pool.max() + 1e-3


def test_positions_are_those_that_were_drawn_and_those_of_the_latents(workbench, made):
    np.testing.assert_allclose(made.positions, made.targets, atol=1e-3)
    opened = workbench.open(GLOW)
    sliders = slider_axes(opened, opened.data.class_names.index("hat"))
    rows = [sliders.names.index(attribute) for attribute in ATTRIBUTES]
    for latent, expected in zip(made.latents[:5], made.positions[:5], strict=True):
        np.testing.assert_allclose(sliders.positions(latent)[rows].numpy(), expected, atol=1e-3)


def test_parents_are_the_classes_training_images_equally_often(workbench, made):
    gallery = workbench.open(GLOW).gallery
    label = workbench.open(GLOW).data.class_names.index("hat")
    own = np.flatnonzero((gallery.labels == label) & ~gallery.held_out)
    counts = np.bincount(made.parents[:, 0], minlength=len(gallery))
    assert set(np.flatnonzero(counts)) == set(own)
    assert np.ptp(counts[own]) <= 1
    assert set(made.labels.tolist()) == {label}


def test_pictures_are_those_of_the_latents(workbench, made):
    assert (made.model, made.origin, made.seed, len(made)) == (GLOW, "completion", 5, 300)
    assert made.attributes == ATTRIBUTES
    pixels = workbench.decode(GLOW, made.latents[:4], as_sample=True)
    assert np.abs(pixels.astype(int) - made.pixels[:4]).max() <= 1, "other batches, other rounding"


def test_a_seed_repeats_itself(workbench):
    one, same, other = (
        complete(workbench, GLICO, "short", ("smile",), 6, seed) for seed in (1, 1, 2)
    )
    assert torch.equal(one.latents, same.latents)
    assert not torch.equal(one.latents, other.latents)


def test_latents_of_a_sphere_stay_on_it(workbench):
    found = complete(workbench, GLICO, "short", ("smile",), 20, 0)
    torch.testing.assert_close(found.latents.norm(dim=1), torch.ones(20))


@pytest.mark.parametrize(
    ("class_name", "attributes", "count", "message"),
    [
        ("shrt", ("smile",), 4, "Did you mean 'short'"),
        ("short", ("smiel",), 4, "Did you mean 'smile'"),
        ("short", (), 4, "No attribute is named"),
        ("short", ("smile", "smile"), 4, "named twice"),
        ("short", ("smile",), 0, "count is 0"),
        ("short", ("smile",), 10_001, "count is 10001"),
    ],
)
def test_what_cannot_be_made_is_refused(workbench, class_name, attributes, count, message):
    with pytest.raises(ConfigError, match=message):
        complete(workbench, GLOW, class_name, attributes, count, 0)
