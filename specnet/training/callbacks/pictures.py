"""What people look at while a run goes on: `curves.png` and `kernels.png`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Transfer, parameter_name
from specnet.plans.plan import Plan
from specnet.plots.background import Background
from specnet.plots.request import Picture, curves_of, kernels_of
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.history import History
from specnet.runs.records import EvaluationLine, Line, StepLine, StopLine
from specnet.storage.folder import Folder
from specnet.training.callbacks.attempts import Attempts
from specnet.training.callbacks.callback import Callback
from specnet.training.callbacks.tensorboard import TensorBoard

CURVES, KERNELS = "curves.png", "kernels.png"
BOTH = f"{CURVES} and {KERNELS}"
LAST_PATIENCE = 30.0
"""Seconds that the end of a training waits for its last pictures."""
WAIT = 20
"""Drawing waits until this many times what it took the last time have gone by: it may cost a twentieth."""


class Pictures(Callback):
    """Draws a run whose `history` is given. `kernels` are the names of the parameters to be drawn, for
    TensorBoard as well."""

    def __init__(
        self,
        folder: Folder,
        title: str,
        kernels: Sequence[str],
        history: History,
        tensorboard: TensorBoard,
        note: Callable[[str], None],
    ) -> None:
        self._folder, self._title, self._kernels, self._history = folder, title, kernels, history
        self._tensorboard = tensorboard
        self._attempt = Attempts(folder.path, (BOTH,), note)
        self._background = Background()
        self._blocks: dict[str, Array] = {}
        self._saved_step = self._drawn_step = 0
        self._asked_at, self._shown_tests = time.monotonic(), 0

    def line(self, line: Line) -> None:
        if isinstance(line, StopLine):
            return
        self._history.add(line)
        if isinstance(line, EvaluationLine):
            self._draw_now_and_then()

    def save(self, checkpoint: Checkpoint) -> None:
        self._blocks = {name: checkpoint.weights[name] for name in self._kernels}
        if self._blocks:
            self._saved_step = checkpoint.step
        self._draw_now_and_then()

    def step(self, line: StepLine, images: int) -> None:
        self._take()

    def close(self) -> None:
        """Draw the run as it is now."""
        self._take()
        if self._history.step:
            self._draw(drop=True)
            self._take(LAST_PATIENCE)

    def _draw_now_and_then(self) -> None:
        if time.monotonic() - self._asked_at >= WAIT * self._background.seconds:
            self._draw()

    def _draw(self, *, drop: bool = False) -> None:
        """Have the run drawn as it is now, in the background; `drop` what is being drawn for it."""

        def ask() -> None:
            pictures: dict[str, Picture] = {CURVES: curves_of({self._title: self._history}, self._title)}
            if self._saved_step > self._drawn_step:
                blocks = {_in_words(name): block for name, block in self._blocks.items()}
                title = f"{self._title}, step {self._saved_step:,}: first kernels"
                pictures[KERNELS] = kernels_of(blocks, title)
            self._background.ask(self._saved_step, pictures, drop=drop)

        self._asked_at = time.monotonic()
        self._attempt(BOTH, ask)

    def _take(self, patience: float = 0.0) -> None:
        """Write the pictures that are done, or wait for them and say so if they do not come."""

        def take() -> None:
            done = self._background.take(patience)
            if done is not None:
                for name, png in done[1].items():
                    self._attempt(name, partial(self._put, done[0], name, png))
            elif patience:
                raise TimeoutError("drawing takes too long")

        if self._background.is_busy:
            self._attempt(BOTH, take)

    def _put(self, step: int, name: str, png: bytes) -> None:
        self._folder.replace(name, png)
        if name == KERNELS:
            self._drawn_step = step
            self._show_in_tensorboard(step, png)

    def _show_in_tensorboard(self, step: int, png: bytes) -> None:
        """Kernels once an epoch: a save every minute would fill the files with pictures."""
        tests = sum(test.step <= step for test in self._history.evaluations)
        if tests > self._shown_tests:
            self._shown_tests = tests
            self._tensorboard.picture(step, "kernels", png)


def first_kernels(plan: Plan) -> list[str]:
    """The kernels (out, in, height, width) of every convolution that no other one comes before.

    They are those of the first layer, one for each group; in the long form, those of each tower's first.
    """
    names: list[str] = []
    behind: set[str] = set()
    for op in plan.operations:
        if isinstance(op, Transfer) and op.source in behind:
            behind.add(op.name)
        elif isinstance(op, Compute):
            weight = op.weights.get("weight")
            if behind.isdisjoint(op.values):
                if weight is None or len(weight.shape) != 4:
                    continue
                names.append(parameter_name(op, "weight"))
            behind.add(op.name)
    return names


def _in_words(parameter: str) -> str:
    layer, group, _ = parameter.rsplit(".", 2)
    return f"{layer} on {group}"
