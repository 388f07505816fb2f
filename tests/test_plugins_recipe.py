"""A stranger's schedule, initializer, normalization, augmentation, evaluation and metric, from a package."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from specnet.data.base import InMemory
from specnet.data.statistics import placeholder
from specnet.numerics.randomness import stream
from specnet.recipe.augmentations import RandomCrop
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.optimizers import SGD
from specnet.recipe.training import Training
from specnet.training.batches import Inputs
from specnet_example.augmentation import Hole
from specnet_example.evaluation import FiveCrop
from specnet_example.initializer import UnitLength
from specnet_example.normalization import PerImage
from support.example_package import EXAMPLE, install, specnet

pytestmark = pytest.mark.slow

RECIPE = EXAMPLE / "recipe.yaml"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"))


def figures(run: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The steps and the evaluations of a run."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line], [line for line in lines if "evaluation" in line]


@pytest.fixture(scope="module")
def trained(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs of the recipe, one of them stopped and resumed."""
    folder = tmp_path_factory.mktemp("recipe")
    for backend, lengths in {"torch": [6], "tensorflow": [4, 6]}.items():
        for epochs in lengths:
            more = ["--resume"] if epochs != lengths[0] else ["--precision", "float64", "--seed", 3]
            options = ["--backend", backend, "--run-dir", folder / backend, "--epochs", epochs, *more]
            done = specnet("train", RECIPE, *options, "--devices", "cpu", site=site)
            assert done.returncode == 0, done.stderr
    return folder


def test_its_recipe_trains_alike_on_both_backends(trained: Path) -> None:
    (steps, tests), (others, other_tests) = figures(trained / "torch"), figures(trained / "tensorflow")
    assert len(steps) == len(others) == 6 * 23
    losses, other_losses = ([step["loss"] for step in run] for run in (steps, others))
    assert losses == pytest.approx(other_losses, rel=1e-10)  # measured 9e-16
    errors, other_errors = (
        [test["evaluation"]["top1_error"] for test in run] for run in (tests, other_tests)
    )
    assert errors == other_errors
    test, other = tests[-1], other_tests[-1]
    scores = test["evaluation"]
    assert scores == pytest.approx(other["evaluation"], rel=1e-10)
    assert list(scores) == ["loss", "top1_error", "worst_recall_of_30", "mean_per_class_recall"]
    worst, mean = scores["worst_recall_of_30"], scores["mean_per_class_recall"]
    assert 0.7 < worst < mean == pytest.approx(1 - scores["top1_error"], abs=0.01)
    assert errors[-1] < 0.1 < errors[0]


def test_its_schedule_follows_the_errors_of_the_run(trained: Path) -> None:
    """Also in the run that was resumed in between: halved in each epoch from the first that gained little."""
    for backend in ("torch", "tensorflow"):
        steps, tests = figures(trained / backend)
        errors = [test["evaluation"]["top1_error"] for test in tests]
        expected, falling = 0.1, False
        for epoch in range(1, 7):
            assert {step["learning_rate"] for step in steps if step["epoch"] == epoch} == {expected}
            if epoch >= 2:
                falling = falling or errors[epoch - 2] - errors[epoch - 1] < 0.02
            expected = expected / 2 if falling else expected
        assert expected < 0.1


def test_its_images_are_prepared_as_its_kinds_say() -> None:
    """Batches and views against NumPy, each image by itself."""
    pixels = np.random.RandomState(0).randint(0, 256, (40, 1, 10, 10)).astype(np.uint8)
    images = InMemory(pixels, np.zeros(40, dtype=np.int64))
    recipe = Training(
        loss=SoftmaxCrossEntropy.model_validate({"from": "logits"}),
        optimizer=SGD(learning_rate=0.1),
        normalize=PerImage(least=2.0),
        augment=[Hole(side=3), RandomCrop(size=8)],
        evaluate=FiveCrop(side=8),
        batch_size=40,
    )
    plan: Any = SimpleNamespace(masks={}, computes=[])
    inputs = Inputs(plan, recipe, placeholder((1, 10, 10)), 5, "float64")
    (batch,) = inputs.batches(images, 0, 1)
    for image, sample in zip(batch.images, inputs.samples(images, 0), strict=True):
        expected = pixels[sample, 0] - pixels[sample].mean()
        row, column = (int(u * 10) for u in stream(5, "hole", 0, 0, int(sample)).random_sample(2))
        near = [np.abs(np.arange(10) - centre) <= 1 for centre in (row, column)]
        expected[np.outer(*near)] = 0
        top, left = (int(u * 3) for u in stream(5, "random_crop", 1, 0, int(sample)).random_sample(2))
        expected = expected[top : top + 8, left : left + 8]
        # Measured: 4e-16.
        np.testing.assert_allclose(image[0], expected / expected.std(), rtol=1e-12)
    views = list(inputs.views(pixels))
    corners = [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]
    for view, (top, left) in zip(views, corners, strict=True):
        for image, raw in zip(view, pixels, strict=True):
            window = (raw[0] - raw.mean())[top : top + 8, left : left + 8]
            np.testing.assert_allclose(image[0], window / window.std(), rtol=1e-12)


def test_its_initial_values_have_their_spread() -> None:
    """LeCun et al. 1998: a standard deviation of 1 / sqrt(fan_in), here 1 / sqrt(3 * 5 * 5)."""
    values = UnitLength().sample(stream(0, "x"), (4000, 3, 5, 5))
    assert values.std() * 75**0.5 == pytest.approx(1, abs=0.01)  # measured 0.9995
    assert values.mean() == pytest.approx(0, abs=0.001)


def test_a_crop_of_its_own_must_have_the_size_of_the_input(site: Path) -> None:
    """The field is called what the kind calls it, and the caret is under it."""
    done = specnet("validate", RECIPE, "--set", "training.evaluate.side=9", site=site)
    assert done.returncode == 1
    assert "SN604: crops of 9x9 do not fit the input, which is 1x8x8" in done.stderr
    assert "use side 8" in done.stderr


def test_without_the_package_the_errors_say_what_is_missing() -> None:
    done = specnet("validate", RECIPE)
    nouns = {"newbob": "schedule", "hole": "augmentation", "per_image": "normalization"}
    nouns |= {"worst_recall": "metric"}
    for kind, noun in {**nouns, "five_crop": "evaluation", "unit_length": "initializer"}.items():
        assert f"error SN204: unknown {noun} kind '{kind}'" in done.stderr
    assert done.stderr.count("once its package is installed") == done.stderr.count("SN204") == 7
