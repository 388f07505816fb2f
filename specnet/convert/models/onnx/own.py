"""ONNX files that specnet has written: the spec in their metadata, if the graph is what it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specnet.convert.export.onnx.walk import Walk
from specnet.convert.export.onnx.writer import SPEC
from specnet.convert.models.onnx.model import OnnxModel
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.layers.random_connections import RandomConnections
from specnet.network.network import Network, examine
from specnet.network.shapes import Share
from specnet.syntax.document import parse

if TYPE_CHECKING:
    from specnet.backend.protocol import State


def own_spec(model: OnnxModel, size: int) -> tuple[str, State] | None:
    """The text of the spec that a file of `size` bytes was written from, and its parameters.

    None where there is none, or where the graph, its constants included, is not the one that the spec gives:
    then somebody has changed one of them, and what the operators say holds.
    """
    text = model.metadata.get(SPEC)
    if text is None:
        return None
    try:
        network = examine(parse(text, SPEC)).network
    except SpecError:
        return None
    if network is None or 4 * _values(network) > size:
        return None
    try:
        state = _state(network, model)
        walk = Walk(network, state)
        walk.go()
        walk.outputs()
    except (UsageError, KeyError, ValueError):
        return None
    return (text, state) if _is_the_same(walk, model) else None


def _values(network: Network) -> int:
    return sum(w.size for share in network.shares.values() for w in share.parameters().values())


def _state(network: Network, model: OnnxModel) -> State:
    """The parameters in the file's constants, which bear their layers' names, or those of shares.

    Raises `KeyError` or `ValueError` if they are not there, or do not fit.
    """
    made: State = {}
    for name in network.graph.order:
        nodes = network.graph.nodes[name]
        for place, node in enumerate(nodes):
            share = network.shares[node]
            for role in share.parameters():
                is_own = f"{node}.{role}" in model.initializers
                values: Any = model.initializers[f"{node}.{role}" if is_own else f"{name}.{role}"].values
                is_one = is_own or len(nodes) == 1 or name in network.graph.replicated
                count = len(values) if is_one else len(values) // len(nodes)
                part = values if is_one else values[place * count : (place + 1) * count]
                made[f"{node}.{role}"] = _of_share(share, role, part)
    return made


def _of_share(share: Share, role: str, values: Any) -> Any:
    import numpy as np

    if isinstance(share.layer, RandomConnections) and role == "weight":
        channels = share.layer.channels(share.inputs[0])
        return np.stack([values[filter_, read] for filter_, read in enumerate(channels)])
    return values.reshape(share.parameters()[role].shape)


def _is_the_same(walk: Walk, model: OnnxModel) -> bool:
    import numpy as np

    graph = walk.graph
    if graph.is_renamed or [node.SerializeToString() for node in graph.nodes] != [
        node.SerializeToString() for node in model.graph.node
    ]:
        return False
    if graph.constants.keys() != model.initializers.keys():
        return False
    return all(
        model.initializers[name].shape == values.shape
        and np.array_equal(model.initializers[name].values, values)
        for name, values in graph.constants.items()
    )
