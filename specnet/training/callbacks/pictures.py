"""What people look at while a run goes on: `curves.png` and `kernels.png`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Transfer, parameter_name
from specnet.plans.plan import Plan
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.history import History
from specnet.runs.records import EvaluationLine, Line, StopLine
from specnet.storage.folder import Folder
from specnet.training.callbacks.attempts import Attempts
from specnet.training.callbacks.callback import Callback
from specnet.training.callbacks.tensorboard import TensorBoard

CURVES, KERNELS = "curves.png", "kernels.png"
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
        self._attempt = Attempts(folder.path, (CURVES, KERNELS), note)
        self._blocks: dict[str, Array] = {}
        self._saved_step = self._drawn_step = 0
        self._drawn_at, self._took, self._shown_tests = time.monotonic(), 0.0, 0

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

    def close(self) -> None:
        """Draw the run as it is now."""
        if self._history.step:
            self._draw()

    def _draw_now_and_then(self) -> None:
        if time.monotonic() - self._drawn_at >= WAIT * self._took:
            self._draw()

    def _draw(self) -> None:
        began = time.monotonic()
        self._attempt(CURVES, self._draw_curves)
        if self._saved_step > self._drawn_step:
            self._attempt(KERNELS, self._draw_kernels)
        self._drawn_at = time.monotonic()
        self._took = self._drawn_at - began

    def _draw_curves(self) -> None:
        self._put(CURVES, draw_curves({self._title: self._history}, self._title))

    def _draw_kernels(self) -> None:
        from specnet.plots import kernels

        blocks = {_in_words(name): block for name, block in self._blocks.items()}
        png = kernels.render(blocks, f"{self._title}, step {self._saved_step:,}: first kernels")
        self._put(KERNELS, png)
        self._drawn_step = self._saved_step
        tests = sum(test.step <= self._saved_step for test in self._history.evaluations)
        if tests > self._shown_tests:
            # Once an epoch: a save every minute would fill the files with pictures.
            self._shown_tests = tests
            self._tensorboard.picture(self._saved_step, "kernels", png)

    def _put(self, name: str, png: bytes) -> None:
        self._folder.replace(name, png)


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


def draw_curves(runs: Mapping[str, History], title: str) -> bytes:
    """A PNG file with the curves of one run or several. Raises `PluginError` without Pillow."""
    from specnet.plots import curves

    return curves.render([_curve(name, history) for name, history in runs.items()], title)


def _curve(name: str, history: History) -> Any:
    from specnet.plots.curves import Curve, Steps

    loss, rate = (
        Steps(*zip(*points, strict=True)) if points else Steps((), (), (), ())
        for points in (history.loss.points, history.learning_rate.points)
    )
    return Curve(name, loss, rate, history.evaluations, history.per_epoch)


def _in_words(parameter: str) -> str:
    layer, group, _ = parameter.split(".")
    return f"{layer} on {group}"
