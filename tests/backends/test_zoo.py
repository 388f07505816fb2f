"""Networks of the zoo on both backends. `make zoo` takes all of them, at full size."""

from __future__ import annotations

from pathlib import Path

import pytest

import zoo
from specnet.network.network import analyse
from specnet.spec.spec import load
from specnet.syntax import document


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_backends_agree(name: str, specs: Path) -> None:
    """Squeezing and exciting, channels cut out and shuffled, on small images. Measured: 6e-16."""
    data = document.read(specs / "zoo" / f"{name}.yaml").data()
    data["layers"]["image"]["shape"] = [3, 64, 64]
    del data["training"]["augment"], data["training"]["evaluate"]
    assert zoo.difference(analyse(load(data))) < zoo.LIMIT
