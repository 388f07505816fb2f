"""Names that agree, names that a mapping file explains, and what is wrong with one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.convert.weights.names import ParameterNames
from support.weights_files import SPEC, assert_taken, merged, state_of

SAID = """\
weights: 1
tensors:
  features.0: conv
  upper: norm.a
  norm.b: norm.b
  head.matrix: fc.weight
  head.vector: [fc.a.bias, fc.b.bias]
ignore: [teacher, lonely]
"""


def test_whole_layers_are_shared_out(take: Any, tmp_path: Path) -> None:
    state = state_of()
    whole = {**merged(state), "norm.num_batches_tracked": np.array(7)}
    assert_taken(take(whole), tmp_path / "run", state)


def test_a_mapping_names_modules_shares_and_tensors(take: Any, tmp_path: Path) -> None:
    state = state_of()
    whole = merged(state)
    theirs = {
        "features.0.weight": whole["conv.weight"],
        "features.0.bias": whole["conv.bias"],
        **{name.replace("norm.a", "upper"): v for name, v in state.items() if name.startswith("norm")},
        "head.matrix": whole["fc.weight"],
        "head.vector": whole["fc.bias"],
        "out.weight": whole["out.weight"],
        "out.bias": whole["out.bias"],
        "teacher.0.weight": np.ones(3),
        "lonely": np.ones(3),
    }
    assert_taken(take(theirs, SAID), tmp_path / "run", state)


def test_several_layers_are_one_tensor_in_the_order_that_is_said(take: Any, tmp_path: Path) -> None:
    state = state_of()
    whole = merged(state)
    whole["both.weight"] = np.concatenate([state["fc.b.weight"], state["fc.a.weight"]])
    whole["both.bias"] = np.concatenate([state["fc.b.bias"], state["fc.a.bias"]])
    del whole["fc.weight"], whole["fc.bias"]
    whole["out.weight"] = np.roll(whole["out.weight"], 3, 1)  # it reads the three units of fc.b first
    said = "weights: 1\ntensors:\n  both: [fc.b, fc.a]\n"
    assert_taken(take(whole, said), tmp_path / "run", state)


SAID_WRONG = {
    "  theirs: cnov": "map.yaml:3:3: error SN701: 'theirs': the network has no parameters called 'cnov'",
    "  theirs: conv.c": "map.yaml:3:3: error SN701",
    "  theirs: conv.weigth": "did you mean 'conv.weight'?",
    "  theirs: [conv, fc.weight]": "map.yaml:3:3: error SN702",
    "  theirs: [conv, norm]": "do not have the same parameters",
    "  theirs: [conv.weight, fc.weight]": "cannot be stacked",
    "  theirs: {to: fc, flatten: separate}": "map.yaml:3:3: error SN703",
    "  theirs: {to: fc, flatten: apart}": "map.yaml:3:29: error SN206",
    "  theirs: {too: fc}": "did you mean 'to'?",
    "  theirs: 3": "map.yaml:3:3: error SN203: to: expected a name or a list of names, got 3",
    "  theirs.weight: fc.weight": "map.yaml:3:3: error SN704: the file has no tensor 'theirs.weight'",
    "  fc.a: fc.a\nignore: [con]": "map.yaml:4:10: error SN705: the file has no tensor or module 'con'",
    "  fc.a: fc.a\nignroe: [conv]": "did you mean 'ignore'?",
    "  fc.a: fc.a\n  fc.a: fc.b": "error SN102",
}


@pytest.mark.parametrize("lines", SAID_WRONG)
def test_what_is_wrong_with_a_mapping_is_shown_in_its_place(take: Any, tmp_path: Path, lines: str) -> None:
    done = take(state_of(), f"weights: 1\ntensors:\n{lines}\n")
    assert done.code == 1
    assert SAID_WRONG[lines] in done.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "start with 'weights: 1'"),
        ("- conv\n", "a mapping file is a mapping"),
        ("tensors: {}\n", "the key 'weights' is missing"),
        ("weights: 2\n", "SN206"),
        ("weights: 1\ntensors: {a: !!python/name:os.system conv}\n", "SN103"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(take: Any, said: str, message: str) -> None:
    done = take(state_of(), said)
    assert done.code == 1
    assert message in done.err
    assert "specnet: 1" not in done.err


MANY = 200
WRONG = {
    "tensors": "tensors: {" + ", ".join(f"t{i}: cnov{i}" for i in range(MANY)) + "}",
    "constants": "constants: {" + ", ".join(f"cnov{i}.bias: 1" for i in range(MANY)) + "}",
    "ignore": "ignore: [" + ", ".join(f"conv.wieght{i}" for i in range(MANY)) + "]",
    "tensors that are not there": "tensors: {"
    + ", ".join(f"conv.wieght{i}: l{i}.weight" for i in range(MANY))
    + "}",
    "nothing": "ignore: []",
}


@pytest.mark.parametrize("part", WRONG)
@pytest.mark.parametrize("options", [(), ("--partial",)], ids=["in full", "in part"])
def test_what_was_meant_is_looked_for_a_few_times_only(
    take: Any, monkeypatch: pytest.MonkeyPatch, part: str, options: tuple[str, ...]
) -> None:
    """Each look among many names is slow, and files and mappings of strangers have a hundred thousand."""
    compared: list[int] = []
    look = difflib.get_close_matches

    def counted(word: str, names: Any, **others: Any) -> list[str]:
        compared.append(len(names))
        return look(word, names, **others)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    head = SPEC[: SPEC.index("  conv:")]
    layers = "".join(f"  l{i}: {{kind: dense, from: image, units: 2}}\n" for i in range(MANY))
    theirs = {f"conv.weight{i}": np.ones(1, np.float32) for i in range(MANY)}
    done = take(theirs, f"weights: 1\n{WRONG[part]}\n", *options, text=head + layers)
    assert done.code == 1
    assert sum(count > MANY / 2 for count in compared) <= 2 * 20


def test_prefixes_are_as_deep_as_wrapped_models_are(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every prefix is tried on every name, and a name has room for five hundred."""
    tried: list[str] = []
    parameter = ParameterNames.parameter

    def counted(names: ParameterNames, text: str) -> Any:
        tried.append(text)
        return parameter(names, text)

    monkeypatch.setattr(ParameterNames, "parameter", counted)
    theirs = {f"{'m.' * 300}weight{i}": np.ones(1, np.float32) for i in range(20)}
    assert take(theirs).code == 1
    assert len(tried) <= 2 * 20 * 11 + 100
