"""The networks of specs/zoo against the totals that their publishers report."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

import specnet

HERE = Path(__file__).parent
SPECS = HERE.parent / "specs"
ZOO = sorted((SPECS / "zoo").glob("*.yaml"))
"""Beside it, specs/vgg16.yaml and specs/resnet18.yaml are held to the same list."""


class Published(NamedTuple):
    """What a publisher says of a network. torchvision: the weights' `num_params` and `_ops` (version 0.28),
    which count auxiliary heads as parameters and not as operations. Keras: trainable parameters
    (`keras.applications`, version 3.15), and multiply-accumulates of convolutions and dense layers."""

    network: str
    parameters: int
    gmacs: str
    source: str

    def __str__(self) -> str:
        return self.network


def published() -> list[Published]:
    with (HERE / "zoo_totals.csv").open(encoding="utf-8") as lines:
        return [
            Published(r["network"], int(r["parameters"]), r["gmacs"], r["source"])
            for r in csv.DictReader(lines)
        ]


def path(network: str) -> Path:
    in_zoo = SPECS / "zoo" / f"{network}.yaml"
    return in_zoo if in_zoo.exists() else SPECS / f"{network}.yaml"


NOT_IN_EVALUATION = {"inception_v3": "AuxLogits"}
"""Heads that operations are not counted for, by the beginning of their layers' names."""


@pytest.mark.parametrize("totals", published(), ids=str)
def test_totals_are_the_published_ones(totals: Published) -> None:
    """Parameters exactly, multiply-accumulates to the digits that are published."""
    table = specnet.table(path(totals.network))
    assert table.totals.parameters == totals.parameters
    head = NOT_IN_EVALUATION.get(totals.network)
    macs = sum(row.macs for row in table.rows if head is None or not row.name.startswith(head))
    digits = len(totals.gmacs.partition(".")[2])
    assert abs(macs / 1e9 - float(totals.gmacs)) <= 0.5 * 10**-digits + 1e-9


def test_every_network_has_published_totals() -> None:
    assert {path.stem for path in ZOO} <= {totals.network for totals in published()}
    assert len(ZOO) >= 40


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_a_zoo_spec_is_valid_and_says_so_without_warnings(path: Path) -> None:
    report = specnet.validate(path)
    assert [str(finding) for finding in report] == []
    spec = specnet.load(path)
    assert spec.name == path.stem
    assert spec.training is not None


def test_resnet50_takes_less_than_sixty_lines() -> None:
    assert len((SPECS / "zoo" / "resnet50.yaml").read_text(encoding="utf-8").splitlines()) < 60
