import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from explorer.errors import DataError
from explorer.latent.interpolate import slerp
from explorer.latent.mixing import LAWS, PARTNERS, Mixes, draw_mixes, jittered, mixed

LABELS = np.repeat([0, 1, 2], [6, 3, 1]).astype(np.int64)
CODES = torch.randn(10, 5, generator=torch.Generator().manual_seed(0))


def drawn(count=200, label=0, **other):
    wish = {"law": "paper", "partner": "same-class", "seed": 3} | other
    return draw_mixes(CODES, LABELS, label, count, **wish)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("partner", PARTNERS)
def test_asking_for_more_keeps_the_first_ones(law, partner):
    few, many = (drawn(count, law=law, partner=partner) for count in (5, 50))
    for name in ("anchors", "partners", "t"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:5])


def test_no_image_is_its_own_partner_and_partners_are_equally_likely():
    found = drawn(6000)
    assert (found.anchors != found.partners).all()
    assert set(LABELS[found.anchors]) == set(LABELS[found.partners]) == {0}
    pairs = np.zeros((6, 6))
    np.add.at(pairs, (found.anchors, found.partners), 1)
    assert chisquare(pairs[~np.eye(6, dtype=bool)]).pvalue > 0.001


def test_partners_of_other_classes_are_of_other_classes():
    found = drawn(partner="other-class")
    assert set(LABELS[found.anchors]) == {0}
    assert set(LABELS[found.partners]) == {1, 2}


def test_nearest_partners_are_the_nearest_of_the_class():
    codes = torch.arange(12.0)[:, None] ** 1.5
    labels = np.zeros(12, dtype=np.int64)
    found = draw_mixes(codes, labels, 0, 500, law="paper", partner="nearest", seed=0)
    for anchor in range(12):
        others = sorted(set(range(12)) - {anchor}, key=lambda j: abs(codes[j] - codes[anchor]))
        assert set(found.partners[found.anchors == anchor]) <= set(others[:5])


def test_positions_follow_their_law():
    assert set(drawn(law="paper").t.tolist()) == {0.1, 0.2, 0.3, 0.4}
    assert kstest(drawn(2000, law="uniform").t, "uniform", (0, 0.5)).pvalue > 0.001
    assert kstest(drawn(2000, law="near").t, "uniform", (0, 0.25)).pvalue > 0.001


def test_an_image_alone_in_its_class_has_partners_in_other_classes_only():
    with pytest.raises(DataError, match="single training image"):
        drawn(label=2)
    assert set(LABELS[drawn(label=2, partner="other-class").partners]) == {0, 1}
    with pytest.raises(DataError, match="no training image"):
        drawn(label=7)
    with pytest.raises(DataError, match="no other class"):
        draw_mixes(CODES[:6], LABELS[:6], 0, 1, law="paper", partner="other-class", seed=0)


def test_mixed_latents_are_those_of_the_walk_between_both():
    found = drawn(30, law="uniform")
    for row, latent in enumerate(mixed(CODES, found)):
        start, end = (CODES[i][None] for i in (found.anchors[row], found.partners[row]))
        expected = slerp(start, end, float(found.t[row]))[0]
        torch.testing.assert_close(latent, expected, rtol=1e-5, atol=1e-6)


def test_identical_images_mix_to_themselves():
    twins = Mixes(np.array([0]), np.array([1]), np.array([0.3]))
    torch.testing.assert_close(mixed(CODES[:1].repeat(2, 1), twins), CODES[:1])


def test_a_step_keeps_the_length_and_repeats_itself():
    codes = torch.randn(50, 400, generator=torch.Generator().manual_seed(1)) * 3
    moved = jittered(codes, 0.5, 1, 7)
    torch.testing.assert_close(moved.norm(dim=1), codes.norm(dim=1))
    assert torch.equal(moved[:9], jittered(codes[:9], 0.5, 1, 7))
    assert not torch.equal(moved, jittered(codes, 0.5, 2, 7))
    tangents = torch.tan(torch.arccos(torch.cosine_similarity(moved, codes)))
    assert 0.4 < tangents.median() < 0.6
    assert jittered(codes, 0.0, 1, 7) is codes
