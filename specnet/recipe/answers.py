"""What a network says of test images, and what they show: what metrics and reports are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.numerics.randomness import Array
    from specnet.recipe.heads import Values


@dataclass(frozen=True)
class Answers:
    """The answers to some images. `outputs` (n, classes), float64, are the head's, averaged over the views of
    an image as `head` says; `labels` (n,) are the classes that the images show."""

    outputs: Array
    labels: NDArray[np.int64]
    head: Values

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """How many classes come before the right one, (n,). Between equal outputs the lower label comes
        first; all come before one whose output is not a number."""
        import numpy as np

        scores, labels = self.outputs, self.labels
        own = scores[np.arange(len(labels)), labels][:, None]
        earlier = np.arange(scores.shape[1]) < labels[:, None]
        before: NDArray[np.int64] = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
        return np.where(np.isnan(own[:, 0]), scores.shape[1], before)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The class that each image is taken for, (n,): the one with the largest output, of equal ones the
        first."""
        import numpy as np

        first: NDArray[np.int64] = np.where(np.isnan(self.outputs), -np.inf, self.outputs).argmax(axis=1)
        return first

    @cached_property
    def probabilities(self) -> Array | None:
        """The probabilities of the classes, (n, classes); None if the outputs do not tell any."""
        return self.head.probabilities(self.outputs)
