"""What a run writes down: how far it is, in each checkpoint's `state.json`, and the lines of `metrics.jsonl`.

Each record has one reader and one writer, here. A run may come from a stranger: readers take what a trainer
writes, in the bounds that it has, and pass over what later versions may have added.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeGuard

from pydantic import BeforeValidator, ConfigDict, Field, Strict, TypeAdapter, ValidationError

from specnet.recipe.metrics import NAME
from specnet.storage import reading
from specnet.text import decimal, printable

LARGEST = 10**15
"""A step that no run reaches."""
LARGEST_STATE = 2**23
"""Bytes of a `state.json`. That of a thousand epochs on twenty thousand classes has some million."""

Count = Annotated[int, Strict(), Field(ge=0, lt=LARGEST)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=True)]
Text = Annotated[str, Strict()]
MOST_METRICS = 100
"""Metrics of an evaluation that are taken up."""
MetricName = Annotated[str, Field(pattern=f"^{NAME}$")]


@dataclass(frozen=True)
class Evaluation:
    """The mean loss, the fraction of images whose class is not the first, and what else was measured, in its
    order: the fraction whose class is not among the first five, for one.

    All of it stands side by side where it is written down.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    loss: Number
    top1_error: Number
    top5_error: Number | None = None
    """None where it was not measured."""
    others: Annotated[Mapping[MetricName, Number], Field(max_length=MOST_METRICS)] = field(
        default_factory=dict, hash=False
    )
    """The numbers of other metrics by their names."""

    def as_json(self) -> dict[str, float]:
        return {"loss": self.loss, **self.metrics}

    @property
    def metrics(self) -> dict[str, float]:
        """What was measured beside the loss, by name."""
        top5 = {} if self.top5_error is None else {"top5_error": self.top5_error}
        return {"top1_error": self.top1_error, **top5, **self.others}

    @classmethod
    def of(cls, written: Mapping[str, float]) -> Evaluation:
        """From all of it side by side, as `as_json` has it."""
        return cls(**_apart(written))

    def rank(self) -> tuple[float, float]:
        """What makes a checkpoint the best: the lowest top-1 error, then the lowest loss."""
        return (self.top1_error, self.loss if math.isfinite(self.loss) else math.inf)

    def __str__(self) -> str:
        measured = (f"{in_words(name)} {shown(name, value)}" for name, value in self.metrics.items())
        return f"test loss {decimal(self.loss)}, {', '.join(measured)}"


_OWN = ("loss", "top1_error", "top5_error")
"""What has a field of its own."""
_TOP_K = re.compile(r"top(\d+)_error")


def in_words(metric: str) -> str:
    """The name of a metric for people: `top-5 error`."""
    return re.sub("^top(?=[0-9])", "top-", metric).replace("_", " ")


def shown(metric: str, value: float) -> str:
    """The number of a metric for people: errors in percent."""
    return f"{value:.2%}" if _TOP_K.fullmatch(metric) else decimal(value)


def _apart(content: Any) -> Any:
    """An evaluation as it is written down, with the metrics that have no field of their own in one."""
    if not isinstance(content, Mapping):
        return content
    others = {name: value for name, value in content.items() if name not in _OWN}
    return {**{name: content[name] for name in _OWN if name in content}, "others": others}


Written = Annotated[Evaluation, BeforeValidator(_apart)]
Evaluations = Annotated[tuple[Written, ...], Field(fail_fast=True)]
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
    evaluation: Written | None = None
    """That of the weights as they are saved, if they were evaluated."""

    def as_json(self) -> dict[str, Any]:
        """The content of `state.json`."""
        unsaid = {"normalize": False, "steps_per_epoch": 0, "stop": 0, "train_images": 0, "statistics": None}
        said = {"schema_version": 1, **{part.name: getattr(self, part.name) for part in fields(self)}}
        said["evaluations"] = [evaluation.as_json() for evaluation in self.evaluations]
        said["evaluation"] = self.evaluation and self.evaluation.as_json()
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
    top1_error: float | None = None
    """The fraction of the batch that was classified wrong, before the update; None where the backend does not
    tell, or as long as the device is at it."""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class EvaluationLine(Line):
    """The test images, classified after a step. None where the scores are not what a trainer writes."""

    evaluation: Evaluation | None

    def as_json(self) -> dict[str, Any]:
        scores = self.evaluation and self.evaluation.as_json()
        return {"step": self.step, "epoch": self.epoch, "evaluation": scores}


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
        return EvaluationLine(step, epoch, _evaluation_of(content["evaluation"]))
    if "stopped" in content:
        named = content.get("samples")
        samples = tuple(map(str, named)) if isinstance(named, list) else ()
        return StopLine(step, epoch, str(content["stopped"]), samples)
    measured = ("loss", "learning_rate", "images_per_second", "data_wait")
    values = _numbers({"data_wait": math.nan, **content}, *measured)
    if not values or "epoch" not in content:
        return Line(step, epoch)
    return StepLine(step, epoch, *values, *(_numbers(content, "top1_error") or ()))


def _evaluation_of(content: object) -> Evaluation | None:
    """The scores that a line tells; what is no metric is passed over."""
    if _numbers(content, "loss", "top1_error") is None:
        return None
    assert isinstance(content, dict)
    read = {n: _float(v) for n, v in content.items() if re.fullmatch(NAME, n) and isinstance(v, int | float)}
    for beyond in [name for name in read if name not in _OWN][MOST_METRICS:]:
        del read[beyond]
    return Evaluation.of(read)


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
