"""What a diff says of two recipes: steps, learning rates and half-lives."""

from __future__ import annotations

import math
from typing import Any

import pytest

from specnet.diffs.rate_curve import POINTS
from specnet.diffs.rate_lines import BARS, WIDTH
from specnet.diffs.recipe_consequences import RecipeConsequences, recipe_consequences
from specnet.network.network import examine

LAYERS = {
    "image": {"kind": "input", "shape": [1, 8, 8]},
    "fc": {"kind": "dense", "from": "image", "units": 10},
}


def followed(before: dict[str, Any], after: dict[str, Any]) -> RecipeConsequences:
    """What follows from two recipes; the key `images` is the number of training images."""
    networks = []
    for part in (before, after):
        recipe: dict[str, Any] = {
            "loss": {"kind": "softmax_cross_entropy", "from": "fc"},
            "optimizer": {"kind": "sgd", "learning_rate": 0.1},
            **{key: value for key, value in part.items() if key != "images"},
        }
        spec: dict[str, Any] = {"specnet": 1, "name": "a", "layers": LAYERS, "training": recipe}
        if "images" in part:
            spec["data"] = {"kind": "synthetic", "train_images": part["images"]}
        networks.append(examine(spec).valid())
    found = recipe_consequences(*networks)
    assert found is not None
    return found


def counted(images: int, size: int, seen: int) -> int:
    """Steps until so many images are seen, one batch after another."""
    steps = done = 0
    while done < seen:
        left = images - done % images
        done += min(size, left)
        steps += 1
    return steps


@pytest.mark.parametrize(
    ("images", "sizes", "epochs", "others"),
    [
        (1000, (32, 64), (3, 3), 1000),
        (1000, (64, 32), (3, 5), 1000),
        (100, (100, 7), (2, 2), 100),
        (100, (7, 100), (2, 1), 130),
        (130, (8, 8), (3, 3), 100),
    ],
)
def test_steps_to_the_same_number_of_images(
    images: int, sizes: tuple[int, int], epochs: tuple[int, int], others: int
) -> None:
    found = followed(
        {"batch_size": sizes[0], "epochs": epochs[0], "images": images},
        {"batch_size": sizes[1], "epochs": epochs[1], "images": others},
    ).as_json()
    assert found["steps"]["before"] == counted(images, sizes[0], images * epochs[0])
    assert found["steps"]["after"] == counted(others, sizes[1], others * epochs[1])
    same = counted(others, sizes[1], images * epochs[0])
    assert found["steps_to_the_same_images"] == {"steps": same, "times": sizes[0] / sizes[1]}


def test_lines_of_steps() -> None:
    base = {"batch_size": 10, "epochs": 4, "images": 100}
    for changed, line in (
        ({"batch_size": 20}, "steps: 40 -> 20, for the same number of images"),
        ({"epochs": 8}, "steps: 40 -> 80"),
        ({"batch_size": 20, "epochs": 8}, "steps: 40 -> 40; 20 of the new see as many images as the 40 old"),
        ({"images": 50}, "steps: 40 -> 20; 40 of the new see as many images as the 40 old"),
    ):
        assert followed(base, {**base, **changed}).lines() == [line]
    assert followed(base, base).lines() == []


def test_without_a_known_dataset_only_the_relation_of_the_batches_is() -> None:
    found = followed({"batch_size": 128}, {"batch_size": 512})
    assert found.lines() == ["steps to the same number of images: 0.25 times as many"]
    told = found.as_json()
    assert told["steps"] == told["training_images"] == {"before": None, "after": None}
    assert told["steps_to_the_same_images"] == {"steps": None, "times": 0.25}


COSINE = {"kind": "cosine", "over": 9, "warmup": {"over": 1, "from": 0.5}}


def test_points_are_what_the_training_would_use() -> None:
    schedule = {"kind": "multistep", "factor": 0.1, "at": [25, 60], "unit": "step"}
    before = {"epochs": 10, "images": 100, "batch_size": 10, "schedule": schedule}
    found = followed(before, {"epochs": 10, "schedule": COSINE}).as_json()["learning_rate"]
    steps = {round(point["epoch"] * 10): point["rate"] for point in found["before"]["points"]}
    assert len(steps) == POINTS + 1 - (99 in {i * 100 // POINTS for i in range(POINTS)})
    assert steps == {step: pytest.approx(0.1 * 0.1 ** sum(step >= at for at in (25, 60))) for step in steps}
    rates = [(point["epoch"], point["rate"]) for point in found["after"]["points"]]
    assert rates[0] == (0, 0.05)
    expected = [
        (epoch, pytest.approx(0.05 * (1 + math.cos(math.pi * (epoch - 1) / 9)))) for epoch in range(1, 10)
    ]
    assert rates[1:] == expected


def test_curves_are_drawn_on_one_axis_and_one_scale() -> None:
    steps = {"kind": "multistep", "factor": 0.1, "at": [8]}
    found = followed({"epochs": 16, "schedule": steps}, {"epochs": 8}).lines()
    half = WIDTH // 2
    assert found == [
        f"learning rate before (log) {BARS[-1] * half}{BARS[0] * half} 0.1 -> 0.01",
        f"learning rate after  (log) {BARS[-1] * half}{' ' * half} 0.1",
    ]


def test_the_scale_is_logarithmic_over_three_powers_of_ten() -> None:
    """Two powers of ten are two thirds of the scale's seven steps up, and below three there are no more."""
    steps = {"kind": "step", "factor": 0.1, "every": 1}
    (line, _) = followed({"epochs": 8, "schedule": steps}, {"epochs": 8}).lines()
    levels = [BARS.index(bar) for bar in line.split()[4]][:: WIDTH // 8]
    assert levels == [7, 5, 2, 0, 0, 0, 0, 0]


def test_the_highest_rate_of_a_warmup_is_named() -> None:
    warm, plain = (
        {"epochs": 10, "schedule": {**COSINE, "warmup": part}} for part in (COSINE["warmup"], None)
    )
    (line, other) = followed(warm, plain).lines()
    assert line.endswith(" 0.05 -> 0.1 -> 0.00302")
    assert other.endswith(" 0.1 -> 0")


def test_a_plateau_is_not_known_in_advance() -> None:
    plateau = {"kind": "plateau", "factor": 0.1, "times": 3}
    found = followed({"epochs": 16, "schedule": plateau}, {"epochs": 16, "schedule": {"kind": "constant"}})
    unknown = "plateau goes by the errors, which are not known in advance"
    assert found.lines() == [f"learning rate before: 0.1; {unknown}", "learning rate after: 0.1"]
    told = found.as_json()["learning_rate"]
    assert told["before"] == {"points": [{"epoch": 0, "rate": 0.1}], "unknown": unknown}
    assert told["after"]["unknown"] is None
    warmed = {**plateau, "warmup": {"over": 4, "from": 0.2}}
    (line, _) = followed({"epochs": 16, "schedule": warmed}, {"epochs": 16}).lines()
    bars = line.split()[4]
    assert bars.count("?") == WIDTH * 11 / 16
    assert "?" not in bars[: WIDTH * 5 // 16]


def test_a_plateau_of_one_epoch_cannot_fall() -> None:
    plateau = {"kind": "plateau", "factor": 0.1, "times": 3}
    found = followed({"schedule": plateau}, {})
    assert found.as_json()["learning_rate"]["before"]["unknown"] is None
    assert found.lines() == []


def test_steps_without_a_known_dataset_have_no_place_among_epochs() -> None:
    schedule = {"kind": "exponential", "factor": 0.5, "unit": "step"}
    other = {"kind": "multistep", "factor": 0.1, "at": [3]}
    found = followed({"epochs": 4, "schedule": schedule}, {"epochs": 4, "schedule": other})
    unknown = "exponential counts steps, and how many an epoch has is not known"
    (line, drawn) = found.lines()
    assert line.split() == ["learning", "rate", "before", "(log)", "?" * WIDTH, *unknown.split()]
    assert drawn.endswith(f"{BARS[-1] * (WIDTH * 3 // 4)}{BARS[0] * (WIDTH // 4)} 0.1 -> 0.01")
    assert found.as_json()["learning_rate"]["before"] == {"points": [], "unknown": unknown}
    assert "?" not in followed({"epochs": 4, "schedule": schedule, "images": 100}, {"epochs": 4}).lines()[0]


@pytest.mark.parametrize("images", [{}, {"images": 128 * 30}])
def test_two_schedules_that_count_steps_are_drawn_by_steps(images: dict[str, int]) -> None:
    """They end after 50 and 100 steps, so 128 are drawn; a training of known length ends after 60."""
    linear = {"kind": "linear", "over": 100, "unit": "step"}
    steps = {"kind": "multistep", "at": [50], "factor": 0.01, "unit": "step"}
    found = followed({"schedule": linear}, {"schedule": steps, "epochs": 2, **images})
    first = "how many an epoch has is not known, these are the first 128"
    before, after = found.lines()[-2:]
    assert before.endswith(f" 0.1 -> 0; linear counts steps, and {first}")
    shown = after.removeprefix("learning rate after  (log) ")
    assert shown.startswith(BARS[-1] * (50 * WIDTH // 128 + 1) + BARS[0])
    assert (shown[60 * WIDTH // 128] == " ") == bool(images)
    told = found.as_json()["learning_rate"]
    assert [point["step"] for point in told["before"]["points"]] == [*range(0, 128, 2), 127]
    for point in told["before"]["points"]:
        assert point["rate"] == pytest.approx(0.1 * max(0, 1 - point["step"] / 100))
    assert told["after"]["points"][-1]["step"] == (59 if images else 127)
    assert (told["after"]["unknown"] is None) == bool(images)


def test_a_rate_that_stays_can_be_laid_beside_steps() -> None:
    schedule = {"kind": "inv", "gamma": 1e-4, "power": 0.75}
    (before, after) = followed({"schedule": schedule}, {}).lines()
    assert "inv counts steps" in before
    assert after == f"learning rate after  (log) {BARS[-1] * WIDTH} 0.1"


def test_the_largest_lengths_are_drawn_at_once() -> None:
    far = {"kind": "cosine", "over": 10**9, "unit": "step"}
    found = followed(
        {"schedule": far, "epochs": 10**9}, {"schedule": {"kind": "exponential", "factor": 1e-9}}
    )
    assert len(found.lines()) == 2
    assert followed({"schedule": far}, {}).lines()[0].endswith(f"the first {2**30:,}")


def test_a_rate_that_stays_is_told_by_the_change_alone() -> None:
    changed = {"optimizer": {"kind": "sgd", "learning_rate": 0.2}}
    assert followed({}, changed).lines() == []


def test_half_lives_of_two_optimizers() -> None:
    adamw = {"kind": "adamw", "learning_rate": 0.001, "weight_decay": 0.05}
    sgd = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    found = followed({"optimizer": sgd}, {"optimizer": adamw})
    assert found.lines() == [
        "half-lives in steps: momentum 6.6 -> none, beta1 none -> 6.6, beta2 none -> 692.8,"
        " weight_decay none -> 13,863"
    ]
    assert found.as_json()["half_lives"]["momentum"] == {
        "before": pytest.approx(6.5788, abs=1e-4),
        "after": None,
    }


def test_a_recipe_on_one_side_has_no_consequences() -> None:
    spec = {"specnet": 1, "name": "a", "layers": LAYERS}
    network = examine(spec).valid()
    assert recipe_consequences(network, network) is None
