"""What is done to every pixel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.schema.fields import Positive
from specnet.schema.strict import Strict


class Normalization(Strict):
    """Base of all normalization kinds, registered in the entry-point group `specnet.normalizations`."""

    kind: str


class MeanImage(Normalization):
    """Subtract the mean image of the training set (the paper, section 2), then multiply by `scale`."""

    kind: Literal["mean_image"] = "mean_image"
    scale: Annotated[Positive, Field(description="What pixels are multiplied by afterwards.")] = 1.0


class Standardize(Normalization):
    """Subtract each channel's mean over the training set and divide by its standard deviation."""

    kind: Literal["standardize"] = "standardize"
