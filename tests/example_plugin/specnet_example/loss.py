"""`brier`: the squared distance of the softmax from the right answer, and a price for large activations."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from specnet.numerics.randomness import Array
from specnet.recipe.heads import Softmax
from specnet.recipe.losses import Loss
from specnet.schema.fields import NonNegative


class Brier(Loss):
    """sum over classes of (softmax(logits) - one hot)^2, plus `penalty` times the squares of `sparse`'s
    outputs; the mean over the batch (Brier 1950)."""

    kind: Literal["brier"] = "brier"
    logits: Annotated[str, Field(description="The layer whose outputs are the logits.")]
    sparse: Annotated[str, Field(description="The layer whose outputs shall be small.")]
    penalty: Annotated[NonNegative, Field(description="What a square costs.")] = 0.0

    reads = ("logits", "sparse")
    head = Softmax()

    def per_image(self, outputs: Array, labels: NDArray[np.int64]) -> Array:
        """Without the penalty: it is no part of how well an image is classified."""
        error = np.exp(outputs) - np.eye(outputs.shape[1])[labels]
        squares: Array = (error**2).sum(axis=1)
        return squares
