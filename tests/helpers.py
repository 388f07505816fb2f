"""Small networks from a few lines of YAML, and one comparison for all numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from specnet import document, spec
from specnet.errors import Diagnostic, SpecError
from specnet.network import Network, analyse, examine

HEAD = "specnet: 1\nname: small\ngroups: [a, b]\nlayers:\n  image: {kind: input, shape: [4, 8, 8]}\n"


def network(layers: str, head: str = HEAD) -> Network:
    return analyse(spec.load(document.parse(head + layers, "x.yaml")))


def found(layers: str, head: str = HEAD) -> list[Diagnostic]:
    try:
        return examine(document.parse(head + layers, "x.yaml"))[1]
    except SpecError as error:
        return error.diagnostics


def relative_error(actual: ArrayLike, expected: ArrayLike) -> float:
    """max|a - b| / max|b|."""
    a, b = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert a.shape == b.shape
    return float(np.abs(a - b).max() / np.abs(b).max())
