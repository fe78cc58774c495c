"""What sliders move along, and the kinds of direction side by side."""

import dataclasses
import json
import math
import shutil

import numpy as np
import pytest
import torch
from tiny_models import GLICO, GLOW

from explorer.errors import CheckpointError, ConfigError, NotSupportedError
from explorer.latent.direction_file import load_directions, save_directions
from explorer.service.axes import axis_in_use, kind_in_use, slider_axes
from explorer.service.kinds import compare_kinds
from explorer.service.moves import check_strengths, moved
from explorer.service.prepare import seal
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture
def own_folder(tiny_root, tmp_path):
    return shutil.copytree(tiny_root, tmp_path / "checkpoints") / GLICO


def test_an_image_moves_from_its_own_class_unless_measured_otherwise(workbench, own_folder):
    opened = workbench.open(GLOW)
    for label in range(5):
        assert kind_in_use(opened, "smile", label) == "conditional"
        expected = opened.directions.conditional[opened.directions.names.index("smile"), label]
        assert torch.equal(axis_in_use(opened, "smile", label), expected)
    assert kind_in_use(opened, "variation 3", 0) == "principal"

    facts = json.loads((own_folder / "facts.json").read_text())
    (own_folder / "facts.json").write_text(json.dumps({**facts, "edit.smile.kind": "ridge"}))
    seal(own_folder)
    measured = Workbench(own_folder.parent).open(GLICO)
    assert kind_in_use(measured, "smile", 2) == "ridge"


def test_every_slider_has_one_row(workbench):
    opened = workbench.open(GLOW)
    axes = slider_axes(opened, 1)
    assert axes.names == opened.directions.sliders
    assert axes.axes.shape == (len(axes.names), 3072)
    assert not any(axes.own)
    latent = workbench.latents(GLOW, [3])[0]
    for row, (name, kind) in enumerate(zip(axes.names, axes.kinds, strict=True)):
        place = opened.directions.position(latent[None], name, kind, 1)
        assert float(axes.positions(latent)[row]) == pytest.approx(float(place[0]), abs=1e-6)
    known = ~axes.errors.isnan()
    assert known[: len(opened.directions.names)].all()


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_each_kind_shows_what_it_would_do(workbench, model):
    cards = compare_kinds(workbench, model, 3, "smile", 1.0)
    assert [card.kind for card in cards if card.in_use] == ["conditional"]
    for card in cards:
        if card.in_use:
            assert card.cosine == pytest.approx(1)
            expected = workbench.edit(model, 3, {"smile": 1.0}).pixels
            np.testing.assert_array_equal(card.pixels, expected)
        assert -1 <= card.cosine <= 1 + 1e-6
        assert card.length > 0 and card.positives >= 5 and card.negatives >= 5
        assert 0 < card.spread_cosine <= 1 and card.spread_error > 0


def test_each_kind_says_how_often_one_step_works_where_that_was_measured(tiny_root, tmp_path):
    own = Workbench(shutil.copytree(tiny_root, tmp_path / "checkpoints"))
    assert all(math.isnan(card.flips) for card in compare_kinds(own, GLOW, 3, "smile"))
    steps = (("smile", "pooled", 1.0, 0.25), ("smile", "pooled", 2.0, 0.9))
    more = (("smile", "ridge", 2.0, 0.8), ("glasses", "conditional", 1.0, 0.7))
    names = ("attribute", "kind", "strength", "flips")
    tried = [dict(zip(names, one, strict=True)) for one in (*steps, *more)]
    record = json.dumps({"edits": {"tried": tried}})
    (own.root / GLOW / "evaluation.json").write_text(record, encoding="utf-8")
    cards = compare_kinds(own, GLOW, 3, "smile")
    found = {card.kind: card.flips for card in cards}
    assert found.pop("pooled") == 0.25 and all(map(math.isnan, found.values()))
    every = {card.kind: card.tried for card in cards}
    assert every.pop("pooled") == ((1.0, 0.25), (2.0, 0.9))
    assert every.pop("ridge") == ((2.0, 0.8),) and not any(every.values())


def test_a_variation_has_one_kind_and_rests_on_no_label(workbench):
    (card,) = compare_kinds(workbench, GLICO, 3, "variation 1")
    assert (card.kind, card.in_use, card.positives, card.negatives) == ("principal", True, 0, 0)


def test_what_cannot_be_compared_is_said(workbench):
    with pytest.raises(ConfigError, match="Strength 4"):
        compare_kinds(workbench, GLICO, 3, "smile", 4.0)
    with pytest.raises(ConfigError, match=r"No attribute 'smlie'\. Did you mean 'smile'"):
        compare_kinds(workbench, GLICO, 3, "smlie")
    with pytest.raises(ConfigError, match="999"):
        compare_kinds(workbench, GLICO, 999, "smile")


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_moving_by_nothing_leaves_every_bit(workbench, model):
    latents = workbench.latents(model, [0, 1])
    opened = workbench.open(model)
    labels = [opened.label(0), opened.label(1)]
    same = moved(opened, latents, labels, {"smile": 0.0, "variation 1": -0.0})
    assert torch.equal(same.view(torch.int32), latents.view(torch.int32))
    assert torch.equal(moved(opened, latents, labels, {}), latents)


def test_a_refused_attribute_tells_its_counts(own_folder):
    path = own_folder / "directions.npz"
    found = load_directions(path)
    few = dataclasses.replace(found, refused={"scar": (2, 58)})
    save_directions(path, few)
    seal(own_folder)
    opened = Workbench(own_folder.parent).open(GLICO)
    with pytest.raises(ConfigError, match="'scar' has 2 images with it and 58 without; at least"):
        check_strengths(opened, {"scar": 1.0})


def test_directions_of_other_weights_are_refused_by_their_hash(own_folder):
    path = own_folder / "directions.npz"
    save_directions(path, dataclasses.replace(load_directions(path), model="e" * 64))
    seal(own_folder)
    with pytest.raises(CheckpointError, match=r"other weights \(eeeeeeeeeeee\).*attributes fit"):
        Workbench(own_folder.parent).open(GLICO)


def test_a_model_without_directions_says_what_to_do(own_folder):
    (own_folder / "directions.npz").unlink()
    seal(own_folder)
    workbench = Workbench(own_folder.parent)
    with pytest.raises(NotSupportedError, match="attributes fit --model tiny-glico"):
        workbench.attributes(GLICO)
