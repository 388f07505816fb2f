"""The learning rate as a pure function of the step and of the errors measured so far."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.recipe.training import InverseTime, Multistep, Plateau, Steps, Training


def learning_rate(recipe: Training, step: int, epoch: int, errors: Sequence[float]) -> float:
    """The rate of the update after `step` updates, in epoch `epoch` (from 0).

    `errors` are the top-1 errors at the end of each epoch so far.
    """
    schedule, base = recipe.schedule, recipe.optimizer.learning_rate
    if isinstance(schedule, Steps | Multistep | InverseTime):
        passed = step if schedule.unit == "step" else epoch
    if isinstance(schedule, Steps):
        return base * schedule.factor ** (passed // schedule.every)
    if isinstance(schedule, Multistep):
        return base * schedule.factor ** sum(passed >= boundary for boundary in schedule.at)
    if isinstance(schedule, InverseTime):
        turns = passed // schedule.every if schedule.staircase else passed / schedule.every
        return base / (1 + schedule.decay * turns)
    if isinstance(schedule, Plateau):
        return base * schedule.factor ** drops(schedule, errors)
    return base


def drops(schedule: Plateau, errors: Sequence[float]) -> int:
    """How often the rate has dropped: each time the best error was `patience` epochs old, up to `times`."""
    count, best, waited = 0, float("inf"), 0
    for error in errors:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited >= schedule.patience and count < schedule.times:
            count, waited = count + 1, 0
    return count
