"""What an oracle takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.backend.batch import Labels
from specnet.backend.kinds import Kinds
from specnet.layers.functions import ActivationFunction

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


Weights = Mapping[str, Values]
"""Parameters by role."""

Pull = Callable[[Values], Values]
"""From the gradient of the output to that of the one input."""

Oracle = Callable[[Any, Sequence[Values], Weights, Circumstances], Result]
"""An oracle takes the layer (one share's), an array for each argument, and the weights by role."""

layer_oracle: Kinds[Oracle] = Kinds("oracle", "layer")

activation_oracle: Kinds[Callable[..., tuple[Values, Pull]]] = Kinds("oracle", "activation")
"""An oracle takes values, and the function's numbers by name; it gives its values and the way back."""


def oracle_of(function: ActivationFunction, what: str) -> Callable[[Values], tuple[Values, Pull]]:
    """The oracle of an activation function with its numbers; `what` needs it."""
    return activation_oracle.with_options(function.kind, function.options, what)


loss_oracle: Kinds[Callable[[Any, Sequence[Values], Labels], tuple[float, list[Values]]]]
loss_oracle = Kinds("oracle", "loss")
"""An oracle takes the loss, what it reads in order, and the labels; it gives the mean over the images and its
gradient by each value."""

Slots = Mapping[str, Values]

optimizer_oracle: Kinds[
    Callable[[Any, Values, Slots, Values, float, float], tuple[Values, dict[str, Values]]]
]
optimizer_oracle = Kinds("oracle", "optimizer")
"""An oracle takes the optimizer, a parameter, its slots, its gradient, and the rate and the weight decay of
its role; it gives the parameter and the slots after the step."""
