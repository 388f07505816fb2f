"""`state.json` of a checkpoint: how far a run has come, and what it was started with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from specnet.storage import reading
from specnet.text import printable

LARGEST = 2**23
"""Bytes. The state of a thousand epochs on twenty thousand classes has some million."""

Count = Annotated[int, Field(ge=0, lt=10**15)]
Number = Annotated[float, Field(allow_inf_nan=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Scores(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    loss: Number
    top1_error: Number
    top5_error: Number


NAMED = ("seed", "precision", "data", "classes")
"""What readers count on; a state that does not say has the default."""


class _State(_Strict):
    """What a trainer writes; later versions may add to it."""

    step: Count
    evaluations: Annotated[list[_Scores], Field(fail_fast=True)]
    evaluation: _Scores | None = None
    seed: int = 0
    precision: Literal["float32", "float64", "bfloat16", "tf32"] = "float32"
    data: str | None = None
    classes: Annotated[list[str], Field(fail_fast=True)] = []
    micro_batch: Annotated[int, Field(ge=1, lt=10**15)] | None = None
    steps_per_epoch: Count = 0
    stop: Count = 0
    train_images: Count = 0
    statistics: str | None = None


def read(path: Path) -> dict[str, Any]:
    """The content. Raises `ValueError` unless it is what a trainer writes."""
    try:
        content = json.loads(reading.read(path, LARGEST))
        state = _State.model_validate(content)
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the whole"
        raise ValueError(f"{path.name}: {printable(place)[:100]}: {first['msg']}") from None
    return {**{name: getattr(state, name) for name in NAMED}, **content}
