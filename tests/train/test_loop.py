"""The loop: it learns, it skips what is not finite, and every draw follows from the step."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, strategies
from torch import nn
from toy_images import ellipses

from explorer import models
from explorer.errors import TrainingError
from explorer.settings import TrainSettings
from explorer.train.loop import _clip, batch_positions, fit, learning_rate, start

DATA = ellipses(12)


class Toy(nn.Module):
    """One number that is pulled to 3; at chosen steps its loss or its gradient is not finite."""

    def __init__(self, bad_loss=(), bad_gradient=()):
        super().__init__()
        self.value = nn.Parameter(torch.tensor([0.0]))
        self.register_buffer("calls", torch.tensor(0))
        self.bad_loss, self.bad_gradient = bad_loss, bad_gradient

    def prepare(self, batches):
        self.seen = [batch.indices for batch in batches]

    def parameter_groups(self):
        return [{"params": [self.value], "lr_scale": 1.0}]

    def after_step(self):
        pass

    def loss(self, batch, *, generator):
        step = int(self.calls)
        self.calls += 1
        total = (self.value - 3).square().sum()
        if step in self.bad_loss:
            total = total * math.nan
        if step in self.bad_gradient:
            total = total + torch.where(self.value > 1e9, self.value.sqrt(), 0 * self.value).sum()
            total = total + (self.value * 0).sqrt().sum()
        return {"total": total}


def settings(**changes):
    return TrainSettings(
        **({"steps": 20, "batch_size": 4, "learning_rate": 0.05, "warmup_steps": 2} | changes)
    )


def run(model, plan, data=DATA):
    state = start(model, data, plan)
    return state, list(fit(state, data, plan))


@pytest.mark.parametrize("name", models.available())
def test_every_model_learns_a_few_images_by_heart(name):
    spec = models.get(name)
    torch.manual_seed(0)
    model = spec.build(spec.tiny(), DATA.info)
    plan = settings(steps=40, batch_size=12, learning_rate=5e-3)
    _, rows = run(model, plan)
    totals = [row.terms["total"] for row in rows]
    assert np.mean(totals[-5:]) < np.mean(totals[:5]) - 0.02
    assert [row.step for row in rows] == list(range(1, 41))
    assert not any(row.skipped for row in rows)


def test_a_model_is_prepared_on_every_image_once():
    model = Toy()
    start(model, DATA, settings(init_images=5))
    assert [len(indices) for indices in model.seen] == [5, 5, 2]
    assert torch.cat(model.seen).sort().values.tolist() == list(range(12))


# schedule and order


@given(
    steps=strategies.integers(1, 300),
    warmup=strategies.integers(0, 300),
    final=strategies.floats(0, 1),
)
def test_the_rate_rises_then_falls_and_stays_in_its_range(steps, warmup, final):
    plan = settings(steps=steps, warmup_steps=warmup, final_rate=final, learning_rate=0.1)
    rates = [learning_rate(step, plan) for step in range(steps)]
    slack = 1e-12
    assert all(0 <= rate <= 0.1 + slack for rate in rates)
    rising, falling = rates[:warmup], rates[warmup:]
    assert all(a <= b + slack for a, b in pairwise(rising))
    assert all(a + slack >= b for a, b in pairwise(falling))
    if falling:
        assert falling[0] == pytest.approx(0.1)
        assert falling[-1] >= 0.1 * final - slack


def test_the_last_rate_is_near_the_share_that_was_set():
    plan = settings(steps=1000, warmup_steps=10, final_rate=0.02, learning_rate=0.1)
    assert learning_rate(999, plan) == pytest.approx(0.002, rel=0.01)


@given(warmup=strategies.integers(1, 5000), step=strategies.integers(0, 400_000))
def test_the_inverse_root_is_the_published_formula(warmup, step):
    """Noam's: `rate * sqrt(w) * min((t + 1) w^-1.5, (t + 1)^-0.5)`, with a floor after warm-up."""
    plan = settings(
        steps=500_000,
        warmup_steps=warmup,
        learning_rate=1e-3,
        final_rate=0.1,
        schedule="inverse_sqrt",
    )
    noam = 1e-3 * warmup**0.5 * min((step + 1) * warmup**-1.5, (step + 1) ** -0.5)
    expected = noam if step < warmup else max(noam, 1e-4)
    assert learning_rate(step, plan) == pytest.approx(expected)


def test_a_constant_rate_stays_after_warm_up():
    plan = settings(steps=50, warmup_steps=5, learning_rate=0.1, schedule="constant")
    assert [learning_rate(step, plan) for step in (4, 5, 49)] == [0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("value_clip", "norm_clip", "left"),
    [
        (None, 100.0, [30.0, -4.0]),
        (5.0, 100.0, [5.0, -4.0]),
        (5.0, 1.0, [5 / 41**0.5, -4 / 41**0.5]),
    ],
)
def test_a_gradient_is_cut_by_value_and_then_by_norm(value_clip, norm_clip, left):
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([30.0, -4.0])
    norm = _clip([weight], settings(value_clip=value_clip, gradient_clip=norm_clip))
    torch.testing.assert_close(weight.grad, torch.tensor(left), rtol=1e-5, atol=1e-5)
    assert norm.item() == pytest.approx(916**0.5)


def test_an_infinite_gradient_is_skipped_although_values_are_cut():
    model = Toy(bad_gradient=(3,))
    _, rows = run(model, settings(max_skipped=1, value_clip=0.5))
    assert [row.step for row in rows if row.skipped] == [4]


def test_a_group_is_trained_at_its_own_multiple_of_the_rate():
    model = Toy()
    model.parameter_groups = lambda: [{"params": [model.value], "lr_scale": 3.0}]
    plan = settings(steps=1, warmup_steps=0, learning_rate=0.01)
    run(model, plan)
    assert model.value.item() == pytest.approx(
        0.03
    )  # Adam's first step has the length of its rate


@given(
    count=strategies.integers(1, 40),
    batch_size=strategies.integers(1, 50),
    seed=strategies.integers(0, 5),
)
def test_each_epoch_meets_each_image_once(count, batch_size, seed):
    plan = settings(batch_size=batch_size, seed=seed)
    epochs = 3
    steps = -(-epochs * count // batch_size)
    drawn = np.concatenate([batch_positions(count, step, plan) for step in range(steps)])
    for epoch in range(epochs):
        part = drawn[epoch * count : (epoch + 1) * count]
        assert sorted(part.tolist()) == list(range(count))


def test_the_order_changes_with_epoch_and_seed_and_with_nothing_else():
    first, second = settings(batch_size=30), settings(batch_size=30, seed=1)
    orders = [batch_positions(30, step, plan) for plan in (first, second) for step in (0, 1)]
    assert len({tuple(order.tolist()) for order in orders}) == 4
    np.testing.assert_array_equal(batch_positions(30, 1, first), orders[1])


# what is not finite


@pytest.mark.parametrize("kind", ["bad_loss", "bad_gradient"])
def test_an_update_that_is_not_finite_is_left_out(kind):
    model = Toy(**{kind: (3,)})
    plan = settings(steps=6, max_skipped=1)
    state = start(model, DATA, plan)
    values, moments, averages, skipped = [], [], [], []
    for progress in fit(state, DATA, plan):
        values.append(model.value.item())
        moments.append(state.optimiser.state_dict()["state"][0]["exp_avg"].item())
        averages.append(state.average.value.item())
        skipped.append(progress.skipped)
    assert skipped == [False, False, False, True, False, False]
    for series in (values, moments, averages):
        assert all(map(math.isfinite, series))
        assert series[3] == series[2]
        assert series[4] != series[3]


def test_too_many_in_a_row_end_the_run_and_name_the_step():
    model = Toy(bad_loss=(2, *range(4, 20)))
    plan = settings(max_skipped=3)
    state = start(model, DATA, plan)
    with pytest.raises(
        TrainingError, match=r"loss 'total' is not finite at step 8 .*learning_rate"
    ):
        list(fit(state, DATA, plan))
    assert state.step == 8
    assert math.isfinite(model.value.item())


def test_a_gradient_is_clipped_to_its_largest_norm():
    model = Toy()
    norms = []
    plan = settings(gradient_clip=0.5)
    for progress in fit(start(model, DATA, plan), DATA, plan):
        norms.append(progress.gradient_norm)
        assert model.value.grad.norm().item() <= 0.5 + 1e-6
    assert norms[0] == pytest.approx(6.0)  # as it was before clipping


# the average


def test_the_average_follows_its_formula():
    model = Toy()
    plan = settings(ema_decay=0.8)
    state = start(model, DATA, plan)
    expected = 0.0
    for progress in fit(state, DATA, plan):
        decay = min(0.8, (1 + progress.step) / (10 + progress.step))
        expected = decay * expected + (1 - decay) * model.value.item()
        assert state.average.value.item() == pytest.approx(expected, rel=1e-5)
    assert int(state.average.calls) == int(model.calls) == 20
    assert not state.average.value.requires_grad


def test_losses_follow_from_the_seed_alone():
    totals = []
    for seed in (0, 0, 1):
        spec = models.get("glow")
        model = spec.build(spec.tiny(), DATA.info)
        _, rows = run(model, settings(steps=3, seed=seed))
        totals.append([row.terms["total"] for row in rows])
    assert totals[0] == totals[1]
    assert totals[0] != totals[2]
