"""A Glow in rosinality's dialect: what came from there goes back, and ours by the formulas."""

import dialects
import pytest
import reference
import torch
from test_same_numbers import imported

from explorer.cli import main
from explorer.errors import NotSupportedError
from explorer.interop.rosinality_export import to_rosinality
from explorer.models.glow import Glow, GlowSettings
from explorer.protocol import DataInfo

OWN = {
    "num_steps": (2, 2),
    "hidden_channels": (6, 6),
    "coupling": "sigmoid",
    "log_sigma_bound": 10_000,
    "split_edge": "ones",
    "learn_top": False,
}


def own(**changes):
    """A Glow of ours with random numbers everywhere, its top prior the same at all places."""
    model = Glow(GlowSettings(**OWN | changes), DataInfo((3, 8, 8), (1, 1)))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.endswith("permutation.weight") and not name.startswith(("top_", "class_")):
                parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
        for part in (model.top_mean, model.top_log_sigma):
            part += 0.1 * torch.randn(len(part), 1, 1, generator=generator)
    for name, buffer in model.named_buffers():
        if name.endswith("initialised"):
            buffer.fill_(True)
    return model


@torch.no_grad()
def log_density(model, images):
    return model.double()._log_density(model.centre(images / 255), None)


@pytest.fixture(params=["rosinality", "rosinality-additive", "rosinality-plain"])
def there_and_back(request, tmp_path):
    """A model that was imported, and the same after export and another import."""
    path = tmp_path / "first.pt"
    torch.save(dialects.GLOWS[request.param](), path)
    first, _ = imported([path])
    exported = to_rosinality(first.settings, first.state_dict())
    torch.save(dict(exported.tensors), tmp_path / "second.pt")
    return first, imported([tmp_path / "second.pt"])[0]


def test_what_came_from_there_comes_back_as_it_was(there_and_back):
    first, second = there_and_back
    assert second.settings == first.settings
    expected, found = first.state_dict(), second.state_dict()
    assert list(found) == list(expected)
    rounded = ("top_", "out.bias")  # sums over taps and their differences
    for name, value in expected.items():
        is_decomposed = first.settings.permutation == "conv1x1" and "permutation" in name
        slack = 1e-6 if any(part in name for part in rounded) or is_decomposed else 0
        torch.testing.assert_close(found[name], value, rtol=0, atol=slack)


def test_the_log_likelihood_comes_back(there_and_back):
    images = dialects.some_images()
    first, second = (log_density(model, images) for model in there_and_back)
    torch.testing.assert_close(second, first, rtol=0, atol=1e-4)


@pytest.mark.parametrize("permutation", ["conv1x1", "conv1x1_lu", "shuffle", "reverse"])
@pytest.mark.parametrize("coupling", ["sigmoid", "additive"])
def test_a_model_of_ours_has_the_same_likelihood_by_the_formulas_of_that_code(
    permutation, coupling
):
    model = own(permutation=permutation, coupling=coupling)
    exported = to_rosinality(model.settings, model.state_dict())
    images = dialects.some_images()
    expected = log_density(model, images)
    found, _ = reference.density("rosinality", dict(exported.tensors), images)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-3)
    assert exported.tensors["module.blocks.0.flows.0.coupling.net.0.bias"].shape == (7,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coupling": "affine"}, "sigmoid(r + 2)"),
        ({"log_sigma_bound": 3.0}, "bounded by 3"),
        ({"split_edge": "zeros"}, "zeros beyond the edge"),
    ],
)
def test_what_cannot_be_exact_is_refused(changes, words):
    model = own(**changes)
    with pytest.raises(NotSupportedError) as refused:
        to_rosinality(model.settings, model.state_dict())
    assert words in str(refused.value)
    assert "Nothing was written" in str(refused.value)


def test_a_top_prior_that_varies_from_place_to_place_is_refused():
    model = own()
    with torch.no_grad():
        model.top_mean.copy_(torch.rand(model.top_mean.shape))
    side = Glow(model.settings, DataInfo((3, 32, 32), (1,)))  # 8 x 8 places, not only edges
    side.top_mean.data.uniform_(generator=torch.Generator().manual_seed(0))
    with pytest.raises(NotSupportedError, match="from place to place"):
        to_rosinality(side.settings, side.state_dict())


def test_priors_of_classes_are_refused():
    model = own(class_conditional=True)
    with torch.no_grad():
        model.class_mean[0] += 1
    with pytest.raises(NotSupportedError, match="each class"):
        to_rosinality(model.settings, model.state_dict())


def test_the_command_writes_what_import_reads(tmp_path, capsys):
    torch.save(dialects.rosinality(), tmp_path / "model.pt")
    root = ["--root", str(tmp_path / "models")]
    size = ["--image-size", "8", "--count", "8"]
    assert main(["import", str(tmp_path / "model.pt"), "--name", "a", *size, *root]) == 0
    out = tmp_path / "back.pt"
    assert (
        main(["export", "--model", "a", "--dialect", "rosinality", "--out", str(out), *root]) == 0
    )
    assert "--affine" in capsys.readouterr().out
    names = set(torch.load(out, weights_only=True))
    assert names == set(dialects.rosinality())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dialect", "openai", "--out", "x.pt"], "--dialect is 'openai'"),
        (["--dialect", "rosinality", "--out", "x.zip"], ".pt"),
    ],
)
def test_a_wrong_export_is_refused(arguments, words, capsys):
    assert main(["export", "--model", "glow-avatars", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_bundled_model_is_refused_and_nothing_is_written(tmp_path, capsys):
    out = tmp_path / "x.pt"
    assert (
        main(["export", "--model", "glow-avatars", "--dialect", "rosinality", "--out", str(out)])
        == 2
    )
    assert "sigmoid(r + 2)" in capsys.readouterr().err
    assert not out.exists()
