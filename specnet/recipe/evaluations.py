"""Which part of a test image is looked at."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.schema.fields import Count
from specnet.schema.strict import Strict


class Evaluation(Strict):
    """Base of all evaluation kinds, which are registered in the entry-point group `specnet.evaluations`."""

    kind: str


class CenterCrop(Evaluation):
    """Evaluate the window of `size` in the middle of each image."""

    kind: Literal["center_crop"] = "center_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]


class TenCrop(Evaluation):
    """Average the softmax over the four corners, the centre, and their mirrors (the paper, section 4.1)."""

    kind: Literal["ten_crop"] = "ten_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]
