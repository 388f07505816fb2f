"""Answers, errors and losses, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from specnet.backend.batch import Batch
from specnet.backend.protocol import Precision
from specnet.data.base import InMemory
from specnet.data.statistics import placeholder
from specnet.diagnostics.errors import RunError
from specnet.network.network import analyse
from specnet.plans import plan as plans
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.metrics import measured
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import Evaluation
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.training.batches import Inputs
from specnet.training.compile import compile_plan
from specnet.training.evaluation import answers, evaluate
from specnet.training.load import evaluate_run
from specnet.training.open_data import recipe_of
from specnet.training.predict import predict
from support.training_runs import run

SPEC = """\
specnet: 1
name: three
data: {kind: synthetic}
layers:
  a: {kind: input, shape: [2]}
  b: {kind: dense, from: a, units: 3, bias: none}
training: {loss: {kind: softmax_cross_entropy, from: b}, optimizer: {kind: sgd, learning_rate: 0.1}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_loss_of_a_diverged_network_is_its_own(backend: str, precision: Precision) -> None:
    """The logits are w, 0 and -2w: by hand, labels 0, 1 and 2 have losses of 0, w and 3w."""
    network = analyse(load(document.parse(SPEC)))
    compiled = compile_plan(plans.make(network), backend, "cpu", precision)
    recipe = recipe_of(network.spec)
    inputs = Inputs(compiled.plan, recipe, placeholder((2,)), 0, precision)
    pixels, labels = np.array([[1, 0]] * 3, dtype=np.uint8), np.arange(3)
    for size in (300.0, 4096.0, 1e30):
        weights = np.array([[size, 0], [0, 0], [-2 * size, 0]], dtype=precision)
        compiled.executable.load_state({"b.gpu0.weight": weights})
        images, metrics = InMemory(pixels, labels), measured(None, 3)
        found = evaluate(compiled.executable, compiled.plan, inputs, images, 2, metrics)
        expected = (0 + size + 3 * size) / 3
        assert found.loss == pytest.approx(expected, rel=1e-7)  # measured 1.5e-8, the weights in float32
        trained, _ = compiled.executable.gradients(Batch(pixels.astype(precision), labels))
        assert found.loss == pytest.approx(trained, rel=1e-6)  # measured 3.0e-8
        assert found.metrics == {"top1_error": 2 / 3}


class Views:
    """Inputs whose views are logits, and a network that passes them on."""

    def __init__(self, *views: list[list[float]]) -> None:
        self._views = [np.array(view) for view in views]

    def views(self, _: Any) -> Any:
        return iter(self._views)

    def forward(self, given: Any) -> Any:
        return {"logits": given["image"]}


def of_views(*views: list[list[float]]) -> Any:
    made: Any = Views(*views)
    loss = SoftmaxCrossEntropy.model_validate({"from": "logits"})
    plan: Any = SimpleNamespace(head="logits", inputs=["image"], loss=loss)
    return answers(made, plan, made, np.empty(0, dtype=np.uint8))


def test_the_mean_over_views_is_that_of_the_probabilities() -> None:
    found = of_views([[math.log(1), math.log(3)]], [[math.log(3), math.log(2)]])
    assert np.exp(found)[0] == pytest.approx([(1 / 4 + 3 / 5) / 2, (3 / 4 + 2 / 5) / 2])
    # Far below the smallest float64: log((exp(-2000) + exp(-3000)) / 2), of which the second is nothing.
    assert of_views([[0, 2000]], [[0, 3000]])[0, 0] == pytest.approx(-2000 - math.log(2))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_logit_that_is_no_number_is_no_loss(bad: float) -> None:
    found = of_views([[0, 1], [0, bad]], [[0, 1], [0, 1]])
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_a_class_that_is_ruled_out_costs_infinitely_much() -> None:
    found = of_views([[-math.inf, 0, 0]])
    assert found[0].tolist() == [-math.inf, pytest.approx(-math.log(2)), pytest.approx(-math.log(2))]


def test_outputs_that_are_not_finite_are_an_error_and_no_answer(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1, precision="float32")
    directory = RunDirectory(tmp_path / "r")
    saved = directory.newest()
    huge = {n: np.full_like(w, 3e38) if n.endswith("weight") else w for n, w in saved.weights.items()}
    checkpoint.write(directory.checkpoints, Checkpoint(huge, saved.slots, replace(saved.progress, step=2)))
    with pytest.raises(RunError, match="the loss on the test images is nan at step 2"):
        evaluate_run(tmp_path / "r", progress=Progress(quiet=True))
    noise = np.random.default_rng(0).integers(0, 256, size=(10, 10), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.png")
    (told,) = predict(tmp_path / "r", [tmp_path / "x.png"], progress=Progress(quiet=True))
    assert told.error is not None
    assert "are not finite" in told.error.message


def test_the_epoch_lines_say_that_the_loss_is_of_the_test_images() -> None:
    assert str(Evaluation(0.25, 0.5, 0.0)) == "test loss 0.2500, top-1 error 50.00%, top-5 error 0.00%"
    assert str(Evaluation(0.25, 0.5)) == "test loss 0.2500, top-1 error 50.00%"
    others = Evaluation(0.25, 0.5, others={"mean_per_class_recall": 2 / 3, "top3_error": 0.125})
    assert str(others).endswith("top-1 error 50.00%, mean per class recall 0.6667, top-3 error 12.50%")
    assert str(Evaluation(1.8e31, 0.5, 0.0)).startswith("test loss 1.8e+31, ")
