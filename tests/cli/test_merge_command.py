"""`specnet merge`: exit codes, where the result goes, and the lines for git in docs/diff.md."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, Outcome
from specnet.storage.checksum import MARK

Cli = Callable[..., Outcome]
Sides = tuple[Path, Path, Path]


@pytest.fixture
def sides(tmp_path: Path, specs: Path) -> Sides:
    """A base and two sides that each changed another value."""
    text = (specs / "alexnet.yaml").read_text(encoding="utf-8")
    texts = {
        "base": text,
        "ours": text.replace("filters: 96", "filters: 64"),
        "theirs": text.replace("momentum: 0.9", "momentum: 0.8"),
    }
    for name, content in texts.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    return tmp_path / "base.yaml", tmp_path / "ours.yaml", tmp_path / "theirs.yaml"


def disagree(sides: Sides) -> str:
    """Let both sides change one value; the text of ours."""
    text = sides[1].read_text(encoding="utf-8").replace("momentum: 0.9", "momentum: 0.7")
    sides[1].write_text(text)
    return text


def test_the_result_is_written_to_ours(cli: Cli, sides: Sides) -> None:
    text = sides[1].read_text(encoding="utf-8")
    done = cli("merge", *sides)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert sides[1].read_text(encoding="utf-8") == text.replace("momentum: 0.9", "momentum: 0.8")


def test_the_result_is_written_elsewhere(cli: Cli, sides: Sides) -> None:
    text = sides[1].read_text(encoding="utf-8")
    file = sides[1].with_name("merged.yaml")
    assert cli("merge", *sides, "-o", file).code == 0
    assert sides[1].read_text(encoding="utf-8") == text
    assert file.read_text(encoding="utf-8") == text.replace("momentum: 0.9", "momentum: 0.8")


def test_conflicts_are_told_with_their_places(cli: Cli, sides: Sides) -> None:
    text = disagree(sides)
    done = cli("merge", *sides, "--path", "specs/net.yaml")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "conflict: training.optimizer.momentum was changed by both sides\n  base: 0.9\n"
        "  ours: 0.7  (ours:specs/net.yaml:30:57)\n  theirs: 0.8  (theirs:specs/net.yaml:30:57)\n1 conflict\n"
    )
    marked = sides[1].read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "momentum" in line)
    other = line.replace("momentum: 0.7", "momentum: 0.8")
    assert marked == text.replace(line, f"<<<<<<< ours\n{line}\n=======\n{other}\n>>>>>>> theirs")


def test_json(cli: Cli, sides: Sides) -> None:
    told = json.loads(cli("merge", *sides, "--json", "-o", sides[0].with_name("m.yaml")).out)
    assert told == {
        "schema_version": 1,
        "merged": True,
        "taken": ["training.optimizer.momentum"],
        "conflicts": [],
    }
    disagree(sides)
    done = cli("merge", *sides, "--json")
    assert (done.code, done.err) == (1, "")
    (conflict,) = json.loads(done.out)["conflicts"]
    place = {"line": 30, "column": 57}
    assert conflict == {
        "kind": "changed",
        "path": "training.optimizer.momentum",
        "base": 0.9,
        "ours": 0.7,
        "theirs": 0.8,
        "at": {"ours": {"file": str(sides[1]), **place}, "theirs": {"file": str(sides[2]), **place}},
    }


def test_findings_about_the_result_are_conflicts(cli: Cli, sides: Sides) -> None:
    text = sides[0].read_text(encoding="utf-8")
    sides[1].write_text(text.replace("groups: [gpu0, gpu1]", "groups: [gpu0, gpu1, gpu2]"))
    sides[2].write_text(text.replace("filters: 96", "filters: 98"))
    done = cli("merge", *sides, "--json")
    assert done.code == 1
    (first, *_) = json.loads(done.out)["conflicts"]
    assert (first["kind"], first["path"], first["finding"]["severity"]) == (
        "invalid",
        "layers.conv1",
        "error",
    )
    assert "layers.conv1.filters" in first["changes"]["theirs"]


def test_a_spec_that_is_not_sound_leaves_ours_as_it_is(cli: Cli, sides: Sides) -> None:
    text = sides[1].read_text(encoding="utf-8")
    sides[2].write_text("layers: [")
    done = cli("merge", *sides)
    assert done.code == 1
    assert f"{sides[2]}:1:" in done.err
    assert sides[1].read_text(encoding="utf-8") == text


def test_what_cannot_be_merged_or_written(cli: Cli, sides: Sides, tmp_path: Path) -> None:
    for arguments, words in (
        (("no.yaml", *sides[1:]), "cannot read no.yaml"),
        (("-", sides[1], "-"), "only one of the specs"),
        ((sides[0], "-", sides[2]), "-o FILE"),
        ((*sides, "--json", "-o", "-"), "--json"),
        ((*sides, "-o", tmp_path / "no" / "m.yaml"), "cannot write"),
        ((sides[0], sides[1], os.devnull), "is empty"),
    ):
        done = cli("merge", *arguments)
        assert (done.code, done.out) == (2, ""), words
        assert words in done.err


def test_links_are_not_written_through_and_runs_keep_their_spec(
    cli: Cli, sides: Sides, tmp_path: Path
) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(sides[1])
    text = sides[1].read_text(encoding="utf-8")
    done = cli("merge", sides[0], link, sides[2])
    assert (done.code, link.is_symlink()) == (2, True)
    assert "link" in done.err
    sides[1].write_text(f"{text}{MARK}{'0' * 64}\n")
    done = cli("merge", *sides)
    assert done.code == 2
    assert "checksum" in done.err


def test_a_byte_order_mark_stays(cli: Cli, sides: Sides) -> None:
    sides[1].write_bytes(b"\xef\xbb\xbf" + sides[1].read_bytes())
    assert cli("merge", *sides).code == 0
    assert sides[1].read_bytes().startswith(b"\xef\xbb\xbf# yaml")


def documented(words: str) -> str:
    """The only line of the page that has these words."""
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("$ ") and words in line]
    return line.removeprefix("$ ")


@pytest.mark.slow
def test_git_merges_specs_by_meaning(tmp_path: Path, sides: Sides) -> None:
    folder = tmp_path / "repository"
    (folder / "specs").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "specnet"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m specnet "$@"\n')
    program.chmod(0o755)
    who = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))
    env = {**os.environ, **who, "PATH": path, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull}

    def shell(line: str, code: int = 0) -> str:
        done = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    base, ours, theirs = (side.read_text(encoding="utf-8") for side in sides)
    spec = folder / "specs" / "a net.yaml"
    shell("git init -q -b main")
    shell(documented("merge=specnet"))
    shell(documented("merge.specnet.driver"))

    def commit(text: str, message: str) -> None:
        spec.write_text(text)
        shell(f"git add . && git commit -qm {message}")

    commit(base, "base")
    shell("git checkout -qb feature")
    renamed = theirs.replace("conv1", "first").replace("momentum: 0.8,", "nesterov: true, momentum: 0.8,")
    commit(renamed, "theirs")
    shell("git checkout -q main")
    commit(ours, "ours")
    shell("git merge -q --no-edit feature")
    merged = renamed.replace("filters: 96", "filters: 64")
    assert sorted(spec.read_text(encoding="utf-8").replace(",", "").split()) == sorted(
        merged.replace(",", "").split()
    )
    assert shell("git status --porcelain") == ""

    commit(merged.replace("momentum: 0.8", "momentum: 0.7"), "more")
    shell("git checkout -q feature")
    commit(renamed.replace("momentum: 0.8", "momentum: 0.6"), "other")
    shell("git checkout -q main")
    told = shell("git merge -q --no-edit feature", 1)
    assert "ours: 0.7  (ours:specs/a net.yaml:" in told
    assert shell("git status --porcelain") == 'UU "specs/a net.yaml"\n'
    assert spec.read_text(encoding="utf-8").count("<<<<<<< ours\n") == 1
