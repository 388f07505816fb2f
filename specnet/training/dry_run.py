"""What a training would be, without starting it: nothing is compiled, trained or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from specnet.backend import protocol as backends
from specnet.backend.protocol import storage
from specnet.convert.weights.account import Account
from specnet.data.base import Dataset, Fallible
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import DataError, UsageError
from specnet.network import memory
from specnet.network.network import Network
from specnet.plans import placement
from specnet.runs.run_directory import RunDirectory
from specnet.tables import build
from specnet.tables.table import Table
from specnet.terminal.progress import Progress
from specnet.text import columns, plural, size
from specnet.training.dataset_check import Contents
from specnet.training.options import TrainOptions, images_at_once
from specnet.training.prepare import prepare

SHOWN = 10
"""Images that cannot be read which a message names."""


@dataclass(frozen=True)
class DryRun:
    """A training that has been looked at. `memory` is what each group needs at the least, in bytes."""

    table: Table
    backend: str
    placement: Mapping[str, str]
    memory: Mapping[str, int]
    contents: Contents
    warnings: Sequence[Diagnostic]
    batch_size: int
    at_once: int
    """Images of a batch that a device holds at a time."""
    steps_per_epoch: int
    start: int
    stop: int
    run_dir: Path
    account: Account | None = None
    """What becomes of every parameter where the run starts from weights."""

    def devices(self) -> dict[str, int]:
        """The least memory on each device, over the groups that lie there."""
        held = dict.fromkeys(self.placement.values(), 0)
        for group, device in self.placement.items():
            held[device] += self.memory[group]
        return held

    def as_json(self) -> dict[str, Any]:
        data = self.contents.as_json()
        return {
            "name": self.table.name,
            "run_dir": str(self.run_dir),
            "backend": self.backend,
            "layers": self.table.as_json()["layers"],
            "groups": {
                group: {"device": device, "least_memory": self.memory[group]}
                for group, device in self.placement.items()
            },
            "devices": {device: {"least_memory": held} for device, held in self.devices().items()},
            "data": {"kind": data.pop("data"), **data},
            "warnings": [warning.as_json() for warning in self.warnings],
            "batch_size": self.batch_size,
            "micro_batch": self.at_once,
            "steps_per_epoch": self.steps_per_epoch,
            "start": self.start,
            "stop": self.stop,
            **({"weights": self.account.as_json()} if self.account else {}),
        }

    def __str__(self) -> str:
        places = [(group, device, size(self.memory[group])) for group, device in self.placement.items()]
        totals = [("", device, size(held)) for device, held in self.devices().items()]
        blocks = [places, totals] if len(totals) < len(places) else [places]
        epochs = -(-self.stop // self.steps_per_epoch)
        parts = f" in parts of {self.at_once:,}" if self.at_once < self.batch_size else ""
        start = f", going on after step {self.start:,}" if self.start else ""
        return "\n".join(
            (
                str(self.table),
                "",
                columns(("group", "device", "least memory"), blocks, right={2}),
                str(self.contents),
                *(self.account.lines() if self.account else []),
                f"steps: {self.steps_per_epoch:,} an epoch, batches of {self.batch_size:,}{parts}; "
                f"{self.stop:,} in {plural(epochs, 'epoch')}{start}",
                f"run: {self.run_dir}, with {self.backend}; this was a dry run, and nothing was written",
            )
        )


def dry_run(network: Network, options: TrainOptions, progress: Progress | None = None) -> DryRun:
    """What `session.train` would do with these options; raises what it would raise before it compiles, and
    `DataError` for images that it could not read. Images that lie in files are all read."""
    run = RunDirectory.of(network.spec, options.run_dir)
    prepared = prepare(network, run, options)
    dataset, at_once = prepared.dataset, images_at_once(prepared.recipe, prepared.micro_batch)
    devices = backends.find(options.backend).devices()
    placed = placement.place(prepared.plan.groups, options.devices, devices)
    _read_all(dataset, progress or Progress())
    return DryRun(
        table=build.make(prepared.network),
        backend=options.backend,
        placement=placed,
        memory=memory.needed(prepared.network, at_once, np.dtype(storage(prepared.precision)).itemsize),
        contents=Contents.of(prepared.data, dataset),
        warnings=prepared.warnings,
        batch_size=prepared.recipe.batch_size,
        at_once=at_once,
        steps_per_epoch=prepared.per_epoch,
        start=prepared.checkpoint.step if prepared.checkpoint else 0,
        stop=prepared.stop,
        run_dir=run.path,
        account=prepared.start.account if prepared.start else None,
    )


def _read_all(dataset: Dataset, progress: Progress) -> None:
    """Raise `DataError` with the images that training would stop at, if there are any."""
    parts = [images for images in (dataset.train, dataset.test) if isinstance(images, Fallible)]
    if not parts:
        return
    total, done = len(dataset.train) + len(dataset.test), 0

    def count(images: int) -> None:
        nonlocal done
        done += images
        progress.show("reading images", done, total)

    progress.begin()
    try:
        errors: list[UsageError] = [error for images in parts for error in images.faults(count)]
    finally:
        progress.clear()
    if len(errors) == 1:
        raise errors[0]
    if errors:
        more = [f"and {len(errors) - SHOWN:,} more"] if len(errors) > SHOWN else []
        named = "\n".join([*(error.message for error in errors[:SHOWN]), *more])
        raise DataError(f"{len(errors):,} of {total:,} images cannot be read\n{named}", errors[0].hint)
