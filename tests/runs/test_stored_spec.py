"""The spec of a run: a spec like any other, with its history, and no byte of it changes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.diagnostics.errors import RunError
from specnet.network.network import examine
from specnet.runs import stored_spec
from specnet.runs.stored_spec import StoredSpec
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.syntax import document
from support.disks import flip
from support.helpers import HEAD
from support.training_runs import SMALL


def _small() -> Spec:
    return load_spec(document.parse(SMALL, "small.yaml"))


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    history = ["120: training.optimizer.learning_rate: 0.01 -> 0.001", "300: training.epochs: 2 -> 3"]
    path = tmp_path / "spec.yaml"
    path.write_bytes(StoredSpec(_small(), history).as_bytes())
    again = stored_spec.read(path)
    assert again.spec.as_yaml() == _small().as_yaml() == load_spec(path).as_yaml()
    assert again.history == history


def test_a_share_left_out_on_purpose_stays_so_and_the_default_does_not_become_one(tmp_path: Path) -> None:
    """A run's spec is the start of others, in which a half-read layer has to be found as in the first."""
    layers = (
        "  conv: {kind: conv, from: image, filters: 4, kernel: 3}\n"
        "  fc: {kind: dense, from: conv, group: a, cross_group: false, units: 5}\n"
    )
    for change in ("", ", cross_group: false"):
        written = document.parse(HEAD + layers.replace(", cross_group: false", change), "x.yaml")
        path = tmp_path / "spec.yaml"
        path.write_bytes(StoredSpec(load_spec(written)).as_bytes())
        found = [d.code for d in examine(document.read(path)).diagnostics]
        assert found == ([] if change else ["SN305"])


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    good = StoredSpec(_small(), ["1: a"]).as_bytes()
    path.write_bytes(good)
    for place in range(len(good)):
        for bits in (1, 32, 128, 255):
            flip(path, place, bits)
            with pytest.raises(RunError, match="is damaged"):
                stored_spec.read(path)
            flip(path, place, bits)
    assert stored_spec.read(path).history == ["1: a"]
    for changed in (good[:-1], good[: len(good) // 2], b"", good + b"\n", good + b"name: other\n"):
        path.write_bytes(changed)
        with pytest.raises(RunError, match="is damaged"):
            stored_spec.read(path)
