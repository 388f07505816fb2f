"""Any whole number is a seed: its runs are read again and go on. Nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet
from specnet.diagnostics.errors import UsageError
from specnet.runs.run_directory import RunDirectory
from specnet.terminal.progress import Progress
from specnet.testing.comparing import assert_equal
from support.training_runs import TINY

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
QUIET = Progress(quiet=True)
SEEDS = [-1, 2**63, 2**64, 10**22, -(2**70)]
"""Beyond what 64 bits hold, with and without a sign."""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(TINY)
    return tmp_path / "tiny.yaml"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_of_any_seed_goes_on(cli: Cli, tiny: Path, tmp_path: Path, seed: int) -> None:
    train = ("train", tiny, "--run-dir")
    assert cli(*train, tmp_path / "intact", "--steps", 4, f"--seed={seed}").code == 0
    assert cli(*train, tmp_path / "parts", "--steps", 2, f"--seed={seed}").code == 0
    done = cli(*train, tmp_path / "parts", "--steps", 4, "--resume")
    assert done.code == 0, done.err
    (saved,) = (tmp_path / "parts" / "checkpoints").glob("step-00000004")
    assert json.loads((saved / "state.json").read_text())["seed"] == seed
    found, expected = (RunDirectory(tmp_path / name).newest() for name in ("parts", "intact"))
    assert_equal(found.weights, expected.weights)
    assert found.progress.seed == seed
    assert cli("evaluate", tmp_path / "parts").code == 0
    assert "parts" in cli("runs", tmp_path).out


def test_seeds_are_told_apart_however_large(tiny: Path) -> None:
    states = [specnet.compile(tiny, seed=seed).state_dict() for seed in (0, *SEEDS)]
    drawn = {state["conv.a.weight"].numpy().tobytes() for state in states}
    assert len(drawn) == 1 + len(SEEDS)


WRONG: dict[str, Any] = {
    **{repr(seed): seed for seed in ("x", "1", 1.5, 1.0, True, [1])},
    "too long": 10**1000,
    "longer than Python writes": -(10**4400),
}


@pytest.mark.parametrize("seed", WRONG.values(), ids=WRONG)
def test_what_is_not_a_whole_number_is_refused(tiny: Path, tmp_path: Path, seed: Any) -> None:
    with pytest.raises(UsageError, match=r"seed (is a whole number|has more than).*\n  hint: .*seed=0"):
        specnet.train(tiny, run_dir=tmp_path / "r", steps=1, seed=seed, progress=QUIET)
    assert not (tmp_path / "r").exists()
    with pytest.raises(UsageError, match="seed"):
        specnet.compile(tiny, seed=seed)
    with pytest.raises(UsageError, match="seed"):
        specnet.import_weights(tiny, tmp_path / "none.safetensors", tmp_path / "i", seed=seed)


def test_numbers_of_numpy_are_the_same_seed(tiny: Path, tmp_path: Path) -> None:
    numbers: list[Any] = [3, np.int64(3)]
    for name, seed in zip(("one", "other"), numbers, strict=True):
        specnet.train(tiny, run_dir=tmp_path / name, steps=1, seed=seed, progress=QUIET)
    one, other = (RunDirectory(tmp_path / name).newest().weights for name in ("one", "other"))
    assert_equal(one, other)
    models = [specnet.compile(tiny, seed=seed).state_dict() for seed in numbers]
    assert_equal(*({name: value.numpy() for name, value in model.items()} for model in models))
