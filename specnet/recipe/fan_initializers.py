"""Initial values by how many units a parameter connects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.recipe.initializers import Initializer, fans, normal, uniform

if TYPE_CHECKING:
    import numpy as np

    from specnet.numerics.randomness import Array


class _OfFan(Initializer):
    """Whose size follows from the inputs or the outputs of a unit."""

    fan: Annotated[
        Literal["in", "out"],
        Field(description="Whether the values that a unit reads count, or those that read an input."),
    ] = "in"

    def _counted(self, shape: tuple[int, ...]) -> int:
        return fans(shape)[self.fan == "out"]


class HeNormal(_OfFan):
    """Normal values of standard deviation sqrt(2 / fan_in) (He et al. 2015, equation 10), or of
    sqrt(2 / fan_out) (equation 14), which `torch.nn.init.kaiming_normal_` calls `mode="fan_out"`."""

    kind: Literal["he_normal"] = "he_normal"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return normal(stream, shape, math.sqrt(2 / self._counted(shape)))


class HeUniform(_OfFan):
    """Uniform values within sqrt(6 / fan_in) of 0, or sqrt(6 / fan_out), whose variance is that of
    `he_normal` (He et al. 2015)."""

    kind: Literal["he_uniform"] = "he_uniform"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return uniform(stream, shape, math.sqrt(6 / self._counted(shape)))


class LeCunNormal(Initializer):
    """Normal values of standard deviation sqrt(1 / fan_in) (LeCun et al. 1998, section 4.6)."""

    kind: Literal["lecun_normal"] = "lecun_normal"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return normal(stream, shape, math.sqrt(1 / fans(shape)[0]))


class LeCunUniform(Initializer):
    """Uniform values within sqrt(3 / fan_in) of 0, whose variance is that of `lecun_normal`: Caffe's filler
    `xavier`, as it is without `variance_norm`."""

    kind: Literal["lecun_uniform"] = "lecun_uniform"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return uniform(stream, shape, math.sqrt(3 / fans(shape)[0]))


class GlorotNormal(Initializer):
    """Normal values of standard deviation sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 12),
    not cut, as in PyTorch."""

    kind: Literal["glorot_normal"] = "glorot_normal"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return normal(stream, shape, math.sqrt(2 / sum(fans(shape))))
