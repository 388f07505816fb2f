"""A training from beginning to end: set up, compiled, carried out, kept in its run directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specnet.backend.protocol import Precision, storage
from specnet.plans import plan as plans
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.terminal.progress import Progress
from specnet.training.batches import Inputs
from specnet.training.callbacks.status import Status
from specnet.training.callbacks.views import Views, first_kernels
from specnet.training.compile import compile_spec
from specnet.training.evaluation import Result
from specnet.training.open_data import statistics_of
from specnet.training.prepare import set_up
from specnet.training.trainer import Trainer


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
    run = RunDirectory.of(spec, run_dir, progress.note)
    views = None
    try:
        run.hold(make=not resume)
        setup = set_up(
            spec,
            run,
            data=data,
            epochs=epochs,
            steps=steps,
            seed=seed,
            precision=precision,
            checkpoint_every=checkpoint_every,
            micro_batch=micro_batch,
            resume=resume,
            allow_changes=allow_changes,
        )
        recipe, dataset, names, saved = setup.recipe, setup.dataset, setup.names, setup.saved
        for text in (*dataset.notes, *setup.warnings):
            progress.note(str(text))
        compiled = compile_spec(spec, backend, devices, setup.precision)
        for group, device in compiled.placement.items():
            progress.note(f"{group} is on {device}")
        measured = recipe.needs_statistics()
        statistics = run.statistics(saved, measured=measured) if saved else None
        if statistics is None:
            statistics = statistics_of(recipe, dataset, progress)
        said = {
            "backend": backend,
            "devices": dict(compiled.placement),
            "seed": setup.seed,
            "precision": setup.precision,
            "data": setup.data,
            "steps": setup.steps,
            "micro_batch": setup.micro_batch,
        }
        options = {name: value for name, value in said.items() if value is not None}
        if setup.resumed is None:
            run.start(setup.spec, options)
        else:
            past = setup.resumed.past
            goes_on = past.step < setup.stop  # else nothing is trained with what is different now
            run.proceed(past, setup.resumed.recorded(setup.spec, options) if goes_on else past.kept)
        trainer = Trainer(
            executable=compiled.executable,
            plan=compiled.plan,
            recipe=recipe,
            inputs=Inputs(compiled.plan, recipe, statistics, setup.seed, setup.precision, names.masks()),
            dataset=dataset,
            run=run,
            progress=progress,
            names=names,
            identity={
                "seed": setup.seed,
                "precision": setup.precision,
                "data": setup.data,
                "normalize": recipe.normalize.as_yaml() if recipe.normalize else None,
                "classes": list(dataset.classes),
                "micro_batch": setup.micro_batch,
                "steps_per_epoch": setup.per_epoch,
                "stop": setup.stop,
                "train_images": len(dataset.train),
                "statistics": run.save_statistics(statistics),
            },
            interval=setup.interval,
            micro_batch=setup.micro_batch,
        )
        if saved is None:
            compiled.executable.load_state(names.initial_state(setup.seed, storage(setup.precision)))
        else:
            trainer.resume(saved)
            progress.note(f"going on after step {trainer.step}")
        kernels = first_kernels(plans.make(names.run))
        views = Views(run.held(), spec.name, trainer.step, kernels, progress.note)
        trainer.status = Status(progress, views.history, setup.per_epoch, setup.stop)
        run.watchers += [views, trainer.status]
        evaluation = trainer.train(setup.stop)
        if summary := trainer.status.summary():
            progress.note(summary)
        return Result(run.path, setup.stop, evaluation)
    finally:
        progress.clear()
        if views:
            views.close()
        run.release()
