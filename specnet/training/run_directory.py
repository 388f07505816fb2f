"""The folder of a run: the resolved spec, the metrics, the statistics of its images, the checkpoints."""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from specnet import spec as spec_module
from specnet.data.statistics import Statistics
from specnet.document import written
from specnet.errors import RunError
from specnet.network import Network, analyse
from specnet.spec import Spec
from specnet.spec_diff import differences
from specnet.training import checkpoint
from specnet.training.checkpoint import Checkpoint, replace_durably
from specnet.training.names import Names


class Watcher(Protocol):
    """Somebody who is told what becomes part of a run."""

    def recorded(self, line: Mapping[str, Any]) -> None:
        """A line has been added to the metrics."""

    def saved(self, checkpoint: Checkpoint) -> None:
        """A checkpoint has been written."""


class RunDirectory:
    """One run's files. Only one trainer can hold a run directory at a time."""

    def __init__(self, path: Path, note: Callable[[str], None] | None = None) -> None:
        """`note` is told what a person should know; without one it goes to standard error."""
        self.path = path
        self._note = note or _to_standard_error
        self._lock: IO[str] | None = None
        self._metrics: IO[str] | None = None
        self.watchers: list[Watcher] = []

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def hold(self, *, make: bool) -> None:
        """Lock the folder until `release`, making it if asked to.

        Raises `RunError` if another trainer holds it, or if it is not there.
        """
        if not make:
            self._check_exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / "lock").open("w")
        except OSError as error:
            raise RunError(f"cannot use the run directory {self.path}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise RunError(
                f"another trainer is using {self.path}", "wait for it, or name another --run-dir"
            ) from None

    def release(self) -> None:
        """Close the files and give the folder up."""
        for file in (self._metrics, self._lock):
            if file is not None:
                file.close()
        self._metrics = self._lock = None

    def start(self, spec: Spec) -> None:
        """Begin a new run here. Raises `RunError` if the folder holds one already."""
        if (self.path / "spec.yaml").exists():
            hint = "go on with it (--resume), or name another --run-dir"
            raise RunError(f"{self.path} holds a run already", hint)
        self._put("spec.yaml", as_text(spec).encode())
        self._open_metrics()

    def resume(self, network: Network) -> tuple[Checkpoint | None, Names]:
        """The newest whole checkpoint of the run, its metrics cut back to that step; and the names it uses.

        There is no checkpoint if the run stopped before its first. The network may be written another way
        than the run's, in the long form say, and the number of epochs may differ; the run's own spec stays.
        Raises `RunError` if anything else differs, or if all checkpoints are damaged.
        """
        names = self._names(network)
        found = self.newest() if checkpoint.exist(self.checkpoints) else None
        if found is None:
            self._note(f"{self.path} holds no checkpoint yet: starting from the beginning")
        self._cut_metrics(found.step if found else 0)
        self._open_metrics()
        return found, names

    def _names(self, network: Network) -> Names:
        """How the network's names correspond to the run's. Raises `RunError` if it is another network."""
        own = self.spec()
        changes = [c for c in differences(own, network.spec) if c.path != "training.epochs"]
        written = [
            c for c in changes if c.path in ("name", "training.loss.from") or c.path.startswith("layers.")
        ]
        names = Names.between(analyse(own), network) if len(written) == len(changes) else None
        if names is None:
            shown = "\n".join(f"  {change}" for change in changes[:20])
            hint = "start a new run (--run-dir), or take these changes back"
            raise RunError(f"the spec differs from that of the run in {self.path}:\n{shown}", hint)
        return names

    def spec(self) -> Spec:
        """The spec that the run was started with."""
        self._check_exists()
        return spec_module.load(self.path / "spec.yaml")

    def _check_exists(self) -> None:
        if not (self.path / "spec.yaml").is_file():
            raise RunError(f"{self.path} holds no run", "a run directory is made by `specnet train`")

    def newest(self) -> Checkpoint:
        """The newest checkpoint that verifies; damaged ones are named. Raises `RunError` if there is none."""

        def passed_over(path: Path, fault: str) -> None:
            self._note(f"warning: the checkpoint {path} is damaged and passed over: {fault}")

        path = checkpoint.newest(self.checkpoints, passed_over)
        if path is None:
            raise RunError(f"{self.path} holds no whole checkpoint", "start the run again in a new --run-dir")
        return checkpoint.read(path)

    def record(self, line: dict[str, Any]) -> None:
        """Append a line to `metrics.jsonl`."""
        assert self._metrics is not None
        try:
            self._metrics.write(json.dumps(line) + "\n")
        except OSError as error:
            raise RunError(f"cannot write {self.path / 'metrics.jsonl'}: {error.strerror}") from error
        for watcher in self.watchers:
            watcher.recorded(line)

    def save(self, made: Checkpoint) -> Path:
        """Write a checkpoint; the metrics up to it are on the disk first."""
        if self._metrics is not None:
            self._metrics.flush()
        path = checkpoint.write(self.checkpoints, made)
        for watcher in self.watchers:
            watcher.saved(made)
        return path

    def save_statistics(self, statistics: Statistics) -> None:
        self._put("statistics.safetensors", save(statistics.arrays()))

    def statistics(self) -> Statistics | None:
        """The statistics of the run's training images, if they were needed."""
        path = self.path / "statistics.safetensors"
        if not path.exists():
            return None
        try:
            return Statistics(**load_file(path))
        except (OSError, TypeError, SafetensorError) as error:
            raise RunError(f"{path} cannot be read: {error}") from error

    def _put(self, name: str, data: bytes) -> None:
        try:
            replace_durably(self.path / name, data)
        except OSError as error:
            raise RunError(f"cannot write {self.path / name}: {error.strerror}") from error

    def _open_metrics(self) -> None:
        self._metrics = (self.path / "metrics.jsonl").open("a", buffering=1)

    def _cut_metrics(self, step: int) -> None:
        """Drop the lines of steps after the checkpoint, and a last line that was cut short."""
        path = self.path / "metrics.jsonl"
        kept: list[str] = []
        for line in _lines(path):
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                continue
        self._put("metrics.jsonl", "".join(kept).encode())


def _to_standard_error(text: str) -> None:
    print(text, file=sys.stderr)


def _lines(path: Path) -> list[str]:
    """The lines of a text file, however damaged; none if it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}") from error


def as_text(spec: Spec) -> str:
    """The fully resolved spec as YAML: every default written out, one layer a line."""
    lines: list[str] = []
    for key, value in spec.as_yaml().items():
        if key in ("layers", "training"):
            lines.append(f"{key}:")
            for name, part in value.items():
                lines.append(f"  {written(name)}: {written(part)}")
        else:
            lines.append(f"{key}: {written(value)}")
    return "\n".join(lines) + "\n"
