"""Fewer bits inside the networks: near the same loss, and exact where it must be."""

import pytest
import torch
from toy_images import ellipses

from explorer import models
from explorer.errors import ConfigError
from explorer.nn.flow import Split
from explorer.nn.level import FlowLevel
from explorer.settings import TrainSettings
from explorer.train.loop import fit, start
from explorer.train.precision import check_precision, reduced

DATA = ellipses(12)


@pytest.mark.parametrize("name", models.available())
def test_sixteen_bits_train_nearly_the_same_and_keep_float32_weights(name):
    spec, losses = models.get(name), {}
    for precision in ("float32", "bfloat16"):
        torch.manual_seed(0)
        plan = TrainSettings(steps=8, batch_size=6, warmup_steps=2, precision=precision)
        state = start(spec.build(spec.tiny(), DATA.info), DATA, plan)
        losses[precision] = [progress.terms["total"] for progress in fit(state, DATA, plan)]
        kinds = {value.dtype for value in state.model.state_dict().values()}
        assert torch.bfloat16 not in kinds
        assert not any("forward" in module.__dict__ for module in state.model.modules())
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


def test_what_must_be_exact_stays_in_float32():
    spec = models.get("glow")
    model = spec.build(spec.tiny(), DATA.info)
    state = start(model, DATA, TrainSettings(batch_size=6))
    kinds, seen = (FlowLevel, Split), []

    def note(module, inputs, out):
        seen.extend([*inputs, *out])

    for module in state.model.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(note)
    batch = DATA.batch(torch.arange(6).numpy())
    with reduced(state.model, "bfloat16"):
        state.model.loss(batch, generator=torch.Generator().manual_seed(0))
    assert len(seen) > 8
    assert {value.dtype for value in seen} == {torch.float32}


def test_a_processor_that_lacks_it_is_named():
    with pytest.raises(ConfigError, match=r"precision is 'tf32'.*'float32'"):
        check_precision("tf32", torch.device("cpu"))
    check_precision("bfloat16", torch.device("cpu"))
