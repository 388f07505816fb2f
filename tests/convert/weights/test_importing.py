"""Files into runs, and everything that is refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from specnet.runs.records import RunProgress
from specnet.runs.run_directory import RunDirectory
from specnet.spec import spec
from specnet.syntax import document
from specnet.testing.comparing import assert_equal
from support.weights_files import SPEC, State, assert_taken, state_of


def test_canonical_names_make_a_run(take: Any, tmp_path: Path) -> None:
    state = state_of()
    assert_taken(take(state), tmp_path / "run", state)
    saved = RunDirectory(tmp_path / "run").newest()
    assert saved.progress == RunProgress(seed=0, precision="float32", data=None, step=0, evaluations=())
    assert saved.slots == {}  # the spec has no optimizer
    assert RunDirectory(tmp_path / "run").spec().as_yaml() == spec.load(document.parse(SPEC)).as_yaml()


def test_the_widest_type_decides_the_precision(take: Any, tmp_path: Path) -> None:
    state = state_of()
    wide = {**state, "out.a.bias": np.array([1 / 3, 2 / 3])}
    expected = {name: values.astype(np.float64) for name, values in wide.items()}
    assert_taken(take(wide), tmp_path / "run", expected)
    assert RunDirectory(tmp_path / "run").newest().progress.precision == "float64"


def test_the_precision_can_be_named(take: Any, tmp_path: Path) -> None:
    wide = {name: values.astype(np.float64) / 3 for name, values in state_of().items()}
    done = take(wide, None, "--precision", "float32", "--seed", "4", "--data", "digits")
    assert_taken(done, tmp_path / "run", {name: v.astype(np.float32) for name, v in wide.items()})
    progress = RunDirectory(tmp_path / "run").newest().progress
    assert [progress.precision, progress.seed, progress.data] == ["float32", 4, "digits"]


def without(state: State, name: str) -> State:
    return {n: values for n, values in state.items() if n != name}


WRONG: dict[str, tuple[Callable[[State], Mapping[str, Any]], str, str]] = {
    "missing": (
        lambda s: without(s, "fc.b.bias"),
        "SN706",
        "the file has nothing for the network's 'fc.b.bias'",
    ),
    "extra": (
        lambda s: {**s, "fc.c.bias": np.ones(3)},
        "SN707",
        "the file's tensor 'fc.c.bias' is not in the network",
    ),
    "misshapen": (
        lambda s: {**s, "out.a.weight": np.ones((2, 5))},
        "SN710",
        "'out.a.weight' is 2x5, and 2x6 is what fits 'out.a.weight'",
    ),
    "scalar": (
        lambda s: {**s, "out.a.bias": np.ones(())},
        "SN710",
        "'out.a.bias' is a single number, and 2 is what fits 'out.a.bias'",
    ),
    "twice": (
        lambda s: {**s, "out.bias": s["out.a.bias"]},
        "SN708",
        "'out.a.bias' is given twice, by 'out.a.bias' and by 'out.bias'",
    ),
    "integers": (
        lambda s: {**s, "out.a.bias": np.array([1, 2])},
        "SN709",
        "'out.a.bias' has the type i64",
    ),
    "not a number": (
        lambda s: {**s, "out.a.bias": np.array([1, np.nan])},
        "SN712",
        "'out.a.bias' has 1 value that float64 cannot hold, or no number",
    ),
    "infinite": (
        lambda s: {**s, "out.a.bias": np.array([np.inf, -np.inf], dtype=np.float32)},
        "SN712",
        "'out.a.bias' has 2 values that float32 cannot hold, or no number",
    ),
    "other names": (
        lambda s: {n.replace(".", "-"): v for n, v in s.items()},
        "SN706",
        "no tensor of the file bears a name of the network: 'conv-a-bias', say, against",
    ),
    "nothing": (lambda s: {}, "SN706", "the file holds no tensors"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    take: Any, tmp_path: Path, name: str
) -> None:
    change, code, message = WRONG[name]
    done = take(change(state_of()))
    assert (done.code, done.out) == (1, "")
    assert f"error {code}: {message}" in done.err
    assert "1 error" in done.err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_values_too_large_for_the_precision_are_refused(take: Any, tmp_path: Path) -> None:
    done = take({**state_of(), "out.a.bias": np.array([1e300, 0])}, None, "--precision", "float32")
    assert done.code == 1
    assert "1 value that float32 cannot hold" in done.err


def test_many_findings_are_counted_not_listed(take: Any) -> None:
    done = take({**state_of(), **{f"theirs.{i}": np.ones(1) for i in range(100)}})
    assert done.code == 1
    assert "and 80 more tensors like these" in done.err
    assert done.err.count("\n") < 60


def test_a_run_that_is_there_stays_as_it_is(take: Any, tmp_path: Path) -> None:
    state = state_of()
    assert take(state).code == 0
    done = take({name: 2 * values for name, values in state.items()})
    assert done.code == 2
    assert "holds a run already" in done.err
    found = RunDirectory(tmp_path / "run").newest().weights
    assert_equal(found, state)


@pytest.mark.parametrize("start", [b"\x89HDF\r\n\x1a\n\0", b"PK\x03\x04\0", b"\x80\x02}q\0.", None])
def test_a_file_where_the_spec_should_be_is_told_so(cli: Any, tmp_path: Path, start: bytes | None) -> None:
    spec, file = tmp_path / "spec.yaml", tmp_path / "theirs"
    spec.write_text(SPEC)
    save_file(state_of(), file)
    if start is not None:
        file.write_bytes(start)
    done = cli("weights", "import", file, spec, "--run-dir", tmp_path / "run")
    assert (done.code, done.out) == (2, "")
    assert f"{file} is not a spec, and {spec} is not a file of tensors: the spec comes first" in done.err
    assert f"specnet weights import {spec} {file}" in done.err
    done = cli("weights", "import", tmp_path / "absent", spec, "--run-dir", tmp_path / "run")
    assert done.code == 2
    assert "cannot read" in done.err
