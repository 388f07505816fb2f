"""Micro-batches: a batch that does not fit a device goes through it in parts; the numbers stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.diagnostics.errors import UsageError
from specnet.recipe.training import Training
from specnet.schema.fields import is_whole
from specnet.spec.spec import Spec


def images_at_once(recipe: Training, micro_batch: int | None) -> int:
    """How many images of a batch a device holds at a time."""
    return recipe.batch_size if micro_batch is None else min(micro_batch, recipe.batch_size)


def recorded(progress: Mapping[str, Any]) -> int | None:
    """The micro-batch that a checkpoint was made with."""
    size = progress.get("micro_batch")
    return size if is_whole(size, 1) else None


def check(spec: Spec, recipe: Training, micro_batch: int | None) -> None:
    """Raise `UsageError` where micro-batches would change more than rounding."""
    size = images_at_once(recipe, micro_batch)
    mixing = [name for name, layer in spec.layers.items() if layer.mixes_images]
    if mixing and size < recipe.batch_size:
        name, kind = mixing[0], spec.layers[mixing[0]].kind
        raise UsageError(
            f"layer '{name}' ({kind}) needs all images of a batch together, so micro-batches of {size} "
            "would change the numbers",
            f"leave --micro-batch out, or train with smaller batches: --set training.batch_size={size}",
        )
