"""When two specs declare one network under other names: the short form and the long form, or a renaming.

Every node gets a signature from what it computes, where it lives, and the signatures of what it reads, in
order. Nodes of equal signature compute the same thing. Where a network has several of them (parallel
branches that are alike), what reads them tells them apart, then their names, then their order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from specnet.network.graph import Node
from specnet.network.network import Network

Signatures = dict[Node, str]


def correspondence(before: Network, after: Network) -> dict[str, str] | None:
    """The name of each node of `before` in `after`, or None if the two are not the same network.

    Renames are nodes' text form, `conv1.gpu0`. The outputs that the recipes read must correspond, too.
    """
    if before.spec.groups != after.spec.groups or len(before.shares) != len(after.shares):
        return None
    olds, news = _by_signature(before), _by_signature(after)
    if {s: len(nodes) for s, nodes in olds.items()} != {s: len(nodes) for s, nodes in news.items()}:
        return None
    names: dict[Node, Node] = {}
    for signature, nodes in olds.items():
        names.update(_paired(nodes, news[signature]))
    if not _consistent(before, after, names):
        return None
    return {str(old): str(new) for old, new in names.items()}


def _by_signature(network: Network) -> dict[str, list[Node]]:
    """Nodes grouped by what they compute and by what is made of it."""
    below = _from_inputs(network)
    above = _to_outputs(network, below)
    by_digest: dict[str, list[Node]] = {}
    for node in network.shares:
        by_digest.setdefault(_digest([below[node], above[node]]), []).append(node)
    return by_digest


def _from_inputs(network: Network) -> Signatures:
    """What each node computes: its share's fields, its group, and the signatures of what it reads."""
    signatures: Signatures = {}
    for node, share in network.shares.items():
        unmeant = {"from_", "group", "cross_group", *share.layer.checked_shapes.values()}
        fields = share.layer.model_dump(mode="json", exclude=unmeant)
        read = [",".join(signatures[source] for source in argument) for argument in share.reads]
        signatures[node] = _digest([repr(sorted(fields.items())), node.group, *read])
    return signatures


def _to_outputs(network: Network, below: Mapping[Node, str]) -> Signatures:
    """What is made of each node: by whom it is read, at which place, and what the loss reads it as."""
    sources = network.spec.training.loss.sources if network.spec.training else {}
    readers: dict[Node, list[str]] = {node: [] for node in network.shares}
    signatures: Signatures = {}
    for node in reversed(list(network.shares)):
        loss = [key for key, layer in sources.items() if layer == node.layer]
        signatures[node] = _digest([*sorted(readers[node]), str(loss)])
        place = 0
        for argument in network.shares[node].reads:
            for source in argument:
                readers[source].append(f"{place}:{below[node]}:{signatures[node]}")
                place += 1
    return signatures


def _paired(olds: list[Node], news: list[Node]) -> dict[Node, Node]:
    """Nodes of equal signature one to one: those of equal name first, the others in order."""
    same = set(olds) & set(news)
    rest = zip((n for n in olds if n not in same), (n for n in news if n not in same), strict=True)
    return {**{node: node for node in same}, **dict(rest)}


def _consistent(before: Network, after: Network, names: Mapping[Node, Node]) -> bool:
    """Whether every node reads the same things in both, under `names`."""
    return all(
        tuple(tuple(names[source] for source in argument) for argument in share.reads)
        == after.shares[names[node]].reads
        for node, share in before.shares.items()
    )


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
