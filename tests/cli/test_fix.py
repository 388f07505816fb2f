"""`validate --fix`: what it writes, what it says, and what it leaves alone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import SpecError
from specnet.runs.run_directory import RunDirectory
from specnet.spec import spec
from support.helpers import HEAD

Cli = Callable[..., Any]

RIGHT = HEAD + "  conv: {kind: conv, from: image, filters: 6, kernel: 3}\n"
WRONG = RIGHT.replace("filters", "filtres").replace("from: image", "from: im\u0430ge")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(WRONG)
    return path


def test_the_file_is_mended_and_told(cli: Cli, file: Path) -> None:
    file.chmod(0o640)
    done = cli("validate", file, "--fix")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{file}:6:30: '\\u0430' -> 'a' (SN301)",
        f"{file}:6:35: 'filtres' -> 'filters' (SN201)",
        f"{file} is valid: small, 2 layers on a, b",
    ]
    assert file.read_bytes() == RIGHT.encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert [*file.parent.iterdir()] == [file]
    again = cli("validate", file, "--fix")
    assert (again.code, again.out) == (0, f"{file} is valid: small, 2 layers on a, b\n")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_every_other_byte_stays(cli: Cli, file: Path, mark: bytes, ends: bytes) -> None:
    comment = "  # größe \t \U0001f600 \n\n \n# end, without a line break".encode()
    wrong, right = (mark + (text.encode() + comment).replace(b"\n", ends) for text in (WRONG, RIGHT))
    file.write_bytes(wrong)
    assert cli("validate", file, "--fix").code == 0
    assert file.read_bytes() == right


def test_what_remains_decides_the_exit_code(cli: Cli, file: Path, tmp_path: Path) -> None:
    file.write_text(WRONG.replace("kernel: 3", "kernel: 30"))
    other, missing, bytes_ = tmp_path / "other.yaml", tmp_path / "none.yaml", tmp_path / "bytes.yaml"
    other.write_text(WRONG)
    bytes_.write_bytes(WRONG.encode("utf-16"))
    done = cli("validate", file, other, "--fix")
    assert (done.code, "error SN402" in done.err, f"{other} is valid" in done.out) == (1, True, True)
    assert file.read_text() == RIGHT.replace("kernel: 3", "kernel: 30")
    assert (cli("validate", bytes_, "--fix").code, bytes_.read_bytes()) == (1, WRONG.encode("utf-16"))
    done = cli("validate", missing, "--fix")
    assert (done.code, "error SN111" in done.err) == (2, True)


def test_json_says_what_was_mended(cli: Cli, file: Path) -> None:
    assert "fixed" not in json.loads(cli("validate", file, "--json").out)
    made = json.loads(cli("validate", file, "--fix", "--json").out)
    assert (made["valid"], made["diagnostics"]) == (True, [])
    assert made["fixed"][1] == {
        "code": "SN201",
        "file": str(file),
        "line": 6,
        "column": 35,
        "was": "filtres",
        "now": "filters",
    }
    assert len(made["fixed"]) == 2


def piped(raw: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "specnet", "validate", "-", "--fix"]
    return subprocess.run(command, input=raw, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("text", "right", "code"), [(WRONG, RIGHT, 0), (RIGHT, RIGHT, 0), ("a: [", "a: [", 1)]
)
def test_standard_input_is_printed_mended(text: str, right: str, code: int) -> None:
    done = piped(text.encode())
    assert (done.returncode, done.stdout.decode()) == (code, right)
    assert ("<stdin>:6:35: 'filtres' -> 'filters' (SN201)" in done.stderr.decode()) == (text == WRONG)


def test_bytes_on_standard_input_come_out_as_they_were() -> None:
    raw = WRONG.encode("utf-16")
    done = piped(raw)
    assert (done.returncode, done.stdout) == (1, raw)


def test_what_must_not_be_changed_is_refused_before_anything_is(cli: Cli, file: Path, tmp_path: Path) -> None:
    link, pipe, run = tmp_path / "link.yaml", tmp_path / "pipe", RunDirectory(tmp_path / "run")
    link.symlink_to(file)
    os.mkfifo(pipe)
    run.hold(make=True)
    run.start(spec.load(_right(tmp_path)))
    run.release()
    stored = tmp_path / "run" / "spec.yaml"
    kept = stored.read_bytes()
    for path, why in (
        (link, "it is a link"),
        (pipe, "not a plain file"),
        (tmp_path / "run", "it is a folder"),
        (stored, "with a checksum"),
        ("HEAD:specs/alexnet.yaml", "it is a revision"),
    ):
        done = cli("validate", file, path, "--fix")
        assert (done.code, done.out) == (2, "")
        assert f"--fix cannot change {path}: " in done.err
        assert why in done.err
    assert (file.read_text(), stored.read_bytes(), link.is_symlink()) == (WRONG, kept, True)


def _right(folder: Path) -> Path:
    path = folder / "right.yaml"
    path.write_text(RIGHT)
    return path


@pytest.mark.parametrize(
    "arguments",
    [("FILE", "--set", "name=x"), ("-", "FILE"), ("-", "--json"), ("-", "--output-format", "github")],
)
def test_options_that_contradict_it(cli: Cli, file: Path, arguments: tuple[str, ...]) -> None:
    done = cli("validate", "--fix", *(str(file) if word == "FILE" else word for word in arguments))
    assert (done.code, done.out, "--fix" in done.err) == (2, "", True)
    assert file.read_text() == WRONG


def test_a_file_that_cannot_be_written_stays(cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("specnet.storage.system.append", full)
    done = cli("validate", file, "--fix")
    assert (done.code, "No space left on device" in done.err) == (2, True)
    assert (file.read_text(), [*file.parent.iterdir()]) == (WRONG, [file])


def test_a_fix_is_data(file: Path) -> None:
    with pytest.raises(SpecError) as caught:
        spec.load(file)
    (finding, *_) = caught.value.diagnostics
    assert finding.fix is not None
    assert finding.fix.file == str(file)
    (edit,) = finding.fix.edits
    assert (edit.start, edit.end, edit.text) == ((6, 35), (6, 42), "filters")


def test_many_edits_are_counted(cli: Cli, file: Path) -> None:
    layers = "".join(f"  c{i}: {{kind: conv, from: image, filtres: 2, kernel: 1}}\n" for i in range(150))
    file.write_text(HEAD + layers)
    lines = cli("validate", file, "--fix").out.splitlines()
    assert lines[100] == "and 50 more"
    assert file.read_text() == HEAD + layers.replace("filtres", "filters")


def test_the_stream_may_be_closed(monkeypatch: pytest.MonkeyPatch, cli: Cli, file: Path) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    monkeypatch.setattr("sys.stdout", None)
    assert cli("validate", "-", "--fix").code == 2


def test_a_link_that_leads_to_itself_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to("x.yaml")
    done = cli("validate", tmp_path / "x.yaml", "--fix")
    assert done.code == 2
    assert "it is a link" in done.err
    assert "internal error" not in done.err
