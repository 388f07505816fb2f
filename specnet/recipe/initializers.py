"""Where the values of a parameter start: `training.weights`, or `weights` of one layer.

The classes are declarations; `sample` draws from the stream it is given, so a value depends on the seed and
the parameter's name alone. It scales what it has drawn in place: a dense layer's values in float64 are large.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from specnet.schema.fields import NonNegative, Number, Positive
from specnet.schema.strict import Strict, schema_error

if TYPE_CHECKING:
    import numpy as np

    from specnet.numerics.randomness import Array


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of one unit for weights laid out (out, in, ...).

    Where kernels are not shared there is one for each output pixel, in two last sizes.
    """
    window = math.prod(shape[2:4])
    return (shape[1] * window if len(shape) > 1 else shape[0]), shape[0] * window


def normal(stream: np.random.RandomState, shape: tuple[int, ...], std: float) -> Array:
    """Normal values of mean 0."""
    values = stream.standard_normal(shape)
    values *= std
    return values


def uniform(stream: np.random.RandomState, shape: tuple[int, ...], bound: float) -> Array:
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
        return normal(stream, shape, self.std)


class TruncatedNormal(Initializer):
    """Normal values of mean 0 and standard deviation `std`, those more than 2 * `std` off drawn again, as
    TensorFlow and Keras do. What is left has a standard deviation of 0.87963 * `std`."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    std: Annotated[NonNegative, Field(description="Standard deviation before the cut at twice as much.")]

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        import numpy as np

        values = stream.standard_normal(shape)
        flat = values.reshape(-1)
        off = np.flatnonzero(abs(flat) > 2)
        while len(off):
            flat[off] = stream.standard_normal(len(off))
            off = off[abs(flat[off]) > 2]
        values *= self.std
        return values


class Uniform(Initializer):
    """Uniform values from `low` up to `high`."""

    kind: Literal["uniform"] = "uniform"
    low: Annotated[Number, Field(description="The least value.")]
    high: Annotated[Number, Field(description="What all values are below.")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            message = f"low is less than high, got {self.low:g} and {self.high:g}"
            raise schema_error("range", message, "for example low: -0.05, high: 0.05")
        return self

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        values = stream.random_sample(shape)
        values *= self.high - self.low
        values += self.low
        return values


class GlorotUniform(Initializer):
    """Uniform values within sqrt(6 / (fan_in + fan_out)) of 0 (Glorot and Bengio 2010, equation 16)."""

    kind: Literal["glorot_uniform"] = "glorot_uniform"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return uniform(stream, shape, math.sqrt(6 / sum(fans(shape))))


class Orthogonal(Initializer):
    """`gain` times a random matrix (out, in * height * width) with orthonormal rows, or columns where there
    are more rows (Saxe et al. 2014). A share of a split layer is a matrix of its own.

    It is the Q of a matrix of normal values, with the signs that make the diagonal of R positive: only then
    is it the same whoever computes it.
    """

    kind: Literal["orthogonal"] = "orthogonal"
    gain: Annotated[Positive, Field(description="The length of each row, or column.")] = 1.0

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        import numpy as np

        normal = stream.standard_normal((shape[0], math.prod(shape[1:])))
        wide = normal.shape[0] < normal.shape[1]
        q, r = np.linalg.qr(normal.T if wide else normal)
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain)
        values: Array = np.ascontiguousarray(q.T if wide else q).reshape(shape)
        return values


class Constant(Initializer):
    """Every value is `value`."""

    kind: Literal["constant"] = "constant"
    value: Annotated[Number, Field(description="The value of every weight.")]

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return stream.random_sample(shape) * 0 + self.value


DEFAULT = GlorotUniform()
"""Used where a spec says nothing, as Keras does."""
