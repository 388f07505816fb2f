"""A run goes on as any spec that is merely written otherwise, to the last bit, and as no other."""

from __future__ import annotations

from pathlib import Path

import pytest

import specnet
from specnet.diagnostics.errors import RunError
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.testing.comparing import assert_equal
from specnet.training.load import evaluate_run
from support.training_runs import run

pytestmark = pytest.mark.slow

BRANCHES = """\
specnet: 1
name: branches
groups: [a, b]
data: {kind: synthetic, shape: [1, 8, 8], train_images: 60, test_images: 20}
layers:
  image: {kind: input, shape: [1, 8, 8]}
  one: {kind: conv, from: image, filters: 4, kernel: 3, padding: 1, activation: relu}
  two: {kind: conv, from: image, filters: 4, kernel: 1}
  norm: {kind: batch_norm, from: two}
  sum: {kind: add, from: [one, norm]}
  top: {kind: max_pool, from: sum, kernel: 2, stride: 2}
  mean: {kind: avg_pool, from: sum, kernel: 2, stride: 2}
  drop: {kind: dropout, from: top, rate: 0.5}
  out: {kind: dense, from: [drop, mean], cross_group: true, group: a, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  weights: {kind: normal, std: 0.1}
  optimizer:
    kind: sgd
    learning_rate: 0.02
    momentum: 0.9
    weight_decay: 1e-4
    rates: [{layers: one, learning_rate: 0.01}]
  frozen: [two]
  batch_size: 8
  epochs: 4
"""
FROZEN = "  frozen: [two]\n"
OUT = "out: {kind: dense, from: [drop, mean], cross_group: true, group: a"
CONCAT = "both: {kind: concat, from: [drop, mean], cross_group: true, group: a}"
READS = "out: {kind: dense, from: both, group: a"
FORMS = {
    "padding": [("padding: 1", "padding: same")],
    "rounding": [("kernel: 1}", "kernel: 1, rounding: ceil}")],
    "order of a sum": [("[one, norm]", "[norm, one]")],
    "initializer repeated": [("kernel: 1}", "kernel: 1, weights: {kind: normal, std: 0.1}}")],
    "join": [(OUT, f"{CONCAT}\n  {READS}")],
    "flatten": [
        ("[drop, mean]", "[row, line]"),
        ("  out:", "  row: {kind: flatten, from: drop}\n  line: {kind: flatten, from: mean}\n  out:"),
    ],
    "function": [
        (", activation: relu}", "}\n  act: {kind: activation, from: one, function: relu}"),
        ("[one, norm]", "[act, norm]"),
    ],
    "zeros": [
        ("one: {kind: conv, from: image", "one: {kind: conv, from: zeros"),
        (", padding: 1", ""),
        ("  one:", "  zeros: {kind: pad, from: image, padding: 1}\n  one:"),
    ],
    "names": [("one", "uno"), ("two", "due")],
    "frozen": [(FROZEN, "  frozen: [tw*]\n")],
    "frozen, and names": [(FROZEN, "  frozen: [t*]\n"), ("two", "tre")],
    "frozen by the layer": [(FROZEN, ""), ("kernel: 1", "kernel: 1, trainable: false")],
    "rates": [("layers: one,", "layers: o*e,")],
    "places": [("filters: 4, kernel: 3", "filters: 4, group: [a, b], kernel: 3")],
}
OTHERS = {
    "inputs in another order": [("[drop, mean]", "[mean, drop]")],
    "another place": [("group: a, units", "group: b, units")],
}


def changed(replacements: list[tuple[str, str]]) -> Spec:
    text = BRANCHES
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return load_spec(document.parse(text, "branches.yaml"))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_otherwise_goes_on_to_the_last_bit(tmp_path: Path, form: str) -> None:
    own, other = changed([]), changed(FORMS[form])
    run(own, tmp_path / "whole", steps=20)
    run(own, tmp_path / "run", steps=5)
    run(other, tmp_path / "run", steps=12, resume=True)
    whole, made = (RunDirectory(tmp_path / name) for name in ("whole", "run"))
    kept = made.spec()
    assert kept.layers == own.layers
    assert kept.training is not None
    assert own.training is not None
    assert kept.training.frozen == own.training.frozen
    run(own, tmp_path / "run", steps=20, resume=True)
    assert_equal(made.newest().weights, whole.newest().weights)
    for slot, values in whole.newest().slots.items():
        assert_equal(made.newest().slots[slot], values)
    assert made.spec().as_yaml() == whole.spec().as_yaml()


@pytest.mark.parametrize("change", OTHERS)
def test_weights_that_stand_elsewhere_are_carried_and_not_resumed(tmp_path: Path, change: str) -> None:
    run(changed([]), tmp_path / "run", steps=5)
    before = (tmp_path / "run" / "spec.yaml").read_bytes()
    other = changed(OTHERS[change])
    with pytest.raises(RunError) as caught:
        run(other, tmp_path / "run", steps=12, resume=True, allow_changes=True)
    assert "layers.out" in str(caught.value)
    assert f"`specnet weights carry {tmp_path / 'run'} SPEC`" in str(caught.value.hint)
    assert (tmp_path / "run" / "spec.yaml").read_bytes() == before
    made = specnet.carry_weights(tmp_path / "run", other, run_dir=tmp_path / "new")
    assert made.mapping.same_network
    one, two = (evaluate_run(tmp_path / name, progress=Progress(quiet=True)) for name in ("run", "new"))
    assert one.evaluation == pytest.approx(two.evaluation)


@pytest.mark.parametrize(
    "change", [("max_pool", "avg_pool"), ("kernel: 1", "kernel: 1, weights: {kind: normal, std: 0.2}")]
)
def test_another_network_is_only_refused(tmp_path: Path, change: tuple[str, str]) -> None:
    run(changed([]), tmp_path / "run", steps=5)
    with pytest.raises(RunError) as caught:
        run(changed([change]), tmp_path / "run", steps=12, resume=True)
    assert "carry" not in str(caught.value.hint)
