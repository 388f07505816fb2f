"""The way through a plan, forward and backward, for whatever values a backend has.

A backend says how it feeds, transfers and computes; in which order, and how long a value is kept, is said
here once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from specnet.plans.operations import Compute, Feed, Transfer
from specnet.plans.plan import Plan

T = TypeVar("T")


def _repeated(value: T, count: int) -> list[T]:
    return [value] * count


def forward(
    plan: Plan,
    feed: Callable[[Feed], T],
    transfer: Callable[[Transfer, T], T],
    compute: Callable[[Compute, list[T]], T],
    hand_out: Callable[[T, int], list[T]] = _repeated,
) -> dict[str, T]:
    """The plan's outputs by name.

    `transfer` gets the value that it moves, and `compute` the values that it reads, in order. A value is let
    go once its last reader has it. `hand_out` makes one value for each of its readers, in their order.
    """
    left: dict[str, list[T]] = {}
    for op in plan.operations:
        if isinstance(op, Feed):
            value = feed(op)
        elif isinstance(op, Transfer):
            value = transfer(op, left[op.source].pop())
        else:
            value = compute(op, [left[name].pop() for name in op.values])
        left[op.name] = hand_out(value, plan.readers[op.name])[::-1]
    return {name: left[name].pop() for name in plan.outputs}


def backward(
    plan: Plan,
    flowing: Iterable[tuple[str, T]],
    transfer: Callable[[Transfer, T], T],
    compute: Callable[[Compute, T], Iterable[tuple[str, T]]],
    add: Callable[[str, T, T], T],
) -> None:
    """Carry gradients back, from those of the values that `flowing` names.

    Each operation gets the gradient of its value, once all its readers have added theirs: `transfer` gives it
    as the source's group has it, and `compute` gives those of the values it read, by name. `add` adds two
    gradients of a value, the earlier one first.
    """
    gradients: dict[str, T] = {}

    def collect(name: str, gradient: T) -> None:
        gradients[name] = add(name, gradients[name], gradient) if name in gradients else gradient

    for name, gradient in flowing:
        collect(name, gradient)
    for op in reversed(plan.operations):
        if op.name not in gradients:
            continue
        gradient = gradients.pop(op.name)
        if isinstance(op, Transfer):
            collect(op.source, transfer(op, gradient))
        elif isinstance(op, Compute):
            for name, part in compute(op, gradient):
                collect(name, part)
