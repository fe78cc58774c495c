import numpy as np
import pytest
import torch
from planted import ATTRIBUTES, CLASSES, PixelModel, squares

from explorer.data.images import to_images
from explorer.judge.edits import EditJudge
from explorer.judge.supported_edits import FARTHEST, Reference, measure_supported
from explorer.latent.direction_fit import fit_directions
from explorer.latent.direction_sums import DirectionSums


@pytest.fixture(scope="module")
def judge(classifier):
    model, train = PixelModel(), squares(300, seed=5)
    sums = DirectionSums(len(ATTRIBUTES), model.traits.latent_dim, len(CLASSES))
    sums.update(
        model.encode(to_images(train.images)),
        torch.from_numpy(train.attributes),
        torch.from_numpy(train.labels),
    )
    directions = fit_directions(sums, ATTRIBUTES, CLASSES)
    return EditJudge.of(model, classifier, directions, squares(120, seed=6), {})


def reference(*, bottoms=(True, False)):
    """Return training images of which the darker, and the lighter, class shows bottoms or not."""
    data = squares(400, seed=8)
    kept = np.ones(400, dtype=bool)
    for label, shows in enumerate(bottoms):
        kept &= shows | (data.labels != label) | ~data.attributes[:, 1]
    kept = np.flatnonzero(kept)
    latents = PixelModel().encode(to_images(data.images[kept]))
    return Reference(latents, data.labels[kept])


def supported(judge, known, strength=1.0):
    edit = judge.measure("bottom", "ridge", strength, count=60)
    return measure_supported(judge, known, edit, count=60)


def test_an_edit_inside_the_evidence_is_not_cut_off(judge):
    found = supported(judge, reference(bottoms=(True, True)), strength=0.9)
    assert found.own > 0.9 and found.borrowed >= found.own
    assert found.flips > 0.95
    assert found.flips_at_own_end > 0.95
    assert found.leakage < 0.03
    assert (found.attribute, found.kind, found.strength) == ("bottom", "ridge", 0.9)


def test_a_class_that_never_shows_it_borrows_from_one_that_does(judge):
    found = supported(judge, reference(), strength=0.5)
    dark = (judge.data.labels[judge.without("bottom", 60)] == 0).mean()
    assert found.own == pytest.approx(dark, abs=0.05), "only the class that shows bottoms"
    assert found.borrowed > found.own + 0.2


def test_where_no_class_shows_it_nothing_is_allowed(judge):
    found = supported(judge, reference(bottoms=(False, False)))
    assert found.own == found.borrowed == 0
    assert found.flips < 0.05 and found.flips_at_end < 0.05


def test_the_slider_ends_before_a_wide_evidence_does(judge):
    known = reference(bottoms=(True, True))
    wide = Reference(known.latents + 50 * torch.randn(len(known.latents), 1), known.labels)
    edit = judge.measure("bottom", "ridge", FARTHEST, count=30)
    found = measure_supported(judge, wide, edit, count=30)
    assert found.flips_at_end == found.flips == edit.flips
