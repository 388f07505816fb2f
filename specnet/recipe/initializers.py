"""Where the values of a parameter start: `training.weights`, or `weights` of one layer.

The classes are declarations; `sample` draws from the stream it is given, so a value depends on the seed and
the parameter's name alone. It scales what it has drawn in place: a dense layer's values in float64 are large.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.schema.fields import NonNegative, Number
from specnet.schema.strict import Strict

if TYPE_CHECKING:
    import numpy as np

    from specnet.numerics.randomness import Array


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of one unit for weights laid out (out, in, ...)."""
    window = math.prod(shape[2:])
    return (shape[1] * window if len(shape) > 1 else shape[0]), shape[0] * window


def _uniform(stream: np.random.RandomState, shape: tuple[int, ...], bound: float) -> Array:
    """Uniform values in [-bound, bound)."""
    values = stream.random_sample(shape)
    values *= 2
    values -= 1
    values *= bound
    return values


class Initializer(Strict):
    """Base of all initializer kinds, which are registered in the entry-point group `specnet.initializers`."""

    kind: str

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        """Values of a parameter of `shape`, float64, drawn from `stream` alone."""
        raise NotImplementedError


class Normal(Initializer):
    """Normal values of mean 0 and standard deviation `std` (the paper, section 5: 0.01)."""

    kind: Literal["normal"] = "normal"
    std: Annotated[NonNegative, Field(description="Standard deviation.")]

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        values = stream.standard_normal(shape)
        values *= self.std
        return values


class HeNormal(Initializer):
    """Normal values of standard deviation sqrt(2 / fan_in) (He et al. 2015, equation 10)."""

    kind: Literal["he_normal"] = "he_normal"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        values = stream.standard_normal(shape)
        values *= math.sqrt(2 / fans(shape)[0])
        return values


class HeUniform(Initializer):
    """Uniform values within sqrt(6 / fan_in) of 0, whose variance is that of `he_normal` (He et al. 2015)."""

    kind: Literal["he_uniform"] = "he_uniform"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return _uniform(stream, shape, math.sqrt(6 / fans(shape)[0]))


class GlorotUniform(Initializer):
    """Uniform values within sqrt(6 / (fan_in + fan_out)) of 0 (Glorot and Bengio 2010, equation 16)."""

    kind: Literal["glorot_uniform"] = "glorot_uniform"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return _uniform(stream, shape, math.sqrt(6 / sum(fans(shape))))


class Constant(Initializer):
    """Every value is `value`."""

    kind: Literal["constant"] = "constant"
    value: Annotated[Number, Field(description="The value of every weight.")]

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return stream.random_sample(shape) * 0 + self.value


DEFAULT = GlorotUniform()
"""Used where a spec says nothing, as Keras does."""
