"""The GPUs of layers as groups, and what is read of another one as a crossing."""

from __future__ import annotations

from specnet.convert.models.cuda_convnet.walk import Walk
from specnet.convert.models.draft import Part


def put(walk: Walk) -> None:
    """Say on which group each layer is, if there are several; a layer is where its first input is."""
    used = sorted({gpu for part in walk.draft.parts if (gpu := walk.placed.get(part)) is not None})
    if len(used) < 2:
        return
    walk.draft.groups = tuple(f"gpu{gpu}" for gpu in used)

    def of(part: Part) -> int:
        own = walk.placed.get(part)
        return used[0] if own is None else own

    for part in walk.draft.parts:
        if part.kind == "input":
            continue
        first = part.reads[0]
        if first.kind == "input" or of(first) != of(part):
            part.fields["group"] = f"gpu{of(part)}"
        if any(read.kind != "input" and of(read) != of(part) for read in part.reads):
            part.fields["cross_group"] = True
