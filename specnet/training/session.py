"""Setting up a run: spec, backend, devices, data, run directory; then training or evaluating it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet import backend as backends
from specnet import initial, placement, plugins
from specnet import plan as plans
from specnet.backend import PRECISIONS, Backend, Executable, Precision, storage
from specnet.data.base import Data, Dataset, Wanted
from specnet.data.statistics import Statistics, measure
from specnet.errors import DataError, RunError, UsageError, suggestion
from specnet.network import Network, analyse
from specnet.placement import Placement
from specnet.plan import Plan
from specnet.recipe import Training
from specnet.spec import Spec
from specnet.training import micro_batch as micro_batches
from specnet.training.checkpoint import Checkpoint
from specnet.training.evaluation import Evaluation, evaluate
from specnet.training.inputs import Inputs, check_images, needs_statistics, steps_per_epoch
from specnet.training.interval import Interval, parse_interval
from specnet.training.names import Names
from specnet.training.progress import Progress
from specnet.training.run_directory import RunDirectory
from specnet.training.status import Status
from specnet.training.trainer import Trainer
from specnet.training.views import Views, first_kernels


@dataclass(frozen=True)
class Compiled:
    """A plan on its devices."""

    network: Network
    plan: Plan
    placement: Placement
    executable: Executable


@dataclass(frozen=True)
class Result:
    """A finished run: where it lies, how many steps it took, and how well it classifies at the end."""

    run_dir: Path
    step: int
    evaluation: Evaluation


def compile_spec(
    spec: Spec,
    backend: str | Backend,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
) -> Compiled:
    """Check a spec, plan it, place it and compile it. Its state is zero.

    Raises `SpecError` for an invalid spec, `PluginError` for a missing backend and `DeviceError` for a
    missing device.
    """
    precision = _precision(precision)
    network = analyse(spec)
    plan = plans.make(network)
    chosen = backends.find(backend) if isinstance(backend, str) else backend
    placed = placement.place(plan.groups, devices, chosen.devices())
    return Compiled(network, plan, placed, chosen.compile(plan, placed, precision))


def initialise(compiled: Compiled, seed: int, precision: Precision) -> None:
    """Give a compiled network its initial values."""
    compiled.executable.load_state(initial.initial_state(compiled.plan, seed, storage(precision)))


def train(
    spec: Spec,
    *,
    backend: str = "torch",
    data: str | None = None,
    devices: str | Mapping[str, str] | None = None,
    run_dir: str | Path | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int | None = None,
    precision: Precision | None = None,
    checkpoint_every: int | str | None = "10m",
    micro_batch: int | None = None,
    resume: bool = False,
    allow_changes: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Train a spec and leave everything worth keeping in the run directory.

    `data` is KIND or KIND:PATH and defaults to the spec's own; `devices` is what `--devices` takes;
    `epochs` (or `steps`) is how far to train in all, a resumed part included. The run directory is
    `runs/NAME` unless given. `seed` defaults to 0 and `precision` to float32; a resumed run keeps its own.
    `checkpoint_every` is a number of steps, a time such as `10m`, or None; a run is also saved when it
    classifies better than ever, and at the end. `micro_batch` is how many images of a batch a device holds at
    a time: all, or as many as before in a resumed run, unless given. `allow_changes` lets a resumed run go on
    with another recipe.
    """
    progress = progress or Progress()
    if epochs is not None and steps is not None:
        raise UsageError("name epochs or steps, not both", "leave one of the two out")
    for name, count in {"epochs": epochs, "steps": steps, "micro_batch": micro_batch}.items():
        if count is not None and (not isinstance(count, int) or count < 1):
            raise UsageError(f"{name} is a whole number of at least 1, not {count!r}")
    interval = Interval() if checkpoint_every is None else parse_interval(checkpoint_every)
    if allow_changes and not resume:
        raise UsageError("only a run that goes on can have changes to allow", "add --resume")
    recipe = _recipe(spec)
    network = analyse(spec)
    run = RunDirectory(Path(run_dir) if run_dir is not None else Path("runs") / spec.name, progress.note)
    resumed, saved, names, views = None, None, Names.same(network), None
    try:
        run.hold(make=not resume)
        if resume:
            resumed = run.resume(network, allow_changes=allow_changes)
            saved, names = resumed.checkpoint, resumed.names
        else:
            run.check_unused()
        fresh = {"seed": 0, "precision": "float32", "data": None}
        known: dict[str, Any] = saved.progress if saved else fresh
        seed = int(_agreed("--seed", seed, known["seed"], saved))
        precision = _precision(_agreed("--precision", precision, known["precision"], saved))
        micro_batch = micro_batch or micro_batches.recorded(known)
        micro_batches.check(spec, recipe, micro_batch)
        if saved is not None and data is not None:
            _agreed("--data", _kind(data), _kind(known["data"]), saved)
        dataset, described = open_data(spec, network, data or known["data"])
        _check_same_data(known, dataset)
        compiled = compile_spec(spec, backend, devices, precision)
        if not any(parameter.trainable for parameter in compiled.plan.parameters):
            raise UsageError(f"the network '{spec.name}' has nothing to train", "add a conv or dense layer")
        for images in (dataset.train, dataset.test):
            check_images(network.output_shape(network.inputs()[0]), recipe, images)
        for group, device in compiled.placement.items():
            progress.note(f"{group} is on {device}")
        statistics = run.statistics(saved) if saved else None
        if statistics is None:
            statistics = _statistics(recipe, dataset, progress)
        if resumed is None:
            run.start(spec)
        else:
            run.proceed(resumed, spec)
        per_epoch = steps_per_epoch(dataset.train, recipe)
        stop = steps if steps is not None else per_epoch * (epochs if epochs is not None else recipe.epochs)
        trainer = Trainer(
            executable=compiled.executable,
            plan=compiled.plan,
            recipe=recipe,
            inputs=Inputs(compiled.plan, recipe, statistics, seed, precision, names.masks()),
            dataset=dataset,
            run=run,
            progress=progress,
            names=names,
            identity={
                "seed": seed,
                "precision": precision,
                "data": described,
                "classes": list(dataset.classes),
                "micro_batch": micro_batch,
                "steps_per_epoch": per_epoch,
                "stop": stop,
                "train_images": len(dataset.train),
                "statistics": run.save_statistics(statistics),
            },
            interval=interval,
            micro_batch=micro_batch,
        )
        if saved is None:
            compiled.executable.load_state(names.initial_state(seed, storage(precision)))
        else:
            trainer.resume(saved)
            progress.note(f"going on after step {trainer.step}")
        if trainer.step > stop:
            raise RunError(f"the run in {run.path} has done {trainer.step} steps already, more than {stop}")
        kernels = first_kernels(plans.make(names.run))
        views = Views(run.path, spec.name, trainer.step, kernels, progress.note)
        trainer.status = Status(progress, views.history, per_epoch, stop)
        run.watchers += [views, trainer.status]
        evaluation = trainer.train(stop)
        if summary := trainer.status.summary():
            progress.note(summary)
        return Result(run.path, stop, evaluation)
    finally:
        progress.clear()
        if views:
            views.close()
        run.release()


def _precision(name: str) -> Precision:
    """The precision of that name. Raises `UsageError` for any other."""
    for known in PRECISIONS:
        if name == known:
            return known
    raise UsageError(f"there is no precision '{name}'", suggestion(name, PRECISIONS, noun="precision"))


def _check_same_data(known: Mapping[str, Any], dataset: Dataset) -> None:
    """Raise `DataError` if a run's data is not what it was: its order of samples would be another."""
    if known.get("classes") and known["classes"] != list(dataset.classes):
        raise DataError("the dataset's classes are not those that the run was started with", _SAME_DATA)
    count, before = len(dataset.train), known.get("train_images", len(dataset.train))
    if count != before:
        message = f"there are {count:,} training images, and the run was started with {before:,}"
        raise DataError(message, _SAME_DATA)


_SAME_DATA = "name the same data (--data KIND:PATH), or start a new run (--run-dir)"


def _kind(data: str) -> str:
    """The kind of a dataset named as KIND or KIND:PATH: a run's data may move, but not become others."""
    return data.partition(":")[0]


def _agreed(option: str, asked: Any, known: Any, saved: Checkpoint | None) -> Any:
    """An option of a run: as asked for in a new one, as it was in a resumed one."""
    if asked is None or asked == known:
        return known
    if saved is not None:
        raise RunError(f"the run was started with {option} {known}, not {asked}", f"leave {option} out")
    return asked


@dataclass(frozen=True)
class Trained:
    """A run's newest checkpoint on its devices, and what its images are prepared with."""

    saved: Checkpoint
    compiled: Compiled
    inputs: Inputs
    image_shape: tuple[int, ...]
    """Channels, height and width of the dataset's images, before any crop."""


def open_trained(
    run_dir: str | Path, backend: str, devices: str | Mapping[str, str] | None, progress: Progress
) -> Trained:
    """A run that is ready to classify. Its dataset is only opened if the run has kept no statistics."""
    run = RunDirectory(Path(run_dir), progress.note)
    spec, saved = run.spec(), run.newest()
    recipe, precision = _recipe(spec), _precision(saved.progress["precision"])
    statistics = run.statistics(saved)
    if statistics is None:
        dataset, _ = open_data(spec, analyse(spec), saved.progress["data"])
        statistics = _statistics(recipe, dataset, progress)
    compiled = compile_spec(spec, backend, devices, precision)
    compiled.executable.load_state(saved.weights)
    inputs = Inputs(compiled.plan, recipe, statistics, 0, precision)
    return Trained(saved, compiled, inputs, tuple(statistics.mean.shape))


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
    spec = run.spec()
    recipe = _recipe(spec)
    saved = run.best() if best else run.newest()
    network = analyse(spec)
    dataset, _ = open_data(spec, network, data or saved.progress["data"])
    precision = _precision(saved.progress["precision"])
    compiled = compile_spec(spec, backend, devices, precision)
    compiled.executable.load_state(saved.weights)
    statistics = run.statistics(saved) or _statistics(recipe, dataset, progress)
    inputs = Inputs(compiled.plan, recipe, statistics, 0, precision)
    check_images(network.output_shape(network.inputs()[0]), recipe, dataset.test)
    progress.begin()

    def show(done: int, total: int) -> None:
        progress.show("evaluating", done, total)

    size = micro_batches.images_at_once(recipe, micro_batches.recorded(saved.progress))
    found = evaluate(compiled.executable, compiled.plan, inputs, dataset.test, size, show)
    progress.clear()
    return Result(run.path, saved.step, found)


def open_data(spec: Spec, network: Network, asked: str | None) -> tuple[Dataset, str]:
    """The dataset asked for as KIND or KIND:PATH, else the spec's own; and the request that opens it again.

    Options come from the spec's `data` where it is of the same kind.
    """
    kind, _, path = asked.partition(":") if asked else ("", "", "")
    if not kind:
        if spec.data is None:
            raise DataError(
                f"the spec '{spec.name}' names no dataset", f"--data KIND[:PATH], with {_kinds()}"
            )
        declared: Data = spec.data
    elif spec.data is not None and spec.data.kind == kind:
        declared = spec.data
    else:
        if kind not in plugins.names("specnet.datasets"):
            raise DataError(
                f"there is no dataset '{kind}'",
                suggestion(kind, plugins.names("specnet.datasets"), noun="dataset"),
            )
        declared = plugins.load("specnet.datasets", kind).model_validate({"kind": kind})
    names = network.inputs()
    if len(names) != 1:
        raise UsageError(f"training takes one input, and the spec has {len(names)}: {', '.join(names)}")
    classes = network.output_shape(_recipe(spec).loss.from_)[0]
    dataset = declared.open(path or None, Wanted(network.output_shape(names[0]), classes))
    if len(dataset.classes) > classes:
        message = f"the dataset has {len(dataset.classes)} classes, and the network tells {classes} apart"
        raise DataError(message, f"--set layers.{_recipe(spec).loss.from_}.units={len(dataset.classes)}")
    return dataset, f"{declared.kind}:{path}" if path else declared.kind


def _kinds() -> str:
    return f"KIND one of {', '.join(plugins.names('specnet.datasets'))}"


def _recipe(spec: Spec) -> Training:
    if spec.training is None:
        raise UsageError(
            f"the spec '{spec.name}' has no training section",
            "add one: training: {loss: ..., optimizer: ...}",
        )
    return spec.training


def _statistics(recipe: Training, dataset: Dataset, progress: Progress) -> Statistics:
    """The dataset's own, else measured on the training images if the recipe uses them, else zeros that
    nobody reads."""
    if dataset.statistics is not None:
        return dataset.statistics
    if needs_statistics(recipe):
        progress.begin()

        def show(done: int, total: int) -> None:
            progress.show("measuring images", done, total)

        return measure(dataset.train, progress=show)
    import numpy as np

    shape = dataset.train.shape
    return Statistics(np.zeros(shape), np.ones(shape[0]), np.zeros(shape[0]), np.eye(shape[0]))
