"""`worst_recall`: how the class fares that fares worst."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from specnet.recipe.metrics import Metric
from specnet.schema.fields import Count

if TYPE_CHECKING:
    from specnet.numerics.randomness import Array
    from specnet.recipe.answers import Answers


class WorstRecall(Metric):
    """The least of the classes' recalls, among the classes with at least `images` images."""

    kind: Literal["worst_recall"] = "worst_recall"
    images: Annotated[Count, Field(description="How many images a class needs to count.")] = 1

    @property
    def name(self) -> str:
        return "worst_recall" if self.images == 1 else f"worst_recall_of_{self.images}"

    def tally(self, answers: Answers) -> Array:
        classes, right = answers.outputs.shape[1], answers.labels[answers.ranks == 0]
        counts = [np.bincount(which, minlength=classes) for which in (right, answers.labels)]
        return np.array(counts, dtype=np.float64)

    def value(self, sums: Array) -> float:
        right, images = sums[:, sums[1] >= self.images]
        return float((right / images).min()) if len(images) else float("nan")
