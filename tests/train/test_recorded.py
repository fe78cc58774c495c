"""A replay gives what the calls give; most of it needs a GPU and is left out elsewhere."""

from collections.abc import Iterator

import pytest
import torch
from toy_images import ellipses

from explorer import models
from explorer.nn import reversible
from explorer.protocol import Batch
from explorer.settings import TrainSettings
from explorer.train import loop, recorded
from explorer.train.recorded import MOST_INEXACT, Recorded, is_recordable

DATA = ellipses(24)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


def new_model(name: str, device: str = "cuda") -> torch.nn.Module:
    spec = models.get(name)
    torch.manual_seed(0)
    model = spec.build(spec.tiny(), DATA.info).to(device)
    model.prepare([batch_of(range(len(DATA)), device)])
    return model


def batch_of(positions, device: str = "cuda") -> Batch:
    batch = DATA.batch(torch.tensor(list(positions)).numpy())
    return Batch(batch.images.to(device), batch.labels.to(device), batch.indices.to(device))


def call_by_call(model, batch, seed):
    model.zero_grad(set_to_none=True)
    generator = torch.Generator("cuda").manual_seed(seed)
    terms = model.loss(batch, generator=generator)
    terms["total"].backward()
    return {name: value.detach() for name, value in terms.items()}, gradients_of(model)


def gradients_of(model) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No inverse is exact enough."""
    monkeypatch.setattr(recorded, "TOLERANCE", -1.0)
    monkeypatch.setattr(reversible, "TOLERANCE", -1.0)
    yield


@pytest.mark.parametrize("name", list(models.available()))
def test_nothing_is_recorded_on_a_cpu(name):
    assert not is_recordable(new_model(name, "cpu"))


@needs_cuda
def test_a_replay_gives_loss_and_gradient_of_the_calls():
    model = new_model("glow")
    assert is_recordable(model)
    record = Recorded(model, batch_of(range(8)))
    for seed, first in ((1, 0), (2, 8), (1, 16)):
        batch = batch_of(range(first, first + 8))
        terms = record.gradient(batch, seed)
        found = gradients_of(model)
        torch.testing.assert_close((terms, found), call_by_call(model, batch, seed), **TOLERANCE)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01)
    again = record.gradient(batch, 1)
    found = gradients_of(model)
    assert again["total"] != terms["total"]
    torch.testing.assert_close((again, found), call_by_call(model, batch, 1), **TOLERANCE)


@needs_cuda
@pytest.mark.usefixtures("tight")
def test_what_was_not_exact_enough_is_computed_call_by_call():
    model = new_model("glow")
    record = Recorded(model, batch_of(range(8)))
    for seed in range(MOST_INEXACT + 3):
        terms = record.gradient(batch_of(range(8, 16)), seed)
        found = gradients_of(model)
        expected = call_by_call(model, batch_of(range(8, 16)), seed)
        torch.testing.assert_close((terms, found), expected, **TOLERANCE)


@needs_cuda
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_goes_the_same_way_with_replays(precision, monkeypatch):
    plan = TrainSettings(steps=12, batch_size=8, warmup_steps=2, precision=precision)
    totals = []
    for is_replayed in (True, False):
        if not is_replayed:
            monkeypatch.setattr(loop, "is_recordable", lambda model: False)
        state = loop.start(new_model("glow"), DATA, plan)
        totals.append([progress.terms["total"] for progress in loop.fit(state, DATA, plan)])
    assert totals[0] == pytest.approx(totals[1], rel=1e-3)
