"""The folder of a run: who holds it, its spec, its checkpoints, and where it goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from specnet.data.statistics import Statistics
from specnet.diagnostics.errors import RunError, UsageError
from specnet.runs import checkpoint, metrics, numbering, statistics_file, stored_spec
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.metrics import MetricsFile
from specnet.runs.saved_run import SavedRun
from specnet.runs.stored_spec import StoredSpec
from specnet.spec.spec import Spec
from specnet.storage.folder import Folder
from specnet.storage.lock import Held, Lock
from specnet.terminal.output import say

WRITTEN = ("lock", "spec.yaml", metrics.NAME, statistics_file.NAME, "checkpoints", "events")
PICTURES = ("curves.png", "kernels.png")
"""What a trainer writes in a run directory. Where one of them is a link or a pipe, nothing is written."""


class RunDirectory:
    """One run's files. Only one trainer can hold a run directory at a time."""

    def __init__(self, path: Path, note: Callable[[str], None] | None = None) -> None:
        """`note` is told what a person should know; without one it goes to standard error."""
        self.path = path
        self._note = note or _to_standard_error
        self.folder: Folder | None = None
        """Open while the directory is held."""
        self._lock: Lock | None = None
        self._made: list[Path] = []
        self._numbered: Path | None = None

    @classmethod
    def of(
        cls, spec: Spec, path: str | Path | None, note: Callable[[str], None] | None = None
    ) -> RunDirectory:
        """The folder that was asked for, else `runs/NAME`; a new one, `runs/NAME-N`, for `auto`.

        An empty name is refused: it would be the current folder.
        """
        if path is not None and not str(path):
            raise UsageError("the name of the run directory is empty", "leave it out for runs/NAME")
        usual = Path("runs") / spec.name
        if path != numbering.AUTO:
            return cls(Path(path) if path is not None else usual, note)
        run = cls(numbering.next_folder(usual), note)
        run._numbered = usual
        return run

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def hold(self, *, make: bool) -> None:
        """Lock the folder until `release`, making it if asked to; one that was made must not hold a run.

        Raises `RunError` if another trainer holds it, or if it is not there.
        """
        if not make:
            self._check_exists()
        try:
            self.folder = self._make()
            self.folder.check(*WRITTEN, *PICTURES)
            self._lock = Lock(self.folder)
            self.folder.tidy(*WRITTEN, *PICTURES)
        except OSError as error:
            self.release()
            raise RunError(*_unusable(self.path, error)) from error
        except Held as held:
            self.release()
            holder = f": {held}" if str(held) else ""
            hint = "wait for it, or name another --run-dir"
            raise RunError(f"another trainer is using {self.path}{holder}", hint) from None
        if not self._lock.protects:
            self._note(
                f"warning: the file system of {self.path} has no locks: "
                "make sure that no second trainer uses this run directory"
            )

    def _make(self) -> Folder:
        if self._numbered is None:
            folder, self._made = Folder.made(self.path)
            return folder
        folder, self._made = numbering.make_next(self._numbered)
        self.path = folder.path
        self._note(f"the run is {self.path}")
        return folder

    def check_unused(self) -> None:
        """Raise `RunError` if the folder holds a run, or checkpoints of one."""
        if (self.path / "spec.yaml").exists():
            hint = "go on with it (--resume), or name another --run-dir"
            raise RunError(f"{self.path} holds a run already", hint)
        if checkpoint.exist(self.checkpoints):
            raise RunError(f"{self.path} holds checkpoints, but no run", "name another --run-dir")

    def release(self) -> None:
        """Give the folder up; one that was made and holds no run goes away."""
        unused = not (self.path / "spec.yaml").exists()
        if self._lock is not None:
            self._lock.release(remove=unused)
        elif self.folder is not None and self._made:
            with suppress(OSError):  # the disk was full before it could be taken
                self.folder.remove("lock")
        if self.folder is not None:
            self.folder.close()
        if unused:
            for folder in (self.checkpoints, *reversed(self._made)) if self._made else ():
                with suppress(OSError):
                    folder.rmdir()
        self.folder, self._lock, self._made = None, None, []

    def start(self, spec: Spec, options: Mapping[str, Any] | None = None) -> None:
        """Begin a new run here."""
        try:
            self.held().make_folder("checkpoints").close()
        except OSError as error:
            raise RunError(f"cannot write {self.checkpoints}: {error.strerror}") from error
        self._put("spec.yaml", StoredSpec(spec, options=options or {}).as_bytes())
        MetricsFile(self.held()).close()

    def saved_run(self) -> SavedRun:
        """The run as it was left, with its newest intact checkpoint.

        Raises `RunError` if there is no run, or if all its checkpoints are damaged. Reads only.
        """
        stored = self.stored_spec()
        saved = self.newest() if checkpoint.exist(self.checkpoints) else None
        if saved is None:
            self._check_nothing_is_lost()
            self._note(f"{self.path} holds no checkpoint yet: starting from the beginning")
        return SavedRun(stored, saved)

    def _check_nothing_is_lost(self) -> None:
        """Raise `RunError` if the run has been saved, and its checkpoints are gone: starting anew would throw
        away the metrics, too.

        Their folder is made before anything else, and the first evaluation is saved before the next step.
        """
        is_lost = metrics.trained_since_evaluation(self.path / metrics.NAME)
        if self.checkpoints.is_dir() and not is_lost:
            return
        hint = "put them back, or start again in a new --run-dir"
        raise RunError(f"{self.path} has no checkpoints any more", hint)

    def proceed(self, before: SavedRun, now: StoredSpec) -> None:
        """Make the folder ready to go on: what is trained with from `now` on is written down, the metrics cut
        back."""
        if now != before.stored:
            self._put("spec.yaml", now.as_bytes())
        evaluated = before.checkpoint is not None and before.checkpoint.progress.evaluation is not None
        metrics.cut(self.held(), before.step, evaluated=evaluated)

    def spec(self) -> Spec:
        """The spec that the run is trained with."""
        return self.stored_spec().spec

    def stored_spec(self) -> StoredSpec:
        """That spec, and how it was changed since the run was started."""
        self._check_exists()
        return stored_spec.read(self.path / "spec.yaml")

    def _check_exists(self) -> None:
        if self._numbered is not None:
            hint = "name the run (--run-dir DIR); `specnet runs` lists those that there are"
            raise RunError("--run-dir auto begins a new run, and there is none to go on with", hint)
        if not (self.path / "spec.yaml").is_file():
            raise RunError(f"{self.path} holds no run", "a run directory is made by `specnet train`")

    def newest(self) -> Checkpoint:
        """The newest checkpoint that verifies; damaged ones are named. Raises `RunError` if there is none."""

        def passed_over(path: Path, fault: str) -> None:
            self._note(f"warning: the checkpoint {path} is damaged and passed over: {fault}")

        path = checkpoint.newest(self.checkpoints, passed_over)
        if path is None:
            raise RunError(
                f"{self.path} holds no intact checkpoint", "start the run again in a new --run-dir"
            )
        return checkpoint.read(path)

    def best(self) -> Checkpoint:
        """The checkpoint with the lowest top-1 error, then the lowest loss. Raises `RunError` without one."""
        path = checkpoint.best(self.checkpoints)
        if path is None:
            hint = "the test images are classified after each epoch and at the end; or leave --best out"
            raise RunError(f"{self.path} holds no intact checkpoint that was evaluated", hint)
        return checkpoint.read(path)

    def save(self, made: Checkpoint) -> Path:
        """Write a checkpoint; returns its path."""
        held = self.held()
        if not held.is_at_its_path():
            message = f"the run directory {self.path} was moved or removed while it was trained"
            raise RunError(f"cannot save step {made.step}: {message}", "put it back, and go on with --resume")
        try:
            folder = held.make_folder("checkpoints")
        except OSError as error:
            raise RunError(f"cannot write {self.checkpoints}: {error.strerror}") from error
        with folder:
            return checkpoint.write_in(folder, made)

    def held(self) -> Folder:
        """The open folder, while the directory is held."""
        assert self.folder is not None, "a run directory is written to while it is held"
        return self.folder

    def last_saved(self) -> Path | None:
        """The newest checkpoint that verifies, if there is one."""
        return checkpoint.newest(self.checkpoints)

    def save_statistics(self, statistics: Statistics) -> str:
        """Keep the statistics of the training images; returns their SHA-256, for the checkpoints."""
        self._put(statistics_file.NAME, statistics_file.as_bytes(statistics))
        return statistics_file.digest(statistics)

    def statistics(self, saved: Checkpoint, *, measured: bool = False) -> Statistics | None:
        """The statistics that a checkpoint was trained with; None if they have to be measured again.

        They have to be, too, if they are to be `measured` ones and its recipe had no use for any.
        """
        path, expected = self.path / statistics_file.NAME, saved.progress.statistics
        if expected is None:
            return None
        if not path.exists():
            self._note(f"{path} is not there: measuring the training images again")
            return None
        return statistics_file.read(path, expected, measured=measured)

    def _put(self, name: str, data: bytes) -> None:
        try:
            self.held().replace(name, data)
        except OSError as error:
            raise RunError(f"cannot write {self.path / name}: {error.strerror}") from error


def _unusable(path: Path, error: OSError) -> tuple[str, str | None]:
    """What to say where a run directory cannot be used."""
    if error.filename in (None, str(path)):
        return f"cannot use the run directory {path}: {error.strerror}", None
    hint = "what a trainer writes is neither a link nor a pipe: remove it, if this run is yours"
    return f"cannot use the run directory {path}: {error.filename}: {error.strerror}", hint


def _to_standard_error(text: str) -> None:
    say(text, to=sys.stderr)
