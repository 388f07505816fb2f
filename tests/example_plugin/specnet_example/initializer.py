"""`lecun_normal`: initial values of which a unit's sum has the variance of its inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from specnet.recipe.initializers import Initializer, fans

if TYPE_CHECKING:
    import numpy as np

    from specnet.numerics.randomness import Array


class LeCunNormal(Initializer):
    """Normal values of standard deviation sqrt(1 / fan_in) (LeCun et al. 1998, section 4.6)."""

    kind: Literal["lecun_normal"] = "lecun_normal"

    def sample(self, stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        fan_in, _ = fans(shape)
        return stream.standard_normal(shape) / math.sqrt(fan_in)
