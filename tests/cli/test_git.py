"""The lines for git in docs/diff.md, as they stand there, in a repository; and what the driver is given."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, Outcome

Cli = Callable[..., Outcome]
Shell = Callable[[str], str]
IDENTITY = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def documented(words: str) -> str:
    """The only line of the page that has these words."""
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("$ ") and words in line]
    return line.removeprefix("$ ")


@pytest.fixture
def shell(tmp_path: Path, specs: Path) -> Shell:
    """Runs a line in a repository whose second commit changes one spec, in meaning and in style, and moves
    another."""
    programs = {
        "specnet": f'exec {shlex.quote(sys.executable)} -m specnet "$@"',
        "gh": 'echo "gh $*"; exec cat',
    }
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    path = os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))
    env = {**os.environ, **IDENTITY, "PATH": path, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull}
    env = {**env, "GIT_PAGER": "cat", "NO_COLOR": "1"}
    folder = tmp_path / "repository"
    (folder / "specs").mkdir(parents=True)

    def run(line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), line
        return done.stdout

    text = (specs / "alexnet.yaml").read_text(encoding="utf-8")
    (folder / "specs" / "alexnet.yaml").write_text(text)
    (folder / "specs" / "gone.yaml").write_text((specs / "lenet5.yaml").read_text(encoding="utf-8"))
    run("git init -q && git add . && git commit -qm one && git update-ref refs/remotes/origin/main HEAD")
    edited = text.replace("momentum: 0.9", "momentum: 0.8").replace("specnet: 1", "# a comment\nspecnet: 1")
    edited = edited.replace("conv2: {kind: conv,", "conv2: {kind: conv, group: [gpu1, gpu0],")
    (folder / "specs" / "alexnet.yaml").write_text(edited)
    run(
        "git mv specs/gone.yaml specs/come.yaml && sed -i s/lenet5/come/ specs/come.yaml"
        " && git commit -qam two"
    )
    run(documented("diff=specnet"))
    return run


CHANGE = "~ training.optimizer.momentum: 0.9 -> 0.8"


@pytest.mark.slow
def test_a_driver_says_what_changed(shell: Shell) -> None:
    shell(documented("diff.specnet.command"))
    for ask in ("git diff --no-renames HEAD~1", "git show --no-renames --ext-diff HEAD"):
        told = shell(ask)
        assert f"specnet diff specs/alexnet.yaml\n{CHANGE}\n" in told
        assert "specnet diff specs/come.yaml\n+ come: 8 layers, 61,706 parameters, " in told
        assert "specnet diff specs/gone.yaml\n- lenet5: 8 layers, 61,706 parameters, " in told
        assert "comment" not in told
    assert "specnet diff specs/gone.yaml\n~ name: lenet5 -> come\n" in shell("git diff -M HEAD~1")
    shell("echo 'layers: [' > specs/alexnet.yaml")
    broken = shell("git diff")
    assert "specnet diff specs/alexnet.yaml\nb/specs/alexnet.yaml:" in broken
    assert "error" in broken


@pytest.mark.slow
def test_a_text_form_has_a_line_for_each_value(shell: Shell) -> None:
    shell(documented("diff.specnet.textconv"))
    told = shell("git diff HEAD~1 -- specs/alexnet.yaml")
    lines = [line for line in told.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == ["-training.optimizer.momentum: 0.9", "+training.optimizer.momentum: 0.8"]
    shell("echo 'layers: [' > specs/alexnet.yaml")
    assert "\n+layers: [\n" in shell("git diff")


@pytest.mark.slow
def test_a_tool_and_a_comment_need_no_configuration(shell: Shell) -> None:
    assert CHANGE in shell(documented("git difftool")).splitlines()
    told = shell(documented("gh pr comment")).splitlines()
    assert told[0] == "gh pr comment --body-file -"
    assert "| change | `training.optimizer.momentum` | `0.9` | `0.8` |" in told


def test_the_driver_needs_what_git_gives(cli: Cli, specs: Path, tmp_path: Path) -> None:
    lenet = specs / "lenet5.yaml"
    given = ("specs/x.yaml", lenet, "0" * 40, "100644", specs / "alexnet.yaml", "1" * 40, "100644")
    done = cli("diff", "--git", *given)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("specnet diff specs/x.yaml\n")
    assert "\n~ name: lenet5 -> alexnet\n" in done.out
    assert "specs/x.yaml is not merged\n" in cli("diff", "--git", "specs/x.yaml").out
    missing = cli("diff", "--git", *given[:4], tmp_path / "no.yaml", *given[5:])
    assert missing.code == 0
    assert "no.yaml: No such file or directory" in missing.out
    done = cli("diff", "--git", lenet, lenet)
    assert (done.code, done.out) == (2, "")
    assert "diff.specnet.command" in done.err


def test_a_spec_against_none_came_or_went(cli: Cli, specs: Path) -> None:
    came = cli("diff", os.devnull, specs / "lenet5.yaml", "--exit-code")
    assert (came.code, came.out) == (1, "+ lenet5: 8 layers, 61,706 parameters, 416,520 MACs\n")
    went = cli("diff", specs / "lenet5.yaml", os.devnull)
    assert (went.code, went.out) == (0, "- lenet5: 8 layers, 61,706 parameters, 416,520 MACs\n")
    assert cli("diff", os.devnull, os.devnull).code == 2
    done = cli("diff", specs / "lenet5.yaml")
    assert (done.code, done.out) == (2, "")
    assert "only one spec is given" in done.err


def test_lines_of_values(cli: Cli, specs: Path) -> None:
    lines = cli("expand", "--lines", specs / "alexnet.yaml").out.splitlines()
    assert "layers.conv1.padding: 0" in lines, "a default"
    assert "training.augment: [{kind: random_crop, size: 224}, {kind: horizontal_flip}, " in "\n".join(lines)
    assert len({line.partition(": ")[0] for line in lines}) == len(lines)
    flat = cli("expand", "--lines", specs / "zoo" / "resnet50.yaml").out
    assert "block" not in flat
