"""How much memory each group needs at the least, and whether a device has it."""

from __future__ import annotations

import math
import re

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import UsageError
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.text import one_line, size

VALUE = 4
"""Bytes of a float32."""
UNITS = {"": 1, "b": 1, **{u: 1000**n for n, u in enumerate(("kb", "mb", "gb", "tb"), start=1)}}
UNITS |= {u: 1024**n for n, u in enumerate(("kib", "mib", "gib", "tib"), start=1)}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")


def amount(text: str) -> int:
    """Bytes from `3GiB`, `24 GB` or `512MiB`. Raises `UsageError` for anything else."""
    match = _AMOUNT.fullmatch(text.strip())
    wanted = float(match[1]) * UNITS.get(match[2].lower(), 0) if match else 0.0
    if not 0 < wanted < 2.0**63:
        raise UsageError(f"'{one_line(text)}' is not an amount of memory", "for example 3GiB or 512MiB")
    return int(wanted)


def needed(network: Network, images: int | None = None, width: int = VALUE) -> dict[str, int]:
    """Bytes that each group cannot do without, for values of `width` bytes, by default float32's.

    With a recipe: every parameter with its gradient and what the optimizer keeps for it, and the outputs of
    all layers for the images of one step (`images` of them, else the recipe's), which the backward pass
    reads. Without one: the parameters, and the outputs for one image. Workspaces and copies of the other
    groups' shares come on top, so a network that fits here may still not fit.
    """
    copies = _copies(network)
    images = step_images(network) if images is None else images
    held = dict.fromkeys(network.spec.groups, 0)
    for node, share in network.shares.items():
        parameters = sum(weight.size for weight in share.parameters().values())
        held[node.group] += width * (copies * parameters + images * math.prod(share.output))
    return held


def _copies(network: Network) -> int:
    """How many values there are for each of a parameter's: itself, its gradient and the optimizer's slots."""
    training = network.spec.training
    return 2 + len(set(training.optimizer.kept) - set(training.optimizer.counts)) if training else 1


def step_images(network: Network) -> int:
    """Images in one step of training; 1 without a recipe."""
    return network.spec.training.batch_size if network.spec.training else 1


def traffic(network: Network, images: int | None = None) -> dict[tuple[str, str], int]:
    """Bytes that go from one group to another in one step of training, in float32.

    Every value that crosses goes forward once for each image of the step (`images` of them, else the
    recipe's), and its gradient back. Without a recipe: forward only.
    """
    training = network.spec.training
    count = step_images(network) if images is None else images
    moved: dict[tuple[str, str], int] = {}
    for source, group in network.graph.crossings():
        values = VALUE * math.prod(network.shares[source].output) * count
        routes = ((source.group, group), (group, source.group)) if training else ((source.group, group),)
        for route in routes:
            moved[route] = moved.get(route, 0) + values
    return dict(sorted(moved.items()))


def memory_findings(network: Network, available: int) -> list[Diagnostic]:
    """A warning for each group that cannot fit a device with `available` bytes."""
    warnings: list[Diagnostic] = []
    for index, (group, held) in enumerate(needed(network).items()):
        if held > available:
            largest = _largest(network, group)
            message = f"group '{group}' needs at least {size(held)}, and its device has {size(available)}"
            hint = f"layer '{largest}' holds the most; use a smaller batch_size, or more groups"
            place = network.spec.locate(("groups", index))
            warnings.append(rules.DEVICE_MEMORY.at(place, message, hint))
    return warnings


def _largest(network: Network, group: str) -> str:
    images = step_images(network)

    def weight(node: Node) -> int:
        share = network.shares[node]
        return _copies(network) * sum(w.size for w in share.parameters().values()) + images * math.prod(
            share.output
        )

    return max((node for node in network.shares if node.group == group), key=weight).layer
