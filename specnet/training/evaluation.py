"""How well a network classifies: its loss and the metrics of the recipe, computed here for every backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from specnet.backend.protocol import Executable
from specnet.data.base import Images
from specnet.numerics.randomness import Array
from specnet.plans.plan import Plan
from specnet.recipe.answers import Answers
from specnet.recipe.metrics import Metric
from specnet.runs import metrics
from specnet.runs.records import Evaluation, in_words, shown
from specnet.runs.step_records import Records, step_records
from specnet.storage import reading
from specnet.text import html_table
from specnet.training.batches import Inputs
from specnet.training.report import Report

LARGEST_PICTURE = 2**24
"""Bytes of a `curves.png` that is shown."""


@dataclass(frozen=True)
class Result:
    """A finished run: where it lies, how many steps it took, and how well it classifies at the end."""

    run_dir: Path
    step: int
    evaluation: Evaluation
    report: Report | None = None
    """How it does on each class, if the test images were classified for it: by `evaluate`."""

    @cached_property
    def history(self) -> Records:
        """What became of the run step by step, as its `metrics.jsonl` tells: a list of records.

        Raises `RunError` if the file cannot be read.
        """
        return step_records(metrics.lines(self.run_dir / metrics.NAME))

    def __str__(self) -> str:
        return f"{self.run_dir}: step {self.step}, {self.evaluation}"

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures, and the run's curves as they were drawn last."""
        from base64 import b64encode

        scores = self.evaluation
        head = ("run", "step", "test loss", *map(in_words, scores.metrics))
        figures = (f"{scores.loss:.4f}", *(shown(name, value) for name, value in scores.metrics.items()))
        row = (str(self.run_dir), f"{self.step:,}", *figures)
        table = html_table(head, [row], right=range(1, len(head)))
        try:
            curves = b64encode(reading.read(self.run_dir / "curves.png", LARGEST_PICTURE)).decode()
        except (OSError, reading.Unfit):
            return table
        picture = f'<img alt="curves" style="max-width:100%" src="data:image/png;base64,{curves}">'
        return table + picture


def answers(executable: Executable, plan: Plan, inputs: Inputs, pixels: NDArray[np.uint8]) -> Array:
    """What the head says of each image, averaged over the image's views as the loss says; (n, outputs),
    float64. For a softmax these are the logarithms of its average."""
    assert plan.loss is not None
    assert plan.head is not None
    (name,) = plan.inputs
    outputs = (executable.forward({name: view})[plan.head] for view in inputs.views(pixels))
    return plan.loss.head.averaged(array.astype(np.float64) for array in outputs)


def evaluate(
    executable: Executable,
    plan: Plan,
    inputs: Inputs,
    images: Images,
    batch_size: int,
    metrics: Sequence[Metric],
    progress: Callable[[int, int], None] | None = None,
    tell: Callable[[Answers], None] = lambda told: None,
) -> Evaluation:
    """Classify all images. `progress` is called with images done and images in all, `tell` with the answers
    to some of them."""
    assert plan.loss is not None
    losses: list[Array] = []
    sums: list[Array] = []
    for start in range(0, len(images), batch_size):
        pixels, labels = images.read(np.arange(start, min(start + batch_size, len(images))))
        told = Answers(answers(executable, plan, inputs, pixels), labels, plan.loss.head)
        losses.append(plan.loss.per_image(told.outputs, labels))
        tell(told)
        tallies = [metric.tally(told) for metric in metrics]
        sums = [total + more for total, more in zip(sums, tallies, strict=True)] if sums else tallies
        if progress:
            progress(start + len(labels), len(images))
    with np.errstate(over="ignore"):
        loss = float(np.concatenate(losses).mean())
    values = {metric.name: metric.value(total) for metric, total in zip(metrics, sums, strict=True)}
    return Evaluation.of({"loss": loss, **values})
