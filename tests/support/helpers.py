"""Small networks from a few lines of YAML, and one comparison for all numbers."""

from __future__ import annotations

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.network.network import Network, analyse, examine
from specnet.spec import spec
from specnet.syntax import document

HEAD = "specnet: 1\nname: small\ngroups: [a, b]\nlayers:\n  image: {kind: input, shape: [4, 8, 8]}\n"


def network(layers: str, head: str = HEAD) -> Network:
    return analyse(spec.load(document.parse(head + layers, "x.yaml")))


def found(layers: str, head: str = HEAD) -> list[Diagnostic]:
    try:
        return list(examine(document.parse(head + layers, "x.yaml")).diagnostics)
    except SpecError as error:
        return error.diagnostics
