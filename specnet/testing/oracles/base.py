"""What an oracle takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

Pullback = Callable[[Values], tuple[list[Values], dict[str, Values]]]
"""From the gradient of the output to the gradients of every argument and of the weights by role."""


Rounding = Callable[[Values], Values]
"""Values as another program might have rounded them; the same values if nobody asks what rounding does."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Training or evaluation, and the dropout mask (1 keeps, 0 drops) if the layer needs one.

    An oracle puts `rounded` on terms that may cancel; on all it takes and gives the interpreter does.
    """

    training: bool
    keep: NDArray[np.uint8] | None = None
    rounded: Rounding = np.asarray


@dataclass(frozen=True, slots=True)
class Result:
    """A layer's output, the way back, and the running statistics as they are afterwards."""

    output: Values
    pullback: Pullback
    updates: dict[str, Values] = field(default_factory=dict)


Oracle = Callable[[Any, Sequence[Values], Mapping[str, Values], Circumstances], Result]
"""An oracle takes the layer (one share's), an array for each argument, and the weights by role."""
