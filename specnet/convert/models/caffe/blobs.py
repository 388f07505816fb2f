"""Values of weights: their sizes, and the numbers when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from specnet.convert.models.caffe.message import Message
from specnet.diagnostics.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MOST_DIMS = 32
"""As many as a blob of Caffe's may have."""


def sizes(blob: Message) -> tuple[int, ...]:
    """The sizes of a blob; those of older files are four, with ones in front."""
    if blob.has("shape"):
        return tuple(blob.message("shape").many("dim"))
    return tuple(blob.one(name, 0) for name in ("num", "channels", "height", "width"))


def fits(blob: Message, shape: Sequence[int]) -> bool:
    """Whether a blob has these sizes, but for ones in front."""
    own = sizes(blob)
    return _bare(own) == _bare(shape)


def _bare(shape: Sequence[int]) -> list[int]:
    kept = list(shape)
    while kept and kept[0] == 1:
        del kept[0]
    return kept


def values(blob: Message) -> Array:
    """The numbers of a blob in its sizes. Raises `UsageError` if there are not as many."""
    import numpy as np

    shape = sizes(blob)
    wanted = math.prod(shape)
    name, kind, width = ("double_data", "<f8", 8) if blob.has("double_data") else ("data", "<f4", 4)
    parts = blob.many(name)
    numbers: Array
    if parts and isinstance(parts[0], float):
        numbers = np.asarray(parts, np.float64)
    else:
        held = sum(len(part) for part in parts)
        if held % width:
            raise UsageError(f"{blob.place}: a blob is damaged: its values end in the middle of one")
        joined = parts[0] if len(parts) == 1 else b"".join(parts)
        numbers = np.frombuffer(joined, kind) if held else np.zeros(0, kind)
    if len(shape) > MOST_DIMS or any(size < 0 for size in shape) or numbers.size != wanted:
        told = " x ".join(map(str, shape[:MOST_DIMS]))
        raise UsageError(
            f"{blob.place}: a blob is damaged: it has {numbers.size:,} values for the sizes {told}"
        )
    return numbers.reshape(shape)
