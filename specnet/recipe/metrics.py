"""What an evaluation measures beside the loss, from the network's answers to the test images.

A kind says what the images of a batch add to its sums, and what number the sums of all images are. Nothing
else is kept, so that an evaluation takes as much memory for a million images as for a hundred, and tells the
same whatever its batches are. The same functions serve every backend.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError

from specnet.schema.fields import Count
from specnet.schema.kinds import of_kind
from specnet.schema.strict import Strict
from specnet.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.numerics.randomness import Array
    from specnet.recipe.answers import Answers
    from specnet.recipe.heads import Values

NAME = "[a-z][a-z0-9_]{0,99}"
"""The pattern of what the number of a metric is called."""
MANY_CLASSES = 6
"""Classes from which on the top-5 error tells anything."""


class Metric(Strict):
    """Base of all metric kinds, which are registered in the entry-point group `specnet.metrics`."""

    kind: str

    @property
    def name(self) -> str:
        """What the number is called where it is written down: lower case, `_` between words."""
        return self.kind

    def tally(self, answers: Answers) -> Array:
        """What these images add to the sums: an array of one shape for any number of images of a network."""
        raise NotImplementedError

    def value(self, sums: Array) -> float:
        """The number, from the tallies of all images added up. There is at least one image."""
        raise NotImplementedError

    def unfit(self, outputs: int, head: Values) -> tuple[str, str] | None:
        """Why it tells nothing about a network of so many outputs, with such a head, and what to do instead;
        None if it tells something."""
        return None

    def misnamed(self) -> tuple[str, str] | None:
        """Why its name cannot be written down, and whose business that is; None if it can."""
        if re.fullmatch(NAME, self.name) and self.name != "loss":
            return None
        message = f"the metric '{self.kind}' calls its number '{one_line(self.name)}'"
        return message, "its package has to call it by lower case letters, digits and '_', and not 'loss'"


class TopK(Metric):
    """The fraction of images whose class is not among the `k` likeliest; between equal answers the lower
    label comes first."""

    kind: Literal["top_k"] = "top_k"
    k: Annotated[Count, Field(description="How many guesses there are; the top-1 error is always measured.")]

    @property
    def name(self) -> str:
        return f"top{self.k}_error"

    def tally(self, answers: Answers) -> Array:
        import numpy as np

        return np.array([(answers.ranks >= self.k).sum(), len(answers.labels)], dtype=np.float64)

    def value(self, sums: Array) -> float:
        wrong, images = sums
        return float(wrong / images)

    def unfit(self, outputs: int, head: Values) -> tuple[str, str] | None:
        if self.k == 1:
            return "the top-1 error is always measured", "use a k of 2 or more, or leave it out"
        if self.k < outputs:
            return None
        hint = f"use a k below {outputs}" if outputs > 2 else "leave it out"
        return f"the top-{self.k} error of {outputs} outputs is always 0", hint


class MeanPerClassRecall(Metric):
    """The mean of the classes' recalls, also called balanced accuracy: of the images of a class, the fraction
    that are taken for it. A class without images does not count."""

    kind: Literal["mean_per_class_recall"] = "mean_per_class_recall"

    def tally(self, answers: Answers) -> Array:
        return _of_classes(answers)

    def value(self, sums: Array) -> float:
        right, images, _ = sums
        shown = images > 0
        return float((right[shown] / images[shown]).mean())


class F1(Metric):
    """The mean of the classes' F1 scores, 2 * right / (images of the class + images that are taken for it). A
    class that no image shows, and none is taken for, does not count."""

    kind: Literal["f1"] = "f1"

    def tally(self, answers: Answers) -> Array:
        return _of_classes(answers)

    def value(self, sums: Array) -> float:
        right, images, taken = sums
        there = images + taken > 0
        return float((2 * right[there] / (images + taken)[there]).mean())


class ExpectedCalibrationError(Metric):
    """How far probabilities are from what they promise (Guo et al. 2017, equation 3).

    Images are parted into `bins` of equal width, upper ends included, by the probability of the class that
    they are taken for. In each bin the mean of these probabilities differs from the fraction of its images
    that are taken for the right class; the differences are averaged over the images.
    """

    kind: Literal["expected_calibration_error"] = "expected_calibration_error"
    bins: Annotated[Count, Field(le=1000, description="Into how many parts the images are parted.")] = 15

    def tally(self, answers: Answers) -> Array:
        import numpy as np

        assert answers.probabilities is not None
        chosen = answers.probabilities[np.arange(len(answers.labels)), answers.predicted]
        ends = np.arange(1, self.bins) / self.bins
        bins = np.searchsorted(ends, chosen, side="left")
        surplus = chosen - (answers.predicted == answers.labels)
        return np.stack([np.bincount(bins, surplus, self.bins), np.bincount(bins, minlength=self.bins)])

    def value(self, sums: Array) -> float:
        import numpy as np

        surplus, images = sums
        return float(np.abs(surplus).sum() / images.sum())

    def unfit(self, outputs: int, head: Values) -> tuple[str, str] | None:
        if head.function is not None:
            return None
        return "the outputs of this network are not probabilities", "use a loss whose outputs are logits"


def written_metric(part: Any) -> Metric | None:
    """A metric as it stands in a file, if it is sound."""
    with suppress(ValidationError, PydanticCustomError):
        metric: Metric = of_kind(part, "specnet.metrics", "metric")
        return metric
    return None


def measured(asked: Sequence[Metric] | None, classes: int) -> list[Metric]:
    """What an evaluation measures: the top-1 error, and what is asked for. None for what is usual: the top-5
    error, where there are more than five classes."""
    if asked is None:
        asked = [TopK(k=5)] if classes >= MANY_CLASSES else []
    first = TopK(k=1)
    return [first, *(metric for metric in asked if metric.name != first.name)]


def _of_classes(answers: Answers) -> Array:
    """For each class the images that are rightly taken for it, that show it, and that are taken for it."""
    import numpy as np

    classes = answers.outputs.shape[1]
    predicted, labels = answers.predicted, answers.labels

    def count(which: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(which, minlength=classes)

    return np.stack([count(labels[predicted == labels]), count(labels), count(predicted)]).astype(np.float64)
