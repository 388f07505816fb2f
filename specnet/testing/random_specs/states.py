"""Random states and batches for a plan."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from specnet.backend.batch import Batch
from specnet.backend.protocol import State
from specnet.numerics.randomness import keep_mask, stream
from specnet.plans.plan import Plan
from specnet.recipe.initializers import fans


def random_state(plan: Plan, seed: int) -> State:
    """Values for all parameters, float64: weights scaled by their fan-in, the others about their start."""
    state: State = {}
    for parameter in plan.parameters:
        draw = stream(seed, "random state", parameter.name)
        if len(parameter.shape) > 1:
            values = draw.standard_normal(parameter.shape) / math.sqrt(fans(parameter.shape)[0])
        else:
            start = parameter.initial if isinstance(parameter.initial, float) else 0.0
            values = start + draw.random_sample(parameter.shape) - 0.5
        state[parameter.name] = values
    return state


def random_batch(plan: Plan, seed: int, size: int, *, soft: bool = False) -> Batch:
    """Images of normal pixels, labels, and the masks of dropout. Soft labels are shares of two classes."""
    (shape,) = plan.inputs.values()
    draw = stream(seed, "random batch", size)
    images = draw.standard_normal((size, *shape))
    assert plan.head is not None
    (classes,) = next(op.output_shape for op in plan.computes if op.name == plan.head)
    labels = draw.randint(classes, size=size).astype(np.int64)
    masks = random_masks(plan, seed, size)
    if not soft:
        return Batch(images, labels, masks)
    others, part = draw.randint(classes, size=size), draw.random_sample((size, 1))
    return Batch(images, part * np.eye(classes)[labels] + (1 - part) * np.eye(classes)[others], masks)


def random_masks(plan: Plan, seed: int, size: int) -> dict[str, NDArray[np.uint8]]:
    """The mask of each dropout operation: the layer's, drawn in full, and from it the share's units."""
    masks: dict[str, NDArray[np.uint8]] = {}
    for op in plan.computes:
        if op.mask is not None:
            drawn = (seed, "random mask", op.mask.layer)
            full = keep_mask(*drawn, samples=range(size), shape=op.mask.layer_shape, rate=op.mask.rate)
            units = slice(op.mask.offset, op.mask.offset + math.prod(op.mask.shape))
            masks[op.name] = full.reshape(size, -1)[:, units].reshape(size, *op.mask.shape)
    return masks
