"""Finding out, on one device, whether anything but a transfer moves data between groups.

Two groups on two GPUs cannot read each other's tensors by accident: PyTorch refuses. On a single device it
would not, so `groups_apart` keeps a note of the group each tensor belongs to, looks at every operation that
PyTorch carries out, forward and backward, and refuses those that read tensors of two groups.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from specnet_torch.model import TorchModel


class CrossingError(RuntimeError):
    """An operation read tensors of two groups."""


class _Watch(TorchDispatchMode):
    """Knows the group of every tensor made of a group's tensors. Tensors of no group mix with all."""

    def __init__(self) -> None:
        super().__init__()
        self.groups = WeakTensorKeyDictionary()
        self.transfers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        found = {self.groups[tensor] for tensor in tensors if tensor in self.groups}
        if len(found) > 1:
            raise CrossingError(f"{func} reads tensors of the groups {' and '.join(sorted(found))}")
        result = func(*args, **kwargs)
        for group in found:
            for leaf in tree_leaves(result):
                if isinstance(leaf, Tensor):
                    self.groups[leaf] = group
        return result


class _Transfer(torch.autograd.Function):
    """A copy that belongs to another group; its gradient is a copy that belongs to the first one."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, watch: _Watch, origin: str, group: str) -> Tensor:
        ctx.route = watch, origin
        return _copied(value, watch, group)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        watch, origin = ctx.route
        return _copied(gradient, watch, origin), None, None, None


def _copied(value: Tensor, watch: _Watch, group: str) -> Tensor:
    copy = value.clone()
    watch.groups[copy] = group
    watch.transfers += 1
    return copy


@contextlib.contextmanager
def groups_apart(model: TorchModel) -> Iterator[_Watch]:
    """Within it, any operation on tensors of two groups raises `CrossingError`; transfers are counted.

    A transfer is counted once for its value and once for its gradient.
    """
    watch = _Watch()
    for op in model.plan.computes:
        for tensor in (*model.share(op).parameters(), *model.share(op).buffers()):
            watch.groups[tensor] = op.group
    usual = model.move

    def move(value: Tensor, origin: str | None, group: str) -> Tensor:
        if origin is None:
            fed = value.clone()
            watch.groups[fed] = group
            return fed
        moved: Tensor = _Transfer.apply(value, watch, origin, group)
        return moved

    model.move = move  # type: ignore[method-assign]
    try:
        with watch:
            yield watch
    finally:
        model.move = usual  # type: ignore[method-assign]
