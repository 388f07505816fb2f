"""A trained run, ready to classify, and how well it does on the test images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from specnet.data.base import Dataset
from specnet.diagnostics.errors import RunError
from specnet.network.network import analyse
from specnet.recipe.training import Training
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.terminal.progress import Progress
from specnet.training import micro_batch as micro_batches
from specnet.training.batches import Inputs, check_images
from specnet.training.compile import Compiled, check_fits, compile_spec, precision_of
from specnet.training.evaluation import Result, evaluate
from specnet.training.open_data import open_data, recipe_of, statistics_of


@dataclass(frozen=True)
class Trained:
    """A run's checkpoint on its devices, and what its images are prepared with."""

    saved: Checkpoint
    compiled: Compiled
    inputs: Inputs
    image_shape: tuple[int, ...]
    """Channels, height and width of the dataset's images, before any crop."""


def open_trained(
    run_dir: str | Path, backend: str, devices: str | Mapping[str, str] | None, progress: Progress
) -> Trained:
    """The newest checkpoint of a run. Its dataset is only opened if the run has kept no statistics."""
    run = RunDirectory(Path(run_dir), progress.note)
    return _ready(run, run.spec(), run.newest(), None, backend, devices, progress)


def evaluate_run(
    run_dir: str | Path,
    *,
    backend: str = "torch",
    data: str | None = None,
    devices: str | Mapping[str, str] | None = None,
    best: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Classify the test images with the newest checkpoint of a run, or with the best one."""
    progress = progress or Progress()
    run = RunDirectory(Path(run_dir), progress.note)
    spec, saved = run.spec(), run.best() if best else run.newest()
    recipe, network = recipe_of(spec), analyse(spec)
    dataset, _ = open_data(spec, network, data or saved.progress["data"])
    for text in dataset.notes:
        progress.note(text)
    trained = _ready(run, spec, saved, dataset, backend, devices, progress)
    check_images(network.output_shape(network.inputs()[0]), recipe, dataset.test)
    progress.begin()

    def show(done: int, total: int) -> None:
        progress.show("evaluating", done, total)

    size = micro_batches.images_at_once(recipe, micro_batches.recorded(saved.progress))
    compiled = trained.compiled
    found = evaluate(compiled.executable, compiled.plan, trained.inputs, dataset.test, size, show)
    progress.clear()
    if not math.isfinite(found.loss):
        message = f"the loss on the test images is {found.loss} at step {saved.step}"
        raise RunError(message, None if best else "--best takes the checkpoint that classified best")
    return Result(run.path, saved.step, found)


def _ready(
    run: RunDirectory,
    spec: Spec,
    saved: Checkpoint,
    dataset: Dataset | None,
    backend: str,
    devices: str | Mapping[str, str] | None,
    progress: Progress,
) -> Trained:
    """A checkpoint on its devices. Without a dataset, the run's own is opened if it is needed."""
    recipe, precision = _as_saved(recipe_of(spec), saved), precision_of(saved.progress["precision"])
    statistics = run.statistics(saved, measured=recipe.needs_statistics())
    if statistics is None:
        if dataset is None:
            dataset, _ = open_data(spec, analyse(spec), saved.progress["data"])
        statistics = statistics_of(recipe, dataset, progress)
    check_fits(saved.weights, spec)
    compiled = compile_spec(spec, backend, devices, precision)
    compiled.executable.load_state(saved.weights)
    inputs = Inputs(compiled.plan, recipe, statistics, 0, precision)
    return Trained(saved, compiled, inputs, tuple(statistics.mean.shape))


def _as_saved(recipe: Training, saved: Checkpoint) -> Training:
    """The recipe with the normalization that a checkpoint was trained with: it may have changed since."""
    if "normalize" not in saved.progress:
        return recipe
    try:
        return Training.model_validate({**recipe.as_yaml(), "normalize": saved.progress["normalize"]})
    except ValidationError:
        raise RunError("the checkpoint names a normalization that there is not", "is it damaged?") from None
