"""Commands: exit codes, what goes to stdout and stderr, the JSON that other programs read."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

BROKEN = """\
specnet: 1
name: x
layers:
  image: {kind: input, shape: [4]}
  d: {kind: dense, from: imag, units: 2}
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return path


def test_validate(cli: Cli, specs: Path, broken: Path) -> None:
    good = cli("validate", specs / "alexnet.yaml")
    assert (good.code, good.err) == (0, "")
    assert "is valid: alexnet, 16 layers on gpu0, gpu1" in good.out
    bad = cli("validate", broken)
    assert (bad.code, bad.out) == (1, "")
    assert f"{broken}:5:26: error SN301" in bad.err
    assert "did you mean 'image'?" in bad.err


def test_validate_json(cli: Cli, specs: Path, broken: Path) -> None:
    assert json.loads(cli("validate", specs / "alexnet.yaml", "--json").out) == {
        "schema_version": 1,
        "valid": True,
        "diagnostics": [],
    }
    bad = cli("validate", broken, "--json")
    assert bad.code == 1
    assert json.loads(bad.out) == {
        "schema_version": 1,
        "valid": False,
        "diagnostics": [
            {
                "code": "SN301",
                "severity": "error",
                "message": "layer 'd': there is no layer 'imag' to read",
                "file": str(broken),
                "line": 5,
                "column": 26,
                "hint": "did you mean 'image'?",
            }
        ],
    }


def test_text_that_is_not_yaml_is_json_too(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: [1\n")
    found = json.loads(cli("validate", path, "--json").out)
    assert [d["code"] for d in found["diagnostics"]] == ["SN101"]


def test_table_json_has_the_promised_keys(cli: Cli, specs: Path) -> None:
    table = json.loads(cli("table", specs / "alexnet.yaml", "--json").out)
    assert set(table) == {"schema_version", "name", "layers", "groups", "totals", "step"}
    conv3 = next(row for row in table["layers"] if row["name"] == "conv3")
    assert conv3 == {
        "name": "conv3",
        "kind": "conv",
        "groups": ["gpu0", "gpu1"],
        "from": ["pool2"],
        "cross_group": True,
        "output_shape": [384, 13, 13],
        "parameters": 885_120,
        "macs": 149_520_384,
        "kernel": [3, 3],
        "stride": [1, 1],
        "dilation": [1, 1],
        "padding": [1, 1, 1, 1],
        "receptive_field": [99, 99],
        "memory": 384 * 13 * 13 * 4 * 128,
        "frozen": False,
    }
    assert table["step"]["images"] == 128
    assert table["groups"]["gpu1"]["parameters"] == 28_434_112
    assert table["totals"] == {
        "parameters": 60_965_224,
        "macs": 724_406_816,
        "activations": 659_272,
        "cross_group_edges": 7,
        "cross_group_values": 58_624,
        "frozen_parameters": 0,
    }


def test_set_changes_the_spec_by_name(cli: Cli, specs: Path) -> None:
    table = json.loads(cli("table", specs / "alexnet.yaml", "--set", "layers.conv1.filters=64", "--json").out)
    assert table["layers"][1]["output_shape"] == [64, 55, 55]
    wrong = cli("table", specs / "alexnet.yaml", "--set", "layers.conv7.filters=64")
    assert (wrong.code, "did you mean 'conv5'?" in wrong.err or "did you mean 'conv1'?" in wrong.err) == (
        2,
        True,
    )
    invalid = cli("table", specs / "alexnet.yaml", "--set", "layers.conv1.filters=63")
    assert invalid.code == 1
    assert "--set layers.conv1.filters:1:1: error SN502" in invalid.err


def test_standard_input(cli: Cli, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = (specs / "lenet5.yaml").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert json.loads(cli("table", "-", "--json").out)["totals"]["parameters"] == 61_706


def test_diff(cli: Cli, specs: Path) -> None:
    same = cli("diff", specs / "alexnet.yaml", specs / "alexnet.yaml", "--exit-code")
    assert (same.code, same.out) == (0, "no differences\n")
    other = cli("diff", specs / "alexnet.yaml", specs / "alexnet_one_group.yaml")
    assert other.code == 0
    assert "~ layers.{conv3, fc6, fc7}.cross_group: true -> false" in other.out
    assert "parameters: 60,965,224 -> 62,378,344 (+1,413,120, +2.3%)" in other.out
    assert cli("diff", specs / "alexnet.yaml", specs / "lenet5.yaml", "--exit-code").code == 1


def test_diff_json_has_the_promised_keys(cli: Cli, specs: Path) -> None:
    found = json.loads(cli("diff", specs / "alexnet.yaml", specs / "alexnet_one_group.yaml", "--json").out)
    assert set(found) == {"schema_version", "changes", "rewritten", "consequences", "weights"}
    assert found["changes"][0] == {
        "op": "change",
        "path": "name",
        "before": "alexnet",
        "after": "alexnet_one_group",
    }
    assert found["consequences"]["cross_group_values"] == {"before": 58_624, "after": 0}
    assert found["consequences"]["shapes"] == []
    assert found["consequences"]["same_network"] is False


def test_diff_reads_revisions_from_git(
    cli: Cli, specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    old = (specs / "lenet5.yaml").read_text()
    git("init")
    (tmp_path / "net.yaml").write_text(old)
    git("add", "net.yaml")
    git("commit", "-m", "first")
    (tmp_path / "net.yaml").write_text(old.replace("filters: 6", "filters: 8"))
    monkeypatch.chdir(tmp_path)
    done = cli("diff", "HEAD:net.yaml", "net.yaml", "--exit-code")
    assert done.code == 1
    assert "~ layers.conv1.filters: 6 -> 8" in done.out.splitlines()
    wrong = cli("diff", "HEAD:nut.yaml", "net.yaml")
    assert wrong.code == 2
    assert "cannot read HEAD:nut.yaml: path 'nut.yaml' does not exist in 'HEAD'" in wrong.err
    assert cli("diff", "HEAD:net.yaml", "net.yaml", "--md").out.startswith("| | part | before | after |")


def test_every_command_reads_revisions_and_a_folder_in_git_is_no_spec(
    cli: Cli, specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "net.yaml").write_text((specs / "lenet5.yaml").read_text())
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init"], ["add", "."], ["commit", "-m", "first"]):
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    name = "HEAD:specs/net.yaml"
    assert cli("validate", name).out.startswith(f"{name} is valid")
    assert cli("table", name, "--json").code == 0
    assert cli("graph", "--diff", name, "specs/net.yaml", "-o", "x.svg").code == 0
    for arguments in (["diff", "HEAD:specs", name], ["table", "HEAD:specs"], ["validate", "HEAD:specs"]):
        done = cli(*arguments)
        assert (done.code, "cannot read HEAD:specs: it is a directory" in done.err) == (2, True)


def test_standard_input_has_one_name(cli: Cli, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = (specs / "lenet5.yaml").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert cli("validate", "-").out.startswith("<stdin> is valid")


def test_an_unreadable_file_hides_nothing_about_the_others(cli: Cli, specs: Path, broken: Path) -> None:
    paths = (specs / "lenet5.yaml", "nowhere.yaml", broken)
    done = cli("validate", *paths)
    assert done.code == 2
    assert "lenet5.yaml is valid" in done.out
    assert "error SN301" in done.err
    assert "nowhere.yaml:1:1: error SN111: cannot read nowhere.yaml: No such file" in done.err
    found = json.loads(cli("validate", *paths, "--json").out)
    assert (found["valid"], [d["code"] for d in found["diagnostics"]]) == (False, ["SN111", "SN301"])
    assert found["diagnostics"][0]["file"] == "nowhere.yaml"


def test_compile_prints_the_placement(cli: Cli, specs: Path) -> None:
    done = cli("compile", specs / "alexnet_digits.yaml", "--devices", "cpu")
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert any(line[:2] == ["gpu0", "cpu"] for line in lines)
    assert sum("->" in line for line in lines) == 7
    found = json.loads(cli("compile", specs / "alexnet.yaml", "--devices", "cpu", "--json").out)
    assert found["groups"]["gpu0"] == {"device": "cpu", "parameters": 32_531_112}
    assert sum(t["values"] for t in found["transfers"]) == 58_624


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["validate", "nowhere.yaml"], 2, "cannot read nowhere.yaml"),
        (["table", "."], 2, "cannot read ."),
        (["compile", "specs/alexnet.yaml", "--devices", "cuda:99"], 2, "this machine has: cpu"),
        (["compile", "specs/alexnet.yaml", "--backend", "jax"], 2, "there is no backend 'jax'"),
        (["train", "specs/alexnet.yaml"], 2, "names no dataset"),
        (["train", "specs/alexnet.yaml", "--data", "image_folder:nowhere"], 2, "nowhere does not exist"),
        (["train", "specs/alexnet.yaml", "--steps", "0"], 2, "0 is not at least 1"),
        (["train", "specs/alexnet.yaml", "--steps", "1", "--epochs", "1"], 2, "not allowed with"),
        (["evaluate", "nowhere"], 2, "nowhere holds no run"),
        (["tabel"], 2, "there is no command 'tabel'\n  hint: did you mean 'table'?"),
        (["frobnicate"], 2, "there is no command 'frobnicate'"),
        (["validate", "a.yaml", "--jsno"], 2, "specnet validate: error: unrecognized arguments: --jsno; did"),
        (["weights", "list", "a", "--jsno"], 2, "usage: specnet weights list"),
        (["table", "a.yaml", "--batch-size", "1e3"], 2, "'1e3' is not a whole number"),
        (["validate", ""], 2, "argument spec: it is empty"),
        (["train", "a.yaml", "--set", ""], 2, "argument --set: it is empty"),
        (["weights", "list", ""], 2, "argument FILE: it is empty"),
        (["explain", "SN304"], 2, "did you mean 'SN30"),
        ([], 2, "required"),
    ],
)
def test_bad_requests_are_one_message(cli: Cli, arguments: list[str], code: int, words: str) -> None:
    done = cli(*arguments)
    assert done.code == code
    assert words in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


def test_plugins(cli: Cli) -> None:
    done = cli("plugins")
    assert done.code == 0
    assert [line.split()[:3] for line in done.out.splitlines() if " torch " in line] == [
        ["specnet.backends", "torch", "specnet"]
    ]


def test_a_bug_is_one_line_and_debug_shows_where(
    cli: Cli, specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("specnet.tables.build.make", fail)
    done = cli("table", specs / "lenet5.yaml")
    assert done.code == 2
    assert "internal error: RuntimeError: a bug" in done.err
    monkeypatch.setenv("SPECNET_DEBUG", "1")
    with pytest.raises(RuntimeError):
        cli("table", specs / "lenet5.yaml")


def test_every_command_has_an_example_in_its_help(cli: Cli) -> None:
    from specnet.cli.main import COMMANDS

    for command in COMMANDS:
        shown = cli(command, "--help")
        assert shown.code == 0
        assert f"specnet {command}" in re.split("examples?:\n", shown.out)[1]


def test_a_closed_pipe_is_no_error(specs: Path) -> None:
    command = f"{sys.executable} -m specnet table {specs / 'alexnet.yaml'} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "alexnet\n", "")


def colored(environment: dict[str, str], *, terminal: bool, broken: Path) -> bool:
    """Whether `validate` colours its error, on a terminal or in a pipe."""
    base = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    command = [sys.executable, "-m", "specnet", "validate", str(broken)]
    if not terminal:
        done = subprocess.run(command, env={**base, **environment}, capture_output=True, check=False)
        return b"\033[" in done.stderr
    parent, child = pty.openpty()
    subprocess.run(command, env={"TERM": "xterm", **base, **environment}, stderr=child, check=False)
    os.close(child)
    shown = os.read(parent, 65536)
    os.close(parent)
    return b"\033[" in shown


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colour(environment: dict[str, str], terminal: bool, expected: bool, broken: Path) -> None:
    assert colored(environment, terminal=terminal, broken=broken) is expected
