"""`unit_length`: initial values that make every unit's weights a vector of length 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from specnet.recipe.initializers import Initializer

if TYPE_CHECKING:
    import numpy as np

    from specnet.numerics.randomness import Array


class UnitLength(Initializer):
    """A random direction for each unit: weights whose squares are 1 in sum (Salimans and Kingma 2016)."""

    kind: Literal["unit_length"] = "unit_length"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        values = stream.standard_normal(shape)
        squares: Array = (values**2).sum(axis=tuple(range(1, len(shape))), keepdims=True)
        return values / squares**0.5
