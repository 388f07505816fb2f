"""Learning rates against sequences worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from specnet.recipe.decays import Cosine, Exponential, Inv, InverseTime, Linear, Polynomial
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.optimizers import SGD
from specnet.recipe.schedules import ConstantRate, Multistep, Plateau, Schedule, Steps
from specnet.recipe.training import Training

LOSS = SoftmaxCrossEntropy.model_validate({"from": "fc"})


def recipe(schedule: Schedule) -> Training:
    return Training(loss=LOSS, optimizer=SGD(learning_rate=0.1), schedule=schedule)


def test_constant() -> None:
    assert recipe(ConstantRate()).learning_rate(10_000, 50, [0.5] * 50) == 0.1


def test_by_epoch_and_by_step() -> None:
    by_epoch = recipe(Steps(factor=0.5, every=10))
    assert [by_epoch.learning_rate(0, epoch, []) for epoch in (0, 9, 10, 20)] == [0.1, 0.1, 0.05, 0.025]
    by_step = recipe(Steps(factor=0.5, every=10, unit="step"))
    assert [by_step.learning_rate(step, 0, []) for step in (0, 9, 10, 20)] == [0.1, 0.1, 0.05, 0.025]


def test_at_boundaries() -> None:
    by_epoch = recipe(Multistep(factor=0.5, at=[30, 60, 80]))
    rates = [by_epoch.learning_rate(0, epoch, []) for epoch in (0, 29, 30, 59, 60, 79, 80, 500)]
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125]
    by_step = recipe(Multistep(factor=0.5, at=[3], unit="step"))
    assert [by_step.learning_rate(step, 9, []) for step in (0, 2, 3)] == [0.1, 0.1, 0.05]


def test_inverse_time_as_tensorflow_1_has_it() -> None:
    """Its documentation's example: 0.1 / (1 + 0.5 * step / 1); then smooth and in stairs."""
    example = recipe(InverseTime(decay=0.5))
    assert [example.learning_rate(step, 0, []) for step in (0, 2, 6, 18)] == [0.1, 0.05, 0.025, 0.01]
    smooth = recipe(InverseTime(decay=1, every=1000))
    assert [smooth.learning_rate(step, 0, []) for step in (0, 250, 1000, 4000)] == [0.1, 0.08, 0.05, 0.02]
    stairs = recipe(InverseTime(decay=1, every=1000, staircase=True))
    rates = [stairs.learning_rate(step, 0, []) for step in (0, 999, 1000, 1999, 4000)]
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.02]


def test_inverse_time_by_epoch() -> None:
    by_epoch = recipe(InverseTime(decay=1, every=2, unit="epoch"))
    assert [by_epoch.learning_rate(999, epoch, []) for epoch in (0, 2, 8)] == [0.1, 0.05, 0.02]


def test_half_a_cosine() -> None:
    """The cosines of 0, 60, 90, 120 and 180 degrees are 1, 1/2, 0, -1/2 and -1."""
    to_nothing = recipe(Cosine(over=6))
    rates = [to_nothing.learning_rate(999, epoch, []) for epoch in (0, 2, 3, 4, 6, 100)]
    assert rates == pytest.approx([0.1, 0.075, 0.05, 0.025, 0, 0], abs=1e-16)  # measured 1.4e-17
    by_step = recipe(Cosine(over=600, factor=0.2, unit="step"))
    rates = [by_step.learning_rate(step, 0, []) for step in (0, 200, 300, 400, 600, 10_000)]
    assert rates == pytest.approx([0.1, 0.08, 0.06, 0.04, 0.02, 0.02], rel=1e-14)  # measured 2.2e-16


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([], 0),
        ([0.9, 0.8, 0.7], 0),
        ([0.9, 0.8, 0.8], 0),
        ([0.9, 0.8, 0.8, 0.8], 1),
        ([0.9, 0.8, 0.8, 0.7, 0.9], 0),
        ([0.9, 0.8, 0.8, 0.8, 0.8, 0.8], 2),
        ([0.9] * 20, 3),
    ],
)
def test_a_plateau_drops_when_the_best_error_is_two_epochs_old(errors: list[float], expected: int) -> None:
    assert Plateau(factor=0.1, times=3, patience=2).drops(errors) == expected


def test_the_papers_rate_after_three_drops() -> None:
    paper = recipe(Plateau(factor=0.1, times=3, patience=1))
    assert paper.learning_rate(0, 9, [0.5] * 9) == pytest.approx(0.1 * 0.1**3)


def test_linear_and_polynomial_by_hand() -> None:
    """Of four epochs, 1, 3/4, 1/2, 1/4 and 0 are left; their squares are 1, 9/16, 1/4, 1/16 and 0."""
    line = recipe(Linear(over=4, factor=0.2))
    assert [line.learning_rate(999, epoch, []) for epoch in (0, 1, 2, 4, 100)] == pytest.approx(
        [0.1, 0.08, 0.06, 0.02, 0.02]
    )
    curve = recipe(Polynomial(power=2, over=4, unit="step"))
    assert [curve.learning_rate(step, 9, []) for step in (0, 1, 2, 3, 4, 100)] == pytest.approx(
        [0.1, 0.1 * 9 / 16, 0.1 / 4, 0.1 / 16, 0, 0]
    )


def test_exponential_by_hand() -> None:
    """A quarter in two epochs is a half in one."""
    schedule = recipe(Exponential(factor=0.25, every=2))
    assert [schedule.learning_rate(999, epoch, []) for epoch in range(4)] == [0.1, 0.05, 0.025, 0.0125]


def test_caffes_inv() -> None:
    """The numbers of Caffe's LeNet (`lenet_solver.prototxt`): base_lr * (1 + gamma * iter) ^ (- power)."""
    schedule = recipe(Inv(gamma=1e-4, power=0.75))
    rates = [schedule.learning_rate(step, 0, []) for step in (0, 5000, 10_000)]
    assert rates == pytest.approx([0.1, 0.1 * math.pow(1.5, -0.75), 0.1 * math.pow(2, -0.75)], rel=1e-15)


def warm(kind: type[Schedule], **fields: Any) -> Training:
    return recipe(kind.model_validate(fields))


def test_a_warmup_rises_in_equal_parts_and_the_schedule_begins_after_it() -> None:
    schedule = warm(Multistep, factor=0.1, at=[2], warmup={"over": 5, "from": 0.1})
    rates = [schedule.learning_rate(999, epoch, []) for epoch in range(9)]
    assert rates == pytest.approx([0.01, 0.028, 0.046, 0.064, 0.082, 0.1, 0.1, 0.01, 0.01])
    by_step = warm(Linear, over=4, unit="step", warmup={"over": 2, "from": 0.5, "unit": "step"})
    rates = [by_step.learning_rate(step, step, []) for step in range(7)]
    assert rates == pytest.approx([0.05, 0.075, 0.1, 0.075, 0.05, 0.025, 0])
    ever = warm(ConstantRate, warmup={"over": 2, "from": 0.5, "unit": "step"})
    assert [ever.learning_rate(step, 0, []) for step in range(4)] == pytest.approx([0.05, 0.075, 0.1, 0.1])


def test_a_plateau_does_not_look_at_the_warmup() -> None:
    """Two epochs of warmup, and then two without an improvement."""
    schedule = warm(Plateau, factor=0.1, times=1, patience=2, warmup={"over": 2, "from": 0.5})
    errors = [0.1, 0.1, 0.5, 0.5, 0.5]
    rates = [schedule.learning_rate(999, epoch, errors[:epoch]) for epoch in range(6)]
    assert rates == pytest.approx([0.05, 0.075, 0.1, 0.1, 0.1, 0.01])


def test_a_warmup_stands_last_and_is_not_written_unless_it_is_there() -> None:
    assert list(Cosine(over=3).as_yaml()) == ["kind", "over", "factor", "unit"]
    schedule = Cosine.model_validate({"warmup": {"over": 2, "from": 0.5}, "over": 3})
    assert list(schedule.as_yaml()) == ["kind", "over", "factor", "unit", "warmup"]
    assert schedule.as_yaml()["warmup"] == {"over": 2, "unit": "epoch", "from": 0.5}
