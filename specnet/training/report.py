"""How a network fares on each class of the test images, and which classes it takes for which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from specnet.diagnostics.errors import UsageError
from specnet.plots.draw import FORMATS, draw
from specnet.plots.request import Confusion, Mistake
from specnet.schema.arguments import public
from specnet.storage import atomic
from specnet.text import columns, html_table, plural, shortened

FILES = ("json", *FORMATS)
"""Formats of a file."""
MOST_ROWS, MOST_COLUMNS, MOST_MISTAKES = 50, 20, 20
"""Classes of the table and of the matrix, and pairs of classes, that are printed."""
MOST_IN_JSON = 1000
"""Classes up to which a JSON document has the whole matrix."""
LONGEST_NAME = 40
"""Characters of a class's name in a table."""


class ClassScores(NamedTuple):
    """How a network fares on one class. A fraction of nothing is None."""

    name: str
    images: int
    taken: int
    """Images that are taken for it."""
    right: int
    """Those of them that show it."""

    @property
    def recall(self) -> float | None:
        """Of the images that show it, the fraction that are taken for it."""
        return self.right / self.images if self.images else None

    @property
    def precision(self) -> float | None:
        """Of the images that are taken for it, the fraction that show it."""
        return self.right / self.taken if self.taken else None

    @property
    def f1(self) -> float | None:
        """2 * right / (images + taken), the harmonic mean of recall and precision."""
        both = self.images + self.taken
        return 2 * self.right / both if both else None


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """What is on the test images, and what the network takes it for. `labels` and `predicted` (n,) are the
    numbers of classes in `classes`: those of the data, and further outputs that the network has."""

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    title: str = ""

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        outputs: int,
        answers: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
        title: str,
    ) -> Report:
        """From the names of the data's classes, the number of the network's outputs, and for each batch the
        labels and what was predicted."""
        more = (f"output {index}" for index in range(len(names), outputs))
        labels, predicted = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        return cls((*names, *more), labels, predicted, title)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How many images of each class (row) are taken for each class (column), (classes, classes)."""
        count = len(self.classes)
        both = np.bincount(self.labels * count + self.predicted, minlength=count * count)
        return both.reshape(count, count)

    @cached_property
    def per_class(self) -> list[ClassScores]:
        """The scores of every class, in the order of the labels."""
        right = self.labels[self.labels == self.predicted]
        counts = [np.bincount(w, minlength=len(self.classes)) for w in (self.labels, self.predicted, right)]
        rows = zip(self.classes, *(count.tolist() for count in counts), strict=True)
        return [ClassScores(*row) for row in rows]

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """The pairs of classes of which one is taken for the other, the most frequent first."""
        wrong = self.labels != self.predicted
        pairs, counts = np.unique(
            np.stack([self.labels[wrong], self.predicted[wrong]]), axis=1, return_counts=True
        )
        order = np.argsort(-counts, kind="stable")
        return [
            Mistake(self.classes[label], self.classes[taken], int(count), self.per_class[label].images)
            for label, taken, count in zip(*pairs[:, order].tolist(), counts[order].tolist(), strict=True)
        ]

    def as_json(self) -> dict[str, Any]:
        """`classes`; `confusion`, the matrix, where there are at most a thousand classes, else None; and
        `mistakes`, its numbers off the diagonal that are not 0."""
        scores = [
            {"class": row.name, "images": row.images, "taken": row.taken, "right": row.right}
            | {"recall": row.recall, "precision": row.precision, "f1": row.f1}
            for row in self.per_class
        ]
        named = ("class", "taken_for", "images", "of")
        return {
            "classes": scores,
            "confusion": self.confusion.tolist() if len(self.classes) <= MOST_IN_JSON else None,
            "mistakes": [dict(zip(named, mistake, strict=True)) for mistake in self.mistakes],
        }

    def picture(self, form: str = "png") -> Confusion:
        """The request for a picture of it."""
        if len(self.classes) <= Confusion.MOST_CLASSES:
            return Confusion(self.classes, self.confusion.tolist(), [], [], self.title, form)
        recalls = [row.recall for row in self.per_class if row.recall is not None]
        mistakes = self.mistakes[: Confusion.MOST_MISTAKES]
        return Confusion([], None, mistakes, recalls, self.title, form)

    @public(format="form")
    def render(self, form: str) -> bytes:
        """The content of a file in one of `FILES`. Raises `PluginError` for a picture without Matplotlib."""
        if form == "json":
            return (json.dumps({"schema_version": 1, **self.as_json()}, indent=1) + "\n").encode()
        (file,) = draw([self.picture(form)])
        return file

    @public()
    def save(self, path: str | Path) -> Path:
        """Write a file, in the format that its suffix means; returns its path.

        Raises `UsageError` for an unknown format and a file that cannot be written.
        """
        return atomic.save(path, self.render(format_of(str(path))))

    def __repr__(self) -> str:
        return f"<report on {plural(len(self.labels), 'image')} of {plural(len(self.classes), 'class')}>"

    def __str__(self) -> str:
        """The classes in a table, and the matrix; of many classes the worst, and the usual mistakes."""
        few = len(self.classes) <= MOST_COLUMNS
        return "\n".join([*self._table(), *(self._matrix() if few else self._frequent())])

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = [_cells(row) for row in self._worst()]
        return html_table(_HEAD, rows, caption=self._caption(), right=range(1, len(_HEAD)))

    def _worst(self) -> list[ClassScores]:
        """All classes where they are few, else those with the least recall."""
        if len(self.classes) <= MOST_ROWS:
            return self.per_class
        told = [row for row in self.per_class if row.recall is not None]
        return sorted(told, key=lambda row: row.recall or 0.0)[:MOST_ROWS]

    def _caption(self) -> str:
        shown = len(self._worst())
        if shown == len(self.classes):
            return ""
        return f"the {shown} classes of {len(self.classes):,} with the least recall"

    def _table(self) -> list[str]:
        rows, caption = [_cells(row) for row in self._worst()], self._caption()
        return [*([caption] if caption else []), columns(_HEAD, [rows], right=range(1, len(_HEAD)))]

    def _matrix(self) -> list[str]:
        head = ("images of", *map(str, range(len(self.classes))))
        rows = [
            (
                f"{index} {shortened(name, LONGEST_NAME)}",
                *(f"{count:,}" if count else "." for count in counts),
            )
            for index, (name, counts) in enumerate(zip(self.classes, self.confusion.tolist(), strict=True))
        ]
        about = "how many images of each class (row) are taken for each class (column)"
        return [about, columns(head, [rows], right=range(1, len(head)))]

    def _frequent(self) -> list[str]:
        rows = [
            (
                shortened(m.name, LONGEST_NAME),
                shortened(m.taken_for, LONGEST_NAME),
                f"{m.images:,}",
                f"{m.of:,}",
            )
            for m in self.mistakes[:MOST_MISTAKES]
        ]
        if not rows:
            return []
        left = len(self.mistakes) - len(rows)
        more = [f"and {left:,} more pairs; a file that ends with .json has all"] if left else []
        head = ("images of", "are taken for", "images", "of")
        return ["the most frequent mistakes", columns(head, [rows], right={2, 3}), *more]


_HEAD = ("class", "images", "taken for it", "recall", "precision", "F1")


def format_of(path: str) -> str:
    """The format that a file's suffix means. Raises `UsageError` if there is no such format."""
    form = Path(path).suffix.lower().removeprefix(".")
    if form in FILES:
        return form
    raise UsageError(
        f"a report is not written as '{path}'", f"name a file that ends with .{', .'.join(FILES)}"
    )


def _cells(row: ClassScores) -> tuple[str, ...]:
    shares = ("-" if share is None else f"{share:.2%}" for share in (row.recall, row.precision, row.f1))
    return (shortened(row.name, LONGEST_NAME), f"{row.images:,}", f"{row.taken:,}", *shares)
