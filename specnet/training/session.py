"""A training from beginning to end: prepared, compiled, carried out, kept in its run directory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from specnet.backend import slots
from specnet.backend.protocol import Executable, storage
from specnet.data.statistics import Statistics
from specnet.network.network import Network
from specnet.runs import metrics, statistics_file
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.checkpoint_names import name_of
from specnet.runs.history import History, gather
from specnet.runs.run_directory import RunDirectory
from specnet.terminal.progress import Progress
from specnet.training.batches import Inputs
from specnet.training.callbacks.callback import Callback
from specnet.training.callbacks.checkpoints import Checkpoints
from specnet.training.callbacks.metrics import Metrics
from specnet.training.callbacks.pictures import Pictures, first_kernels
from specnet.training.callbacks.status import Status
from specnet.training.callbacks.tensorboard import TensorBoard
from specnet.training.compile import CompiledPlan, compile_plan
from specnet.training.evaluation import Result
from specnet.training.open_data import statistics_of
from specnet.training.options import Interval, TrainOptions
from specnet.training.prepare import PreparedTraining, prepare
from specnet.training.trainer import Trainer


def train(network: Network, options: TrainOptions, progress: Progress | None = None) -> Result:
    """Train a network and leave everything worth keeping in the run directory.

    Raises `UsageError` for what cannot be, `DataError` for data and `RunError` for a run that stop it.
    """
    progress = progress or Progress()
    run = RunDirectory.of(network.spec, options.run_dir, progress.note)
    with ExitStack() as cleanup:
        cleanup.callback(run.release)
        cleanup.callback(progress.clear)
        run.hold(make=not options.resume)
        prepared = prepare(network, run, options)
        account = prepared.start.account.lines() if prepared.start else []
        for text in (*prepared.dataset.notes, *prepared.warnings, *account):
            progress.note(str(text))
        compiled = compile_plan(prepared.plan, options.backend, options.devices, prepared.precision)
        for group, device in compiled.placement.items():
            progress.note(f"{group} is on {device}")
        statistics = _statistics(run, prepared, progress)
        if prepared.start is not None:
            # The checkpoint comes first: a run without one would go on from random weights.
            kept = slots.zeros(prepared.plan, storage(prepared.precision))
            begun = prepared.progress(statistics_file.digest(statistics))
            run.save(Checkpoint(prepared.start.state, kept, begun))
        _write_spec(run, prepared, _recorded(prepared, options, compiled))
        state = prepared.progress(run.save_statistics(statistics))
        _load_weights(compiled.executable, prepared)
        if prepared.checkpoint is not None:
            progress.note(f"going on after step {state.step}")
        history = gather(metrics.lines(run.path / metrics.NAME))
        status = Status(progress, history, prepared.per_epoch, prepared.stop)
        callbacks = [*_files(run, prepared, options.interval(), history, progress.note), status]
        for callback in callbacks:
            cleanup.callback(callback.close)
        masks, seed = prepared.naming.masks(), prepared.seed
        trainer = Trainer(
            executable=compiled.executable,
            plan=prepared.plan,
            recipe=prepared.recipe,
            inputs=Inputs(prepared.plan, prepared.recipe, statistics, seed, prepared.precision, masks),
            dataset=prepared.dataset,
            naming=prepared.naming,
            state=state,
            callbacks=callbacks,
            last_saved=run.checkpoints / name_of(state.step) if prepared.checkpoint else None,
        )
        evaluation = trainer.train()
        if summary := status.summary():
            progress.note(summary)
    return Result(run.path, prepared.stop, evaluation)


def _statistics(run: RunDirectory, prepared: PreparedTraining, progress: Progress) -> Statistics:
    """Those that the run has kept, else those of the dataset."""
    kept = None
    if prepared.checkpoint is not None:
        kept = run.statistics(prepared.checkpoint, measured=prepared.recipe.needs_statistics())
    return kept or statistics_of(prepared.recipe, prepared.dataset, progress)


def _recorded(prepared: PreparedTraining, options: TrainOptions, compiled: CompiledPlan) -> dict[str, Any]:
    """What the run is trained with and its spec has no word for."""
    said = {
        "backend": options.backend,
        "devices": dict(compiled.placement),
        "seed": prepared.seed,
        "precision": prepared.precision,
        "data": prepared.data,
        "steps": options.steps,
        "micro_batch": prepared.micro_batch,
        "weights": _origin(prepared),
    }
    return {name: value for name, value in said.items() if value is not None}


def _origin(prepared: PreparedTraining) -> Any:
    """Which weights the run was started from, and what of them it took."""
    if prepared.start is not None:
        return prepared.start.account.recorded()
    return prepared.resumed.saved.stored.options.get("weights") if prepared.resumed else None


def _write_spec(run: RunDirectory, prepared: PreparedTraining, recorded: dict[str, Any]) -> None:
    """Write down what the run is trained with from now on."""
    resumed = prepared.resumed
    if resumed is None:
        run.start(prepared.spec, recorded)
        return
    saved = resumed.saved
    goes_on = saved.step < prepared.stop  # else nothing is trained with what is different now
    run.proceed(saved, resumed.recorded(prepared.spec, recorded) if goes_on else saved.stored)


def _load_weights(executable: Executable, prepared: PreparedTraining) -> None:
    """Give the executable what the run goes on from, or its initial values."""
    naming, saved = prepared.naming, prepared.checkpoint
    if prepared.start is not None:
        executable.load_state(prepared.start.state)
    elif saved is None:
        executable.load_state(naming.initial_state(prepared.seed, storage(prepared.precision)))
    else:
        executable.load_state(naming.here(saved.weights))
        executable.load_optimizer_state({slot: naming.here(arrays) for slot, arrays in saved.slots.items()})


def _files(
    run: RunDirectory,
    prepared: PreparedTraining,
    interval: Interval,
    history: History,
    note: Callable[[str], None],
) -> list[Callback]:
    """What writes in the run directory, in the order in which each relies on those before it."""
    folder, spec = run.held(), prepared.network.spec
    step = prepared.checkpoint.step if prepared.checkpoint else 0
    tensorboard = TensorBoard(folder, step, note)
    pictures = Pictures(folder, spec.name, first_kernels(prepared.naming.plan), history, tensorboard, note)
    return [Metrics(folder), Checkpoints(run, interval, note), tensorboard, pictures]
