"""What a run writes down: how far it is, in each checkpoint's `state.json`, and the lines of `metrics.jsonl`.

Each record has one reader and one writer, here. A run may come from a stranger: readers take what a trainer
writes, in the bounds that it has, and pass over what later versions may have added.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeGuard

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError

from specnet.storage import reading
from specnet.text import decimal, printable

LARGEST = 10**15
"""A step that no run reaches."""
LARGEST_STATE = 2**23
"""Bytes of a `state.json`. That of a thousand epochs on twenty thousand classes has some million."""

Count = Annotated[int, Strict(), Field(ge=0, lt=LARGEST)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=True)]
Text = Annotated[str, Strict()]


@dataclass(frozen=True)
class Evaluation:
    """The mean loss and the fractions of images whose class is not the first, or not among the first five."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    loss: Number
    top1_error: Number
    top5_error: Number

    def as_json(self) -> dict[str, float]:
        return asdict(self)

    def rank(self) -> tuple[float, float]:
        """What makes a checkpoint the best: the lowest top-1 error, then the lowest loss."""
        return (self.top1_error, self.loss if math.isfinite(self.loss) else math.inf)

    def __str__(self) -> str:
        errors = f"top-1 error {self.top1_error:.2%}, top-5 error {self.top5_error:.2%}"
        return f"test loss {decimal(self.loss)}, {errors}"


Evaluations = Annotated[tuple[Evaluation, ...], Field(fail_fast=True)]
Names = Annotated[tuple[Text, ...], Field(fail_fast=True)]


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """How far a run is at a checkpoint, and what it is trained with.

    An earlier version, or an import of weights, may not say all of it: that is 0, None or no names.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    seed: Annotated[int, Strict()] = 0
    precision: Literal["float32", "float64", "bfloat16", "tf32"] = "float32"
    data: Text | None = None
    """The request that opens the dataset, KIND or KIND:PATH."""
    normalize: Any = False
    """The normalization of the images as data, None for none; False where it is that of the run's spec."""
    classes: Names = ()
    micro_batch: Annotated[int, Strict(), Field(ge=1, lt=LARGEST)] | None = None
    steps_per_epoch: Count = 0
    stop: Count = 0
    """The step that the training was asked to reach."""
    train_images: Count = 0
    statistics: Text | None = None
    """The SHA-256 of the statistics of the training images."""
    step: Count
    """Updates done."""
    evaluations: Evaluations
    """Those at the end of each epoch."""
    evaluation: Evaluation | None = None
    """That of the weights as they are saved, if they were evaluated."""

    def as_json(self) -> dict[str, Any]:
        """The content of `state.json`."""
        unsaid = {"normalize": False, "steps_per_epoch": 0, "stop": 0, "train_images": 0, "statistics": None}
        said = {"schema_version": 1, **asdict(self)}
        return {name: value for name, value in said.items() if name not in unsaid or value != unsaid[name]}


_PROGRESS = TypeAdapter(RunProgress)


def read_progress(path: Path) -> RunProgress:
    """What a `state.json` says. Raises `ValueError` unless it is what a trainer writes."""
    try:
        return _PROGRESS.validate_python(json.loads(reading.read(path, LARGEST_STATE)))
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the content"
        raise ValueError(f"{path.name}: {printable(place)[:100]}: {first['msg']}") from None


@dataclass(frozen=True)
class Line:
    """A line of `metrics.jsonl`. One of a kind that is not known tells how far the run was, and no more."""

    step: int
    epoch: int
    """Counted from 1; 0 where a line does not say."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class StepLine(Line):
    """A training step. Its loss is NaN as long as the device is at it."""

    loss: float
    learning_rate: float
    images_per_second: float
    data_wait: float
    """Seconds that were spent waiting for the batch."""


@dataclass(frozen=True)
class EvaluationLine(Line):
    """The test images, classified after a step. None where the scores are not what a trainer writes."""

    evaluation: Evaluation | None


@dataclass(frozen=True)
class StopLine(Line):
    """Why a run was stopped at a step: the loss as text, and the samples of its batch."""

    stopped: str
    samples: tuple[str, ...] = ()


def line_of(text: bytes) -> Line | None:
    """A line as a trainer writes it; None for anything that does not say its step."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    step, epoch = content.get("step"), content.get("epoch", 0)
    return _line_of(content, step, epoch) if _is_count(step) and _is_count(epoch) else None


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < LARGEST


def _line_of(content: Mapping[str, Any], step: int, epoch: int) -> Line:
    if "evaluation" in content:
        scores = _numbers(content["evaluation"], "loss", "top1_error", "top5_error")
        return EvaluationLine(step, epoch, Evaluation(*scores) if scores else None)
    if "stopped" in content:
        named = content.get("samples")
        samples = tuple(map(str, named)) if isinstance(named, list) else ()
        return StopLine(step, epoch, str(content["stopped"]), samples)
    measured = ("loss", "learning_rate", "images_per_second", "data_wait")
    values = _numbers({"data_wait": math.nan, **content}, *measured)
    return StepLine(step, epoch, *values) if values and "epoch" in content else Line(step, epoch)


def _numbers(content: object, *names: str) -> list[float] | None:
    """The numbers of these names; None if one is not there, or none."""
    if not isinstance(content, dict):
        return None
    values = [content.get(name) for name in names]
    numbers = [_float(value) for value in values if isinstance(value, int | float)]
    return numbers if len(numbers) == len(names) else None


def _float(value: float) -> float:
    """A number of any size as a float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
