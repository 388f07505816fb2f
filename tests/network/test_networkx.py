"""The graph is one of networkx, and its algorithms say the same of it as a walk by hand."""

from __future__ import annotations

from pathlib import Path

import networkx
import pytest

from specnet.network.graph import Node
from specnet.network.network import Network, examine
from specnet.syntax import document

SPECS = Path(__file__).parents[2] / "specs"


def network(name: str) -> Network:
    return examine(document.read(SPECS / f"{name}.yaml")).valid()


@pytest.mark.parametrize("name", ["alexnet", "alexnet_towers", "resnet18"])
def test_nodes_edges_and_order(name: str) -> None:
    net = network(name)
    graph = net.graph
    assert isinstance(graph.nx, networkx.DiGraph)
    assert networkx.is_directed_acyclic_graph(graph.nx)
    assert list(graph.nx) == list(graph.reads) == list(net.shares)
    place = {node: index for index, node in enumerate(graph.nx)}
    assert all(place[source] < place[node] for source, node in graph.nx.edges)
    for node, reads in graph.reads.items():
        assert list(graph.nx.pred[node]) == list(dict.fromkeys(s for read in reads for s in read)), "in order"
    assert all(
        crosses == (source.group != node.group) for source, node, crosses in graph.nx.edges(data="crosses")
    )
    assert list(graph.names) == list(net.spec.layers)
    assert all(graph.names.has_edge(s, name) for name, layer in net.spec.layers.items() for s in layer.inputs)


def test_the_paper_s_crossings() -> None:
    """Figure 2 of the paper: conv3 reads both halves of pool2, fc6 to fc8 both of what is below them."""
    graph = network("alexnet").graph
    crossing = {node.layer for _, node, crosses in graph.nx.edges(data="crosses") if crosses}
    assert crossing == {"conv3", "fc6", "fc7", "fc8"}
    assert networkx.ancestors(graph.nx, Node("conv2", "gpu0")) == {
        Node(layer, "gpu0") for layer in ("image", "conv1", "norm1", "pool1")
    }


def test_groups_under_other_names_are_the_same_graph() -> None:
    net = network("alexnet")
    moved = net.on_groups({"gpu0": "left", "gpu1": "right"})
    data = document.read(SPECS / "alexnet.yaml").data()
    data["groups"] = ["left", "right"]
    for layer in data["layers"].values():
        if layer.get("group"):
            layer["group"] = {"gpu0": "left", "gpu1": "right"}[layer["group"]]
    asked = examine(data).valid()
    assert moved.spec == asked.spec
    assert moved.shares == asked.shares
    assert moved.graph == asked.graph
    assert list(moved.graph.nx.edges(data=True)) == list(asked.graph.nx.edges(data=True))
    assert net.on_groups({}) is net
