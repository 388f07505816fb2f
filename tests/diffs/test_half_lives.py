"""Half-lives against the update rules as their docstrings have them, run without gradients."""

from __future__ import annotations

import itertools
import math

import pytest

from specnet.diffs.half_lives import half_lives
from specnet.recipe.adaptive_optimizers import Adagrad, Adam, AdamW, RMSprop
from specnet.recipe.optimizers import SGD, Optimizer


def halving(optimizer: SGD, steps: int = 4000) -> float:
    """Steps in which a weight and its velocity halve, over the second half of a run."""
    w, v, m, rate = 1.0, 0.0, optimizer.momentum, optimizer.learning_rate
    logs = [0.0]
    for _ in range(steps):
        pull = optimizer.weight_decay * w
        if optimizer.rate == "inside":
            v = m * v - rate * pull
            w += m * v - rate * pull if optimizer.nesterov else v
        else:
            v = m * v + pull
            w -= rate * (pull + m * v if optimizer.nesterov else v)
        size = math.hypot(w, v)
        logs.append(logs[-1] + math.log(size))
        w, v = w / size, v / size
    return math.log(2) * (steps / 2) / (logs[steps // 2] - logs[steps])


@pytest.mark.parametrize(
    ("momentum", "nesterov", "form", "pull"),
    [
        case
        for case in itertools.product(
            (0.0, 0.5, 0.9), (False, True), ("inside", "outside"), (1e-4, 1e-3, 3e-2, 0.4, 1.2)
        )
        if case[0] or not case[1]
    ],
)
def test_weight_decay_of_sgd(momentum: float, nesterov: bool, form: str, pull: float) -> None:
    options = {"momentum": momentum, "nesterov": nesterov, "rate": form}
    optimizer = SGD.model_validate({"learning_rate": 0.5, "weight_decay": pull / 0.5, **options})
    assert half_lives(optimizer)["weight_decay"] == pytest.approx(halving(optimizer), rel=0.02)


def test_a_weight_that_decay_makes_larger_has_no_half_life() -> None:
    assert half_lives(SGD(learning_rate=1, weight_decay=2.5)) == {}
    assert half_lives(AdamW(learning_rate=1, weight_decay=2.5)).keys() == {"beta1", "beta2"}


def test_the_papers_recipe() -> None:
    """ln 2 / -ln 0.9, and about ln 2 (1 - 0.9) / (0.01 * 0.0005), which is 13,863."""
    found = half_lives(SGD(learning_rate=0.01, momentum=0.9, weight_decay=5e-4))
    assert found == {
        "momentum": pytest.approx(6.5788, abs=1e-4),
        "weight_decay": pytest.approx(13_863, rel=1e-3),
    }


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (SGD(learning_rate=0.1), set()),
        (Adagrad(learning_rate=0.1, weight_decay=0.1), set()),
        (RMSprop(learning_rate=0.1, weight_decay=0.1), {"rho"}),
        (RMSprop(learning_rate=0.1, momentum=0.9), {"momentum", "rho"}),
        (Adam(learning_rate=0.1, weight_decay=0.1), {"beta1", "beta2"}),
        (AdamW(learning_rate=0.1, weight_decay=0.1), {"beta1", "beta2", "weight_decay"}),
        (AdamW(learning_rate=0.1, weight_decay=0), {"beta1", "beta2"}),
    ],
)
def test_only_what_means_something_has_a_half_life(optimizer: Optimizer, options: set[str]) -> None:
    found = half_lives(optimizer)
    assert set(found) == options
    for option in options - {"weight_decay"}:
        assert getattr(optimizer, option) ** found[option] == pytest.approx(0.5)
    if "weight_decay" in options:
        assert (1 - 0.1 * 0.1) ** found["weight_decay"] == pytest.approx(0.5)


def test_of_another_kind_nothing_is_claimed() -> None:
    class Own(SGD):
        """What a plugin makes of sgd is its own matter."""

    assert half_lives(Own(learning_rate=0.1, momentum=0.9)) == {}
