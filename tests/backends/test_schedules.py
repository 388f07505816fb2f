"""Schedules against PyTorch's own, and Keras's where PyTorch has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
import torch
from torch.optim import lr_scheduler as theirs

from specnet.recipe.decays import Cosine, Exponential, Linear, Polynomial
from specnet.recipe.schedules import Multistep, Schedule, Steps

pytestmark = pytest.mark.slow

BASE = 0.3
EPOCHS = 40

PAIRS: dict[str, tuple[Schedule, Callable[[Any], Any]]] = {
    "polynomial": (Polynomial(power=0.9, over=30), lambda o: theirs.PolynomialLR(o, 30, power=0.9)),
    "linear": (Linear(over=30, factor=0.1), lambda o: theirs.LinearLR(o, 1.0, 0.1, total_iters=30)),
    "exponential": (Exponential(factor=0.93), lambda o: theirs.ExponentialLR(o, 0.93)),
    "cosine": (Cosine(over=40, factor=0), lambda o: theirs.CosineAnnealingLR(o, 40)),
    "step": (Steps(factor=0.1, every=7), lambda o: theirs.StepLR(o, 7, gamma=0.1)),
    "multistep": (Multistep(factor=0.1, at=[3, 9]), lambda o: theirs.MultiStepLR(o, [3, 9], gamma=0.1)),
}


def of_torch(make: Callable[[Any], Any]) -> list[float]:
    """The rates of an optimizer in each epoch, which PyTorch computes one from the other."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    schedule, rates = make(optimizer), []
    for _ in range(EPOCHS):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize("name", PAIRS)
def test_rates_are_those_of_pytorch(name: str) -> None:
    ours, make = PAIRS[name]
    rates = [ours.rate(BASE, 999, epoch, []) for epoch in range(EPOCHS)]
    assert rates == pytest.approx(of_torch(make), rel=1e-12, abs=1e-15)  # measured 8.1e-16


@pytest.mark.parametrize("name", ["cosine", "multistep", "exponential"])
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")
def test_a_warmup_is_a_linear_schedule_before_another(name: str) -> None:
    ours, make = PAIRS[name]
    warm = type(ours).model_validate({**ours.as_yaml(), "warmup": {"over": 5, "from": 0.1}})

    def both(optimizer: Any) -> Any:
        rising = theirs.LinearLR(optimizer, 0.1, 1.0, total_iters=5)
        return theirs.SequentialLR(optimizer, [rising, make(optimizer)], milestones=[5])

    rates = [warm.warmed(BASE, 999, epoch, []) for epoch in range(EPOCHS)]
    assert rates == pytest.approx(of_torch(both), rel=1e-12, abs=1e-15)  # measured 4.8e-16


def test_rates_are_those_of_keras() -> None:
    """In float32, in which Keras computes them."""
    schedules = keras.optimizers.schedules
    pairs = [
        (Polynomial(power=2, over=30, factor=0.1), schedules.PolynomialDecay(BASE, 30, 0.1 * BASE, power=2)),
        (Exponential(factor=0.5, every=4), schedules.ExponentialDecay(BASE, 4, 0.5)),
    ]
    for ours, decay in pairs:
        rates = [ours.rate(BASE, 999, epoch, []) for epoch in range(EPOCHS)]
        assert rates == pytest.approx([float(decay(e)) for e in range(EPOCHS)], rel=1e-5)  # measured 1.1e-7


def test_a_warmup_with_a_cosine_is_that_of_keras() -> None:
    warm = Cosine.model_validate({"over": 30, "warmup": {"over": 5, "from": 0.1}})
    decay = keras.optimizers.schedules.CosineDecay(0.1 * BASE, 30, warmup_target=BASE, warmup_steps=5)
    rates = [warm.warmed(BASE, 999, epoch, []) for epoch in range(EPOCHS)]
    assert rates == pytest.approx(
        [float(decay(e)) for e in range(EPOCHS)], rel=1e-5, abs=1e-7
    )  # measured 3.7e-6
