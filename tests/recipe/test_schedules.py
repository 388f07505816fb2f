"""Learning rates against sequences worked out by hand."""

from __future__ import annotations

import pytest

from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.optimizers import SGD
from specnet.recipe.schedules import ConstantRate, Cosine, InverseTime, Multistep, Plateau, Schedule, Steps
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
