"""An imported model gives the numbers that the original code gives, and that its formulas give."""

import json
import math
from pathlib import Path

import dialects
import pytest
import reference
import torch

from explorer.interop.conversion import Hints
from explorer.interop.recognise import convert
from explorer.models.glico import Glico, GlicoSettings
from explorer.models.glow import Glow, GlowSettings
from explorer.protocol import DataInfo

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())["cases"]
DIMENSIONS = 3 * dialects.SIDE**2
GAIN = math.log(256 / 255) * DIMENSIONS
"""chaiyujin counts its density per unit of value / 255, we per unit of value / 256."""


def imported(paths):
    conversion = convert(paths, Hints(image_size=dialects.SIDE))
    info = DataInfo(conversion.image_shape, conversion.class_counts)
    kind, settings = (Glow, GlowSettings) if conversion.model == "glow" else (Glico, GlicoSettings)
    model = kind(settings(**conversion.config), info)
    model.load_state_dict(conversion.tensors)
    return model.eval(), conversion


@pytest.fixture(scope="module", params=dialects.GLOWS)
def case(request, tmp_path_factory):
    content = dialects.GLOWS[request.param]()
    path = tmp_path_factory.mktemp("files") / "model.pt"
    torch.save(content, path)
    return request.param, content, *imported([path])


@torch.no_grad()
def ours(name, model, images):
    """Log-likelihood in the original's own units, and the last level before whitening."""
    labels = torch.arange(len(images)) % dialects.CLASSES if name.endswith("classes") else None
    x = model.centre(images / 255)
    z, _ = model.flow(x)
    top = model._split_top(z)[1].unflatten(1, model.level_shapes[-1])
    top = top * model.top_log_sigma.exp() + model.top_mean
    log_prob = model._log_density(x, labels)
    return log_prob - (GAIN if name.startswith("chaiyujin") else 0), top


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_log_likelihood_and_latent_are_those_of_the_original_code(case, dtype):
    name, _, model, _ = case
    log_prob, top = ours(name, model.to(dtype), dialects.some_images().to(dtype))
    expected = RECORDED[name]
    bits = (log_prob.double() - torch.tensor(expected["log_prob"]).double()) / DIMENSIONS
    assert bits.abs().max() < 1e-5
    found = top.flatten(1)[:, ::16].double()
    recorded = torch.tensor(expected["top_latent"]).double()
    torch.testing.assert_close(found, recorded, atol=1e-4, rtol=0)


def test_they_are_those_of_the_formulas(case):
    name, content, model, _ = case
    images = dialects.some_images()
    expected = reference.density(name, content, images)
    log_prob, top = ours(name, model.double(), images)
    torch.testing.assert_close(log_prob, expected[0], atol=1e-3, rtol=0)
    torch.testing.assert_close(top, expected[1], atol=1e-5, rtol=0)


def test_an_imported_flow_can_be_inverted(case):
    _, _, model, _ = case
    images = dialects.some_images() / 255
    model = model.double()
    with torch.no_grad():
        torch.testing.assert_close(model.decode(model.encode(images)), images)


def test_what_a_file_does_not_tell_is_said(case):
    name, _, _, conversion = case
    notes = " ".join(conversion.notes)
    assert ("--bits" in notes) == name.startswith("rosinality")
    assert ("classifier" in notes) == name.endswith("classes")


def test_it_is_trained_with_the_noise_it_was_trained_with(case):
    name, _, model, conversion = case
    settings = model.settings
    if name.startswith("chaiyujin"):
        assert settings.dequantisation == "gaussian"
        assert settings.noise * 256 / 255 == pytest.approx(1 / 256)
        assert conversion.steps == 500
    else:
        assert (settings.dequantisation, settings.n_bits) == (
            "uniform",
            5 if name.startswith("rosinality") else 8,
        )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_glico_makes_the_pictures_of_the_original_without_noise(tmp_path, order):
    paths = [tmp_path / "netZ_nag_5.pkl", tmp_path / "netG_nag_5.pkl"]
    for path, content in zip(paths, dialects.glico_pair(), strict=True):
        torch.save(content, path)
    model, conversion = imported([paths[k] for k in order])
    with torch.no_grad():
        found = model.decode(model.codes).flatten(1)[:, ::256]
    expected = torch.tensor(RECORDED["glico"]["images"])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert conversion.class_names == ("class 0", "class 1", "class 2", "unlabelled")
    assert model.code_labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 3, 3]
