"""How a dataset is asked for: as KIND or KIND:PATH, or in arrays."""

from __future__ import annotations

from typing import Any

from specnet.diagnostics.errors import DataError

ARRAYS = "arrays"
"""The kind of what is given in arrays."""

FORMS = "data is KIND[:PATH], (images, labels), or ((images, labels), (test_images, test_labels))"


def kind_of(asked: str | tuple[Any, Any]) -> str:
    """The kind of a dataset that is asked for."""
    return asked.partition(":")[0] if isinstance(asked, str) else ARRAYS


def check(asked: Any) -> None:
    """Raise `DataError` for what is neither text nor a pair."""
    if asked is not None and not isinstance(asked, str):
        pair(asked)


def pair(data: Any) -> tuple[Any, Any]:
    """Images and labels, or what to train on and what to test on. Raises `DataError` for anything else."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        hint = "specnet.from_batches(batches) makes (images, labels) of batches"
        raise DataError(f"{FORMS}, not {words(data)}", hint)
    first, second = data
    if isinstance(first, tuple | list) != isinstance(second, tuple | list):
        hint = "lists are no arrays: numpy.array(list)"
        raise DataError(f"{FORMS}, not ({words(first)}, {words(second)})", hint)
    return first, second


def words(value: Any) -> str:
    """What somebody has given in place of something else."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    return f"a value of type {type(value).__name__}"
