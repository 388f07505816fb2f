"""What pictures of runs are drawn from, with no more numbers than are seen, for another process to read."""

from __future__ import annotations

import io
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.runs.history import History, Point

STRETCHES = 90
"""Stretches of a run whose mean, least and largest values are drawn."""
MOST_TESTS = 400
"""Evaluations of a run that are drawn."""
MOST_RUNS = 200
"""Runs that are drawn over one another."""
MOST_KERNELS, MOST_BLOCKS = 256, 16
"""Kernels of a block, and blocks, that are shown."""


class Stretch(NamedTuple):
    """Some steps on end: the middle one, and the mean, least and largest value."""

    step: float
    mean: float
    low: float
    high: float


class Rate(NamedTuple):
    """From `step` on, the learning rate."""

    step: int
    learning_rate: float


class Test(NamedTuple):
    """The errors are shares of 1."""

    step: int
    loss: float
    top1_error: float
    top5_error: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One run. `per_epoch` is the number of steps of an epoch, where an epoch is over."""

    name: str
    loss: Sequence[Stretch]
    error: Sequence[Stretch]
    """The top-1 errors of the training batches, shares of 1; empty where they are not known."""
    rates: Sequence[Rate]
    tests: Sequence[Test]
    last: int
    per_epoch: int | None


@dataclass(frozen=True, slots=True)
class Curves:
    """A picture of one run, or of several over one another, in one of `draw.FORMATS`."""

    curves: Sequence[Curve]
    title: str
    form: str = "png"


@dataclass(frozen=True, slots=True)
class Block:
    """One group's kernels (kernels, channels, height, width), the first of `count`."""

    name: str
    kernels: NDArray[np.floating[Any]]
    count: int


@dataclass(frozen=True, slots=True)
class Kernels:
    """A picture of blocks of kernels."""

    blocks: Sequence[Block]
    title: str


class Mistake(NamedTuple):
    """So many images of a class are taken for another one, of so many that show it."""

    name: str
    taken_for: str
    images: int
    of: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """A picture of which classes are taken for which.

    `matrix` has the images of each class (row) that are taken for each class (column), or is None for more
    than `MOST_CLASSES`: then `mistakes`, the most frequent first, and the `recalls` of the classes are drawn.
    """

    MOST_CLASSES: ClassVar[int] = 40
    MOST_MISTAKES: ClassVar[int] = 30

    names: Sequence[str]
    matrix: Sequence[Sequence[int]] | None
    mistakes: Sequence[Mistake]
    recalls: Sequence[float]
    title: str
    form: str = "png"


Picture = Curves | Kernels | Confusion


def curves_of(runs: Mapping[str, History], title: str, form: str = "png") -> Curves:
    """The picture of one run or several, by name."""
    if len(runs) > MOST_RUNS:
        title = f"{title}, the first {MOST_RUNS} shown"
    return Curves([_curve(*run) for run in list(runs.items())[:MOST_RUNS]], title, form)


def kernels_of(blocks: Mapping[str, NDArray[np.floating[Any]]], title: str) -> Kernels:
    """The picture of kernels (kernels, channels, height, width) by the name of their block."""
    shown = list(blocks.items())[:MOST_BLOCKS]
    return Kernels([Block(name, kernels[:MOST_KERNELS], len(kernels)) for name, kernels in shown], title)


def _curve(name: str, history: History) -> Curve:
    tests = [Test(*test) for test in history.evaluations]
    every = -(-len(tests) // MOST_TESTS) or 1
    return Curve(
        name,
        _stretches(history.loss.points),
        _stretches(history.error.points),
        _changes(history.learning_rate.points),
        tests[::-every][::-1],
        max([history.step, *(test.step for test in tests)]),
        history.per_epoch,
    )


def _stretches(points: Sequence[Point]) -> list[Stretch]:
    every = -(-len(points) // STRETCHES) or 1
    parts = [points[start : start + every] for start in range(0, len(points), every)]
    return [
        Stretch(
            statistics.fmean(point.step for point in part),
            statistics.fmean(point.mean for point in part),
            min(point.low for point in part),
            max(point.high for point in part),
        )
        for part in parts
    ]


def _changes(points: Sequence[Point]) -> list[Rate]:
    """The learning rate where it changes, and at the last step."""
    rates = [Rate(point.step, point.mean) for point in points]
    last = len(rates) - 1
    return [
        rate
        for index, rate in enumerate(rates)
        if index in (0, last) or rate.learning_rate != rates[index - 1].learning_rate
    ]


def encode(pictures: Sequence[Picture]) -> bytes:
    """A line of JSON, and every block's kernels after it as NumPy writes arrays."""
    import numpy as np

    told: list[dict[str, Any]] = []
    arrays = io.BytesIO()
    for picture in pictures:
        if isinstance(picture, Curves | Confusion):
            told.append(asdict(picture))
            continue
        blocks = [{"name": block.name, "count": block.count} for block in picture.blocks]
        told.append({"blocks": blocks, "title": picture.title})
        for block in picture.blocks:
            np.save(arrays, block.kernels, allow_pickle=False)
    return json.dumps(told).encode() + b"\n" + arrays.getvalue()


def decode(data: bytes) -> list[Picture]:
    """The pictures that `encode` was given."""
    import numpy as np

    stream = io.BytesIO(data)
    pictures: list[Picture] = []
    for told in json.loads(stream.readline()):
        if "curves" in told:
            curves = [
                Curve(
                    curve["name"],
                    [Stretch(*values) for values in curve["loss"]],
                    [Stretch(*values) for values in curve["error"]],
                    [Rate(*values) for values in curve["rates"]],
                    [Test(*values) for values in curve["tests"]],
                    curve["last"],
                    curve["per_epoch"],
                )
                for curve in told["curves"]
            ]
            pictures.append(Curves(curves, told["title"], told["form"]))
        elif "mistakes" in told:
            mistakes = [Mistake(*values) for values in told.pop("mistakes")]
            pictures.append(Confusion(mistakes=mistakes, **told))
        else:
            blocks = [
                Block(b["name"], np.load(stream, allow_pickle=False), b["count"]) for b in told["blocks"]
            ]
            pictures.append(Kernels(blocks, told["title"]))
    return pictures
