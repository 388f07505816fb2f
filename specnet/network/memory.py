"""How much memory each group needs at the least, and whether a device has it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import UsageError
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.network.shapes import Share
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

    With a recipe: every parameter, those that are trained with gradient and what the optimizer keeps for
    them, and the outputs of all layers for the images of one step (`images` of them, else the recipe's),
    which the backward pass reads; where layers are frozen, without the outputs that it has no use for.
    Without one: the parameters, and the outputs for one image. Workspaces and copies of the other groups'
    shares come on top, so a network that fits here may still not fit.
    """
    images = step_images(network) if images is None else images
    held = dict.fromkeys(network.spec.groups, 0)
    let_go = _let_go(network)
    for node, share in network.shares.items():
        outputs = 0 if node in let_go else images * math.prod(share.output)
        held[node.group] += width * (_held(network, share) + outputs)
    return held


def _held(network: Network, share: Share) -> int:
    """Values of a share's parameters and all that is kept beside them: gradients, the optimizer's slots."""
    training, trained = network.spec.training, share.trained()
    beside = 1 + len(set(training.optimizer.kept) - set(training.optimizer.counts)) if training else 0
    return sum((1 + beside * (role in trained)) * w.size for role, w in share.parameters().items())


def differentiable(network: Network) -> set[Node]:
    """The shares whose outputs depend on a trained parameter, and so have a gradient in a training step."""
    known: set[Node] = set()
    for node, reads in network.graph.reads.items():
        if network.shares[node].trained() or any(source in known for read in reads for source in read):
            known.add(node)
    return known


def _let_go(network: Network) -> set[Node]:
    """The shares whose outputs need not be kept for the backward pass: no gradient goes through them, and
    none of a parameter is made of them. Without frozen layers all outputs are counted."""
    if network.spec.training is None or not any(s.layer.is_frozen for s in network.shares.values()):
        return set()
    kept = differentiable(network)
    kept |= {source for node in kept for read in network.graph.reads[node] for source in read}
    return set(network.shares) - kept


def step_images(network: Network) -> int:
    """Images in one step of training; 1 without a recipe."""
    return network.spec.training.batch_size if network.spec.training else 1


class Crossing(NamedTuple):
    """A share that goes to another group: the bytes of its values there, and of their gradient back."""

    source: Node
    group: str
    there: int
    back: int


def crossing_bytes(network: Network, images: int | None = None) -> Iterator[Crossing]:
    """What each cross-group edge moves in one step of training, in float32.

    Every value that crosses goes forward once for each image of the step (`images` of them, else the
    recipe's), and its gradient back, if it has one. Without a recipe: forward only.
    """
    returning = differentiable(network) if network.spec.training else set()
    count = step_images(network) if images is None else images
    for source, group in network.crossings():
        values = VALUE * math.prod(network.shares[source].output) * count
        yield Crossing(source, group, values, values if source in returning else 0)


def traffic(network: Network, images: int | None = None) -> dict[tuple[str, str], int]:
    """Bytes that go from one group to another in one step of training: see `crossing_bytes`."""
    moved: dict[tuple[str, str], int] = {}
    for source, group, there, back in crossing_bytes(network, images):
        for route, values in (((source.group, group), there), ((group, source.group), back)):
            if values:
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
        return _held(network, share) + images * math.prod(share.output)

    return max((node for node in network.shares if node.group == group), key=weight).layer
