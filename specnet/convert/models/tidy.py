"""A draft as a person would write it: functions in the layers that apply them, nothing that says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from specnet import plugins
from specnet.convert.models.draft import Draft, Part, output_shape
from specnet.convert.models.naming import without_common

POOLS = ("global_avg_pool", "global_max_pool")


def tidy(draft: Draft) -> None:
    """Rewrite a draft in place. What it computes, and its parameters, stay."""
    draft.prune()
    for rewrite in (_pads, _functions, _rows, _pools, _names):
        rewrite(draft)


def _pairs(draft: Draft, fits: Callable[[Part, Part], bool]) -> Iterator[tuple[Part, Part]]:
    """Layers and the one that reads each of them, where no other one does and it reads nothing else."""
    for part in list(draft.parts):
        if len(part.reads) == 1:
            source = part.reads[0]
            if source.readers == [part] and source not in draft.outputs and fits(source, part):
                yield source, part


def _pads(draft: Draft) -> None:
    """Zeros around an image that a convolution reads are its padding, if it has one in pixels."""

    def fits(source: Part, part: Part) -> bool:
        pixels = part.fields.get("padding", 0)
        return source.kind == "pad" and part.kind == "conv" and pixels != "same" and min(_four(source)) >= 0

    for source, part in _pairs(draft, fits):
        both = [a + b for a, b in zip(_four(source), _four(part), strict=True)]
        merged = Part(
            part.name, part.kind, {**part.fields, "padding": both}, source.reads, part.place, part.shape
        )
        if output_shape(merged.layer(), source.reads, part.place) == part.shape:
            part.fields["padding"] = both
            draft.remove(source)


def _four(part: Part) -> list[int]:
    pixels = part.fields.get("padding", 0)
    return list(pixels) if isinstance(pixels, list | tuple) else [pixels] * 4


def _functions(draft: Draft) -> None:
    """An activation function is a field of the layer in front of it, if that has such a field."""

    def fits(source: Part, part: Part) -> bool:
        kind = plugins.load("specnet.layers", source.kind)
        return (
            part.kind == "activation" and source.is_plain(source.kind) and "activation" in kind.model_fields
        )

    for source, part in _pairs(draft, fits):
        source.fields["activation"] = part.fields["function"]
        draft.remove(part)


def _rows(draft: Draft) -> None:
    """Whatever reads a dense layer's image need not flatten it first, nor what is a row already."""
    for part in list(draft.parts):
        if part.kind != "flatten" or part in draft.outputs or len(part.reads) != 1:
            continue
        is_row = part.reads[0].shape == part.shape
        if is_row or (part.readers and all(reader.kind == "dense" for reader in part.readers)):
            draft.remove(part)


def _pools(draft: Draft) -> None:
    """A pool over a whole image makes a row of it, unless something reads it as an image of one pixel."""
    for part in draft.parts:
        if part.kind not in POOLS or not part.fields.get("keep_dims") or part in draft.outputs:
            continue
        if part.readers and all(reader.kind in ("dense", "flatten") for reader in part.readers):
            del part.fields["keep_dims"]
            part.shape = part.shape[:1]
    _rows(draft)


def _names(draft: Draft) -> None:
    """A part of the names that all of them share says nothing."""
    for part, name in zip(draft.parts, without_common([part.name for part in draft.parts]), strict=True):
        part.name = name
