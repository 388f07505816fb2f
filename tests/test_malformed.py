"""The malformed specs: every one is reported as expected, at once, and with nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "malformed"
SECONDS = 0.5
MEMORY = 100 * 2**20

# Validates its arguments one after another in one process. The first is validated twice and its second time
# counts, so that no spec is charged for the imports and for pydantic's models.
CHECKER = """\
import io, json, resource, sys, time, contextlib
from specnet.cli.main import main
def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
import specnet.network
start, reports = used(), {}
for path in [sys.argv[1], *sys.argv[1:]]:
    out, err, began = io.StringIO(), io.StringIO(), time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["validate", path, "--json"])
    reports[path] = [code, out.getvalue(), err.getvalue(), time.process_time() - began]
json.dump({"reports": reports, "memory": used() - start}, sys.stdout)
"""


def expected() -> dict[str, str]:
    lines = (FOLDER / "expected.txt").read_text().splitlines()
    pairs = (line.partition(" ") for line in lines if not line.startswith("#"))
    return {path: findings for path, _, findings in pairs}


@pytest.fixture(scope="module")
def checked() -> dict[str, Any]:
    """What `validate --json` says about all of them, how long each took, and the memory all of them took."""
    paths = [str(FOLDER / path) for path in expected()]
    done = subprocess.run([sys.executable, "-c", CHECKER, *paths], capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_there_are_at_least_120_and_all_are_expected() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml")}
    assert files == set(expected())
    assert len(files) >= 120


@pytest.mark.parametrize("path", expected())
def test_reported_as_expected(path: str, checked: dict[str, Any]) -> None:
    code, out, err, seconds = checked["reports"][str(FOLDER / path)]
    assert (code, err) == (1, "")
    found = [f"{d['code']}:{d['line']}" for d in json.loads(out)["diagnostics"]]
    listed = " ".join(found) if len(found) < 10 else f"{found[0]} ... {found[-1]}"
    assert listed == expected()[path]
    assert seconds < SECONDS


def test_memory(checked: dict[str, Any]) -> None:
    assert checked["memory"] < MEMORY


def test_the_text_form_has_no_traceback(cli: Callable[..., Any]) -> None:
    began = time.process_time()
    done = cli("validate", *(FOLDER / path for path in expected()))
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert time.process_time() - began < SECONDS * len(expected())
