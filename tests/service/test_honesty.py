import shutil
from dataclasses import fields

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.data.load import load_data
from explorer.errors import NotSupportedError
from explorer.judge.attribute_classifier import train_classifier
from explorer.latent.separation import position_auc
from explorer.service import honesty as service
from explorer.service.axes import slider_axes
from explorer.service.honesty import HONESTY, honesty, measure_honesty, save_honesty
from explorer.service.progress import Cancelled, unreported
from explorer.service.workbench import Workbench
from explorer.train.run import RunFolder


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Judge on few images, with an empty cache."""
    monkeypatch.setattr(service, "JUDGED", 30)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def workbench(tiny_root):
    return Workbench(tiny_root)


def test_counts_spread_and_correlations_are_those_of_the_training_images(workbench):
    found = honesty(workbench, GLOW, unreported)
    opened = workbench.open(GLOW)
    directions = opened.directions
    assert found.attributes == directions.names
    assert found.positives.tolist() == directions.positives.tolist()
    columns = [opened.data.attribute_names.index(name) for name in found.attributes]
    marks = opened.gallery.attributes[~opened.gallery.held_out][:, columns].astype(float)
    np.testing.assert_allclose(found.entanglement, np.corrcoef(marks.T), atol=1e-9)
    np.testing.assert_allclose(np.diag(found.cosines), 1, atol=1e-6)
    assert (found.spread > 0).all()


def test_positions_are_told_apart_on_held_out_images(workbench):
    found = honesty(workbench, GLOW, unreported)
    settings = RunFolder(workbench.open(GLOW).folder).experiment().data
    unseen = load_data(settings.model_copy(update={"count": 30}), "test")
    latents = workbench.encode(GLOW, unseen.images)
    name = "smile"
    row = found.attributes.index(name)
    opened = workbench.open(GLOW)
    sliders = [slider_axes(opened, int(label)) for label in unseen.labels]
    places = np.array(
        [
            float(own.positions(latent)[own.names.index(name)])
            for own, latent in zip(sliders, latents, strict=True)
        ]
    )
    marks = unseen.attributes[:, unseen.attribute_names.index(name)]
    assert found.auc[row] == pytest.approx(position_auc(places, marks))
    assert (found.auc_on, found.auc_count) == ("held-out", 30)


def test_without_a_classifier_the_directions_say_what_drifts(workbench):
    found = honesty(workbench, GLOW, unreported)
    assert found.judged_by == "positions"
    assert np.isnan(found.changed).all()
    np.testing.assert_allclose(np.diag(found.drift), 1, atol=1e-6)
    assert found.judged_count.sum() == 0


def test_a_classifier_judges_pictures_of_images_that_can_show_the_attribute(workbench):
    opened = workbench.open(GLOW)
    settings = RunFolder(opened.folder).experiment().data
    classifier = train_classifier(load_data(settings, "train"), steps=2)
    found = measure_honesty(opened, classifier, unreported)
    assert found.judged_by == "classifier"
    unseen = load_data(settings.model_copy(update={"count": 30}), "test")
    for row, name in enumerate(found.attributes):
        lacks = ~unseen.attributes[:, unseen.attribute_names.index(name)]
        for other in {"blond": ("hat", "bald"), "eyes_closed": ("sunglasses",)}.get(name, ()):
            lacks &= ~unseen.attributes[:, unseen.attribute_names.index(other)]
        if name not in ("black_hair", "grey_hair"):
            assert found.judged_count[row] == lacks.sum()
    assert ((found.changed >= 0) & (found.changed <= 1)).all()
    assert (np.abs(found.drift) <= found.changed + 1e-9).all()


def test_a_model_that_searches_its_latents_is_cross_validated(workbench):
    found = honesty(workbench, GLICO, unreported)
    opened = workbench.open(GLICO)
    assert (found.auc_on, found.auc_count) == ("cross-validated", len(opened.gallery))


def assert_same(one, other):
    for field in fields(one):
        mine, its = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_allclose(mine, its, atol=2e-3, equal_nan=True)
        else:
            assert mine == its


def test_what_was_measured_is_kept(workbench, monkeypatch):
    found = honesty(workbench, GLOW, unreported)
    monkeypatch.setattr(service, "measure_honesty", None)
    assert_same(found, honesty(workbench, GLOW, unreported))


def test_what_lies_beside_the_weights_is_taken_while_the_directions_are_the_same(
    tiny_root, tmp_path, monkeypatch
):
    shutil.copytree(tiny_root / GLOW, tmp_path / GLOW)
    workbench = Workbench(tmp_path)
    opened = workbench.open(GLOW)
    found = measure_honesty(opened, None, unreported)
    save_honesty(tmp_path / GLOW / HONESTY, opened, found)
    measured = []
    monkeypatch.setattr(service, "measure_honesty", lambda *given: measured.append(given) or found)
    assert_same(found, honesty(workbench, GLOW, unreported))
    assert not measured
    workbench.open(GLOW).directions.pooled.mul_(2)
    for kind in ("ridge", "conditional"):
        workbench.open(GLOW).directions.rows(kind).mul_(2)
    honesty(workbench, GLOW, unreported)
    assert len(measured) == 1, "other directions, another measurement"


def test_a_damaged_file_is_measured_anew(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLOW, tmp_path / GLOW)
    (tmp_path / GLOW / HONESTY).write_bytes(b"no archive")
    assert honesty(Workbench(tmp_path), GLOW, unreported).auc_count == 30


def test_a_cancelled_measurement_leaves_nothing(workbench, tmp_path):
    def cancelled(share, doing):
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        honesty(workbench, GLOW, cancelled)
    assert not list((tmp_path / "cache").rglob("honesty-*"))


def test_data_without_labelled_attributes_have_nothing_to_be_honest_about(workbench, monkeypatch):
    opened = workbench.open(GLOW)
    object.__setattr__(opened, "directions", None)
    with pytest.raises(NotSupportedError, match="without labelled attributes"):
        honesty(workbench, GLOW, unreported)
