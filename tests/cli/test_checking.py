"""The commands around checking: output formats, explain, init, schema, doctor, completion, hooks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from specnet.cli.main import COMMANDS
from specnet.diagnostics import catalogue, rules

Cli = Callable[..., Any]
ROOT = Path(__file__).parents[2]
MALFORMED = ROOT / "tests" / "malformed"


def test_github_annotations(cli: Cli) -> None:
    path = MALFORMED / "graph" / "unknown_source.yaml"
    done = cli("validate", path, "--output-format", "github")
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        f"::error title=specnet SN301,file={path},line=7,endLine=7,col=29,endColumn=33::"
        "layer 'conv1': there is no layer 'imge' to read%0Ahint: did you mean 'image'?\n"
    )


def test_several_specs_are_one_answer(cli: Cli, specs: Path) -> None:
    good, bad = specs / "lenet5.yaml", MALFORMED / "graph" / "unknown_source.yaml"
    done = cli("validate", good, bad)
    assert done.code == 1
    assert f"{good} is valid" in done.out
    found = json.loads(cli("validate", good, bad, "--output-format", "json").out)
    assert (found["valid"], [d["file"] for d in found["diagnostics"]]) == (False, [str(bad)])
    refused = cli("validate", good, bad, "--set", "name=x")
    assert (refused.code, "several are given" in refused.err) == (2, True)


def test_device_memory_and_strict(cli: Cli, specs: Path) -> None:
    # gpu0 holds 32,531,112 parameters, three times 4 bytes each: 372 MiB before any activation.
    arguments = ("validate", specs / "alexnet.yaml", "--device-memory")
    assert "SN510" in cli(*arguments, "370MiB").err
    assert cli(*arguments, "370MiB").code == 0
    assert cli(*arguments, "370MiB", "--strict").code == 1
    assert cli(*arguments, "80GiB", "--strict").err == ""
    assert cli(*arguments, "lots").code == 2


def test_explain(cli: Cli) -> None:
    assert cli("explain", "sn204").out == catalogue.page("SN204").text
    assert cli("explain", "unknown-kind").out == catalogue.page("SN204").text
    assert "did you mean 'unknown-kind'?" in cli("explain", "unknwon-kind").err
    wrong = cli("explain", "SN999")
    assert (wrong.code, "there is no code 'SN999'" in wrong.err) == (2, True)
    listed = cli("explain").out
    assert all(f"{rule.code}  {rule.name} " in listed for rule in rules.RULES)
    assert [*dict.fromkeys(re.findall(r"^ *(SN\d{3})\b", listed, re.MULTILINE))] == catalogue.codes()


def test_init_writes_a_commented_spec_that_is_the_same_network(cli: Cli, tmp_path: Path, specs: Path) -> None:
    names = cli("init", "--list").out.split()
    assert "alexnet" in names
    zoo = [name for name in names if name.startswith("zoo/")]
    assert len(zoo) >= 40
    for name in [*(name for name in names if name not in zoo), *zoo[::10], "zoo/resnet50"]:
        path = tmp_path / "mine.yaml"
        assert cli("init", path, "--from", name, "--force").code == 0
        assert cli("validate", path, "--strict").code == 0
        changes = json.loads(cli("diff", specs / f"{name}.yaml", path, "--json").out)["changes"]
        assert {change["path"] for change in changes} <= {"name"}
        assert "# The layers by name." in path.read_text()
    assert "# add: The sum" in path.read_text().partition("# The layers by name.")[0], "in its block"
    assert cli("init", tmp_path / "mine.yaml").code == 2, "it is there already"
    assert cli("init", "-", "--from", "resnet50").out == cli("init", "-", "--from", "zoo/resnet50").out
    missing = cli("diff", "resnet50", "resnet101").err
    assert "hint: specnet init resnet50.yaml --from resnet50 writes the shipped spec to a file" in missing
    assert "did you mean 'alexnet'?" in cli("init", "-", "--from", "alexnt").err


@pytest.mark.slow
def test_doctor(cli: Cli) -> None:
    done = cli("doctor", "--json")
    checks = {check["what"]: check["state"] for check in json.loads(done.out)["checks"]}
    assert done.code == 0
    assert checks["python"] == checks["specnet"] == checks["layer kinds"] == "ok"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_parses(cli: Cli, shell: str) -> None:
    script = cli("completion", shell).out
    assert all(command in script for command in COMMANDS)
    for word in ("output-format", "SN204", "image_folder", "alexnet_towers", "tensorflow", "mmd", "bfloat16"):
        assert word in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("specnet val", "validate"),
        ("specnet validate --out", "--output-format"),
        ("specnet validate --output-format ", "text json github"),
        ("specnet explain SN20", "SN201 SN202 SN203 SN204 SN205 SN206 SN207 SN208 SN209"),
        ("specnet train mi", "mine.yaml"),
        ("specnet graph --diff mine.yaml mi", "mine.yaml"),
        ("specnet diff mine.yaml mi", "mine.yaml"),
        ("specnet diff mine.yaml mine.yaml mi", "mine.yaml"),
        ("specnet diff mine.yaml --gi", "--git"),
        ("specnet merge mine.yaml mine.yaml mi", "mine.yaml"),
        ("specnet train mine.yaml --data image", "image_folder imagenet"),
        ("specnet train mine.yaml --epo", "--epochs"),
        ("specnet init --from leN", ""),
        ("specnet init --from le", "lenet5"),
        ("specnet weights e", "export"),
        ("specnet weights import mine.yaml no", "notes.txt"),
        ("specnet evaluate r", "runs"),
        ("specnet curves runs -o no", "notes.txt"),
    ],
)
def test_bash_completes(cli: Cli, tmp_path: Path, line: str, expected: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    (tmp_path / "runs").mkdir()
    for name in ("mine.yaml", "notes.txt", "ready"):
        (tmp_path / name).touch()
    words = line.split(" ")
    ask = f'COMP_WORDS=({" ".join(words[:-1])} "{words[-1]}"); COMP_CWORD={len(words) - 1}'
    script = f'{cli("completion", "bash").out}\n{ask}; _shtab_specnet 2>/dev/null; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        [bash], input=script, text=True, check=True, capture_output=True, cwd=tmp_path, env={}
    )
    assert set(done.stdout.split()) >= set(expected.split())
    assert set(done.stdout.split()) <= {*expected.split(), "SN210"}


def test_completion_without_its_library(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    done = cli("completion", "bash")
    assert (done.code, done.out) == (2, "")
    assert "the package shtab, which is not installed" in done.err
    assert "pip install 'specnet[completion]'" in done.err


def test_the_hook_runs_validate() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "specnet validate"
