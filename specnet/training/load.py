"""A trained run, ready to classify, and how well it does on the test images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from specnet.data.asked import check
from specnet.data.base import Dataset
from specnet.diagnostics.errors import RunError
from specnet.network.network import Network, analyse
from specnet.plans import plan as plans
from specnet.recipe.answers import Answers
from specnet.recipe.metrics import measured
from specnet.recipe.training import Training
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.terminal.progress import Progress
from specnet.training.batches import Inputs, check_images
from specnet.training.compile import CompiledPlan, check_fits, compile_plan
from specnet.training.evaluation import Result, evaluate
from specnet.training.open_data import open_data, recipe_of, statistics_of
from specnet.training.options import images_at_once
from specnet.training.report import Report


@dataclass(frozen=True)
class TrainedRun:
    """A run's checkpoint on its devices, and what its images are prepared with."""

    saved: Checkpoint
    compiled: CompiledPlan
    inputs: Inputs
    image_shape: tuple[int, ...]
    """Channels, height and width of the dataset's images, before any crop."""


def open_trained(
    run_dir: str | Path, backend: str, devices: str | Mapping[str, str] | None, progress: Progress
) -> TrainedRun:
    """The newest checkpoint of a run. Its dataset is only opened if the run has kept no statistics."""
    run = RunDirectory(Path(run_dir), progress.note)
    network = analyse(run.spec())
    return _compiled(run, network, run.newest(), None, backend, devices, progress)


def evaluate_run(
    run_dir: str | Path,
    *,
    backend: str = "torch",
    data: str | tuple[Any, Any] | None = None,
    devices: str | Mapping[str, str] | None = None,
    best: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Classify the test images with the newest checkpoint of a run, or with the best one. Of arrays those to
    test on, else all."""
    check(data)
    progress = progress or Progress()
    run = RunDirectory(Path(run_dir), progress.note)
    network, saved = analyse(run.spec()), run.best() if best else run.newest()
    recipe = recipe_of(network.spec)
    dataset, _ = open_data(network, data or saved.progress.data, tested=True)
    for text in dataset.notes:
        progress.note(text)
    trained = _compiled(run, network, saved, dataset, backend, devices, progress)
    check_images(network.output_shape(network.inputs()[0]), recipe, dataset.test)
    progress.begin()

    def show(done: int, total: int) -> None:
        progress.show("evaluating", done, total)

    size = images_at_once(recipe, saved.progress.micro_batch)
    compiled = trained.compiled
    metrics = measured(recipe.metrics, len(dataset.classes))
    answers: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def tell(told: Answers) -> None:
        answers.append((told.labels, told.predicted))

    executable, inputs = compiled.executable, trained.inputs
    evaluation = evaluate(executable, compiled.plan, inputs, dataset.test, size, metrics, show, tell)
    progress.clear()
    if not math.isfinite(evaluation.loss):
        message = f"the loss on the test images is {evaluation.loss} at step {saved.step}"
        raise RunError(message, None if best else "--best takes the checkpoint that classified best")
    (outputs,) = network.output_shape(recipe.loss.head_layer)
    title = f"{network.spec.name}, step {saved.step:,}"
    report = Report.of(dataset.classes, outputs, answers, title)
    return Result(run.path, saved.step, evaluation, report)


def _compiled(
    run: RunDirectory,
    network: Network,
    saved: Checkpoint,
    dataset: Dataset | None,
    backend: str,
    devices: str | Mapping[str, str] | None,
    progress: Progress,
) -> TrainedRun:
    """A checkpoint on its devices. Without a dataset, the run's own is opened if it is needed."""
    recipe, precision = _as_saved(recipe_of(network.spec), saved), saved.progress.precision
    statistics = run.statistics(saved, measured=recipe.needs_statistics())
    if statistics is None:
        if dataset is None:
            dataset, _ = open_data(network, saved.progress.data)
        statistics = statistics_of(recipe, dataset, progress)
    plan = plans.make(network)
    check_fits(saved.weights, plan)
    compiled = compile_plan(plan, backend, devices, precision)
    compiled.executable.load_state(saved.weights)
    inputs = Inputs(plan, recipe, statistics, 0, precision)
    return TrainedRun(saved, compiled, inputs, tuple(statistics.mean.shape))


def _as_saved(recipe: Training, saved: Checkpoint) -> Training:
    """The recipe with the normalization that a checkpoint was trained with: it may have changed since."""
    normalize = saved.progress.normalize
    if normalize is False:
        return recipe
    others = {key: value for key, value in recipe.as_yaml().items() if key != "normalize"}
    try:
        return Training.model_validate(others if normalize is None else {**others, "normalize": normalize})
    except ValidationError:
        raise RunError("the checkpoint names a normalization that there is not", "is it damaged?") from None
