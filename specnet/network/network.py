"""Spec -> Network: the checked whole that tables, diffs and plans are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, in_order
from specnet.diagnostics.errors import SpecError
from specnet.layers.base import Layer, Shape
from specnet.layers.input import Input
from specnet.network.checks.advice import advice, advice_on_graph
from specnet.network.checks.assumptions import assumptions
from specnet.network.checks.recipe import recipe_diagnostics
from specnet.network.checks.unread import unread_shares
from specnet.network.graph import Graph, Node, build
from specnet.network.shapes import Share, full_shape, infer
from specnet.numerics.gc_pause import gc_paused
from specnet.spec import spec as spec_module
from specnet.spec.salvage import salvage
from specnet.spec.spec import Locate, Spec
from specnet.syntax.document import Document
from specnet.syntax.habits import recognised
from specnet.syntax.lookalikes import explained

_NO_LOSS = (rules.LOSS_OF_NO_LAYER, rules.LOSS_OF_SPLIT_LAYER, rules.LOSS_OF_IMAGE)


@dataclass(frozen=True)
class Network:
    """A valid network: its graph, and the share of every node in execution order."""

    spec: Spec
    graph: Graph
    shares: Mapping[Node, Share]
    warnings: tuple[Diagnostic, ...] = ()

    def output_shape(self, layer: str) -> Shape:
        """The whole layer's shape, over all its groups."""
        return full_shape(self.graph, self.shares, layer)

    def inputs(self) -> list[str]:
        """The names of the input layers, in order."""
        return [name for name, layer in self.graph.shares.items() if isinstance(layer, Input)]


def analyse(spec: Spec) -> Network:
    """The network that a spec declares. Raises `SpecError` with every finding if it is not valid."""
    recipe = spec.training.as_yaml() if spec.training else None
    graph, shares, found = _check(spec.layers, spec.groups, recipe, spec.locate)
    assumed = list(assumptions(spec))
    found += [d for d in assumed if d.severity == "error"]
    if found:
        # Which layers nothing reads does not depend on shapes, and may be why the shapes are wrong.
        whole = len(graph.order) == len(spec.layers)
        lost = any(d.rule in _NO_LOSS for d in found)
        raise SpecError([*found, *(advice_on_graph(spec, graph, shares) if whole and not lost else ())])
    warnings = [*advice_on_graph(spec, graph, shares), *advice(spec, graph, shares), *assumed]
    return Network(spec, graph, shares, tuple(in_order(warnings)))


@gc_paused()
def examine(document: Document) -> tuple[Network | None, list[Diagnostic]]:
    """Everything there is to say about a document: the network if it is valid, and all findings.

    Where the schema is broken, graph, shapes and recipe of what is sound are checked all the same.
    """
    try:
        loaded = spec_module.load(document)
    except SpecError as error:
        found = error.diagnostics
    else:
        try:
            network = analyse(loaded)
            return network, list(network.warnings)
        except SpecError as error:
            return None, error.diagnostics
    parts = salvage(document.data())
    more = _check(parts.layers, parts.groups, parts.recipe, document.locate, parts.misnamed)[2]
    return None, in_order(recognised(dict.fromkeys([*found, *more])))


def _check(
    layers: Mapping[str, Layer | None],
    groups: tuple[str, ...] | None,
    recipe: Any,
    locate: Locate,
    misnamed: tuple[str, ...] = (),
) -> tuple[Graph, dict[Node, Share], list[Diagnostic]]:
    graph, found = build(layers, groups, locate, misnamed)
    shares, more = infer(graph, locate)
    # A layer that must not be whole on its groups is why its readers have nothing to cross.
    broken = {name for name in graph.order if Node(name, graph.groups[name][-1]) not in shares}
    found = [d for d in found if not broken.intersection(_inputs(layers, graph.uncrossed.get(d)))]
    last = recipe_diagnostics(recipe, layers, graph, shares, locate, misnamed)
    unread = unread_shares(graph, layers, recipe, locate)
    return graph, shares, explained([*found, *more, *unread, *last])


def _inputs(layers: Mapping[str, Layer | None], name: str | None) -> tuple[str, ...]:
    layer = layers[name] if name is not None else None
    return layer.inputs if layer is not None else ()
