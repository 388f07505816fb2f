"""What the outputs of a network's head mean: how views of an image are averaged, and what probabilities are.

Outputs are (images, outputs), float64. An average is again outputs of the same meaning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from specnet.numerics.randomness import Array


class Values:
    """Outputs are what they are: of two classes the one with the larger output is likelier."""

    function: ClassVar[str | None] = None
    """The activation function that the loss itself applies to the outputs, which therefore are logits."""

    def averaged(self, views: Iterable[Array]) -> Array:
        """What the outputs for several views of the images say together."""
        total, count = _summed(views)
        return total / count

    def probabilities(self, outputs: Array) -> Array | None:
        """The classes' probabilities; None if the outputs do not tell any."""
        return None


class Softmax(Values):
    """Logits whose softmax are the probabilities of classes, one of which is right.

    What is averaged is the softmax, and the average is its logarithm. It comes from the logits and never from
    a probability, which is 0 from 745 below the largest logit on. A logit that is NaN or +inf makes the row
    NaN, as it does the loss of a training step.
    """

    function = "softmax"

    def averaged(self, views: Iterable[Array]) -> Array:
        import numpy as np

        total: Array | None = None
        count = 0
        for logits in views:
            logarithms = _log_softmax(logits)
            with np.errstate(invalid="ignore"):
                total = logarithms if total is None else np.logaddexp(total, logarithms)
            count += 1
        assert total is not None
        return total - math.log(count)

    def probabilities(self, outputs: Array) -> Array:
        import numpy as np

        return np.exp(outputs)


class Sigmoid(Values):
    """Logits whose sigmoid are the probabilities of independent answers.

    What is averaged is the sigmoid, and the average is its logit, log(p) - log(1 - p), each of the two from
    the logits.
    """

    function = "sigmoid"

    def averaged(self, views: Iterable[Array]) -> Array:
        import numpy as np

        yes: Array | None = None
        no: Array | None = None
        for logits in views:
            with np.errstate(invalid="ignore"):
                agreed, denied = -np.logaddexp(0, -logits), -np.logaddexp(0, logits)
                yes = agreed if yes is None else np.logaddexp(yes, agreed)
                no = denied if no is None else np.logaddexp(no, denied)
        assert yes is not None
        assert no is not None
        return yes - no

    def probabilities(self, outputs: Array) -> Array:
        import numpy as np

        return np.exp(-np.logaddexp(0, -outputs))


def _log_softmax(logits: Array) -> Array:
    """log(exp(x) / sum of exp(x)) for each row, by the differences to its largest value."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told by the loss
        below = logits - logits.max(axis=1, keepdims=True)
        logarithms: Array = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
    return logarithms


def _summed(views: Iterable[Array]) -> tuple[Array, int]:
    total: Array | None = None
    count = 0
    for outputs in views:
        total = outputs if total is None else total + outputs
        count += 1
    assert total is not None
    return total, count
