"""What people look at while a run goes on: event files for TensorBoard, `curves.png` and `kernels.png`.

None of it is needed to go on with a run, and none of it may stop one: what cannot be written is said once.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from specnet.diagnostics.errors import PluginError
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Transfer, parameter_name
from specnet.plans.plan import Plan
from specnet.plots.background import Background
from specnet.plots.request import Picture, curves_of, kernels_of
from specnet.runs import tensorboard
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.history import DRAWABLE, gather, lines
from specnet.storage.folder import Folder

SHARE = 20
"""Drawing waits until this many times what it took the last time have gone by: it may cost a twentieth."""
PICTURES = "curves.png and kernels.png"
LAST_PATIENCE = 30.0
"""Seconds that the end of a training waits for its last pictures."""


class Views:
    """Follows a run that goes on after `step`. `kernels` are the names of the parameters to be drawn."""

    def __init__(
        self, folder: Folder, title: str, step: int, kernels: Sequence[str], note: Callable[[str], None]
    ) -> None:
        self._folder, self._title, self._kernels, self._note = folder, title, kernels, note
        self._blocks: dict[str, Array] = {}
        self._saved_step = self._drawn_step = 0
        self._failed: set[str] = set()
        self._background = Background()
        self._asked_at, self._shown_tests = time.monotonic(), 0
        self._events: tensorboard.EventFile | None = None
        self.history = gather(lines(folder.path / "metrics.jsonl"))
        self._try("events", lambda: self._open_events(step))

    def recorded(self, line: Mapping[str, Any]) -> None:
        """A line has been added to the metrics."""
        self.history.add(line)
        self._try("events", lambda: self._add_event(line))
        if "evaluation" in line:
            self._draw_now_and_then()
        self._take()

    def saved(self, checkpoint: Checkpoint) -> None:
        """A checkpoint has been written."""
        self._blocks = {name: checkpoint.weights[name] for name in self._kernels}
        if self._blocks:
            self._saved_step = checkpoint.step
        self._draw_now_and_then()

    def close(self) -> None:
        """Draw the run as it is now, and close the files."""
        self._take()
        if self.history.step:
            self._draw(drop=True)
            self._take(LAST_PATIENCE)
        if self._events is not None:
            self._try("events", self._events.close)

    def _open_events(self, step: int) -> None:
        folder = self._folder.make_folder("events")
        reached = tensorboard.last_step(folder.path)
        # From where the files end, or are void, they are told again what the metrics hold.
        start = 0 if reached is None else min(reached, step)
        with folder:
            self._events = tensorboard.EventFile(folder, start)
        for line in lines(self._folder.path / "metrics.jsonl"):
            if line["step"] >= start:
                self._add_event(line)

    def _add_event(self, line: Mapping[str, Any]) -> None:
        assert self._events is not None
        part, values = ("test", line["evaluation"]) if "evaluation" in line else ("train", line)
        numbers = {
            f"{part}/{name}": float(value)
            for name, value in values.items()
            if name not in ("step", "epoch") and isinstance(value, int | float) and abs(value) < DRAWABLE
        }
        if numbers:
            self._events.scalars(line["step"], numbers)

    def _draw_now_and_then(self) -> None:
        if time.monotonic() - self._asked_at >= SHARE * self._background.seconds:
            self._draw()

    def _draw(self, *, drop: bool = False) -> None:
        """Have the run drawn as it is now, in the background; `drop` what is being drawn for it."""

        def ask() -> None:
            pictures: dict[str, Picture] = {"curves.png": curves_of({self._title: self.history}, self._title)}
            if self._saved_step > self._drawn_step:
                blocks = {_in_words(name): block for name, block in self._blocks.items()}
                title = f"{self._title}, step {self._saved_step:,}: first kernels"
                pictures["kernels.png"] = kernels_of(blocks, title)
            self._background.ask(self._saved_step, pictures, drop=drop)

        self._asked_at = time.monotonic()
        self._try(PICTURES, ask)

    def _take(self, patience: float = 0.0) -> None:
        """Write the pictures that are done, or wait for them and say so if they do not come."""

        def take() -> None:
            done = self._background.take(patience)
            if done is not None:
                for name, png in done[1].items():
                    self._try(name, partial(self._put, done[0], name, png))
            elif patience:
                raise TimeoutError("drawing takes too long")

        if self._background.is_busy:
            self._try(PICTURES, take)

    def _put(self, step: int, name: str, png: bytes) -> None:
        self._folder.replace(name, png)
        if name == "kernels.png":
            self._drawn_step = step
            self._add_picture(step, png)

    def _add_picture(self, step: int, png: bytes) -> None:
        """Kernels among the events, once an epoch: a save every minute would fill the files with pictures."""
        tests = sum(test.step <= step for test in self.history.evaluations)
        if self._events is not None and tests > self._shown_tests:
            self._shown_tests = tests
            width, height = struct.unpack(">II", png[16:24])
            picture = self._events.picture
            self._try("events", lambda: picture(step, "kernels", png, width, height))

    def _try(self, what: str, work: Callable[[], None]) -> None:
        """Do it, unless it failed before."""
        if what in self._failed:
            return
        try:
            work()
        except PluginError as error:
            self._failed.add(what)
            self._note(f"note: no {what}: {error.message}; {error.hint}")
        except Exception as error:  # whatever it is, the training is worth more than its picture
            self._failed.add(what)
            reason = getattr(error, "strerror", None) or str(error) or "there is not enough memory"
            self._note(f"warning: cannot write {self._folder.path / what}: {reason}; the run goes on")


def first_kernels(plan: Plan) -> list[str]:
    """The kernels (out, in, height, width) of every convolution that no other one comes before.

    They are those of the first layer, one for each group; in the long form, those of each tower's first.
    """
    found: list[str] = []
    behind: set[str] = set()
    for op in plan.operations:
        if isinstance(op, Transfer) and op.source in behind:
            behind.add(op.name)
        elif isinstance(op, Compute):
            weight = op.weights.get("weight")
            if behind.isdisjoint(op.values):
                if weight is None or len(weight.shape) != 4:
                    continue
                found.append(parameter_name(op, "weight"))
            behind.add(op.name)
    return found


def _in_words(parameter: str) -> str:
    layer, group, _ = parameter.split(".")
    return f"{layer} on {group}"
