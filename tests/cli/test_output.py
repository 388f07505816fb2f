"""Where output goes: closed streams, readers that leave, characters that terminals obey, long lists."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Position
from specnet.diagnostics.errors import UsageError
from specnet.text import LONGEST, columns, size

Cli = Callable[..., Any]
ALEXNET, ONE_GROUP = "specs/alexnet.yaml", "specs/alexnet_one_group.yaml"
BAD = "tests/malformed/graph/unknown_source.yaml"
ROOT = Path(__file__).parents[2]


def shell(command: str) -> tuple[list[int], str, str]:
    """The exit codes of a pipeline in bash, its standard output and its standard error."""
    script = command.replace("specnet", f"{sys.executable} -m specnet") + '; echo "${PIPESTATUS[@]}" >&3'
    done = subprocess.run(
        ["bash", "-c", f"exec 3>&1; {{ {script}; }} | {{ sed 's/^/out /'; }}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    (codes,) = (line for line in lines if not line.startswith("out "))
    return [int(c) for c in codes.split()], "\n".join(x[4:] for x in lines if x != codes), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (f"specnet table {ALEXNET} >&-", 0, ""),
        (f"specnet diff {ALEXNET} {ONE_GROUP} --exit-code >&-", 1, ""),
        ("specnet doctor >&-", 0, ""),
        (f"specnet validate {BAD} >&-", 1, "error SN301"),
        (
            f"specnet graph {ALEXNET} -o - --format svg >&-",
            2,
            "cannot write to standard output: it is closed",
        ),
        ("specnet schema >&-", 2, "cannot write to standard output: it is closed"),
        ("specnet validate - <&-", 2, "<stdin>:1:1: error SN111: cannot read standard input: it is closed"),
    ],
)
def test_closed_streams(command: str, code: int, said: str) -> None:
    codes, out, err = shell(command)
    assert (codes, out) == ([code], "")
    assert (said in err) if said else err == ""
    assert "internal error" not in err


BUFFERED, UNBUFFERED = "env -u PYTHONUNBUFFERED specnet", "env PYTHONUNBUFFERED=1 specnet"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("python", "command"),
    [
        (BUFFERED, "--help"),  # unbuffered, argparse ignores what it cannot print
        *itertools.product(
            (BUFFERED, UNBUFFERED), (f"table {ALEXNET}", "explain SN201 SN202 SN203 SN204 SN205 SN206")
        ),
    ],
)
def test_a_full_disk_is_one_message(python: str, command: str) -> None:
    codes, _, err = shell(f"{python} {command} > /dev/full")
    assert (codes, err) == ([2], "specnet: error: No space left on device\n")


def test_help_on_a_full_disk_is_no_traceback() -> None:
    """argparse ignores what it cannot print."""
    codes, _, err = shell(f"{UNBUFFERED} --help > /dev/full")
    assert (codes, err) == ([0], "")


def test_errors_do_not_go_to_standard_output_where_standard_error_is_closed() -> None:
    codes, out, _ = shell(f"specnet validate {BAD} --output-format github 2>&-")
    assert codes == [1]
    assert out.startswith("::error ")
    assert shell(f"specnet table {BAD} 2>&-") == ([1], "", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (f"specnet validate {BAD} 2>&1", 1),
        (f"specnet validate {BAD} --json", 1),
        (f"specnet validate {ALEXNET}", 0),
        ("specnet validate nowhere.yaml 2>&1", 2),
        (f"specnet diff {ALEXNET} {ONE_GROUP} --exit-code", 1),
        (f"specnet table {BAD} 2>&1", 1),
        ("specnet explain SN999 2>&1", 2),
        ("env -u PYTHONUNBUFFERED specnet validate --help", 0),
        # More than a pipe holds, so the command meets the closed pipe before it has come to its end.
        (f"specnet explain {' '.join(['SN204'] * 200)}", 141),
    ],
)
def test_the_exit_code_is_the_same_where_nobody_reads(command: str, code: int) -> None:
    codes, _, err = shell(f"{command} | true")
    assert codes == [code, 0]
    assert err == ""


def test_what_a_terminal_would_obey_is_escaped() -> None:
    place = Position("a\x1b[2Jb.yaml", 3, 4, 5, "\tx: \x1b]0;t\x07 = \u202eπ größe")
    shown = str(rules.UNKNOWN_KEY.at(place, "key 'a\nb\u202ec\x9b größe 網'", "did you mean 'x\ry'?"))
    assert shown.splitlines() == [
        r"a\x1b[2Jb.yaml:3:4: error SN201: key 'a\nb\u202ec\x9b größe 網'",
        r"  3 |  x: \x1b]0;t\x07 = \u202eπ größe",
        "    |    ^^^^^^^^",  # the space before the escape, and five characters, one of them as \x1b
        r"  hint: did you mean 'x\ry'?",
    ]
    assert str(UsageError("no \x1b[31m", "try \u2066")) == "no \\x1b[31m\n  hint: try \\u2066"


def test_names_of_files_are_escaped(cli: Cli, tmp_path: Path, specs: Path) -> None:
    folder = tmp_path / "\x1b[31mgröße\nx"
    folder.mkdir()
    path = folder / "net.yaml"
    path.write_text((specs / "lenet5.yaml").read_text())
    for arguments in (("validate", path), ("validate", folder / "nut.yaml"), ("table", folder / "nut.yaml")):
        done = cli(*arguments)
        said = done.out + done.err
        assert r"\x1b[31mgröße\nx" in said
        assert "\x1b" not in said
        assert "größe\nx" not in said
    (folder / "net.yaml").write_text('specnet: 1\nname: "a\\eb"\nlayers: {}\n')
    assert "\x1b" not in cli("validate", path, "--output-format", "github").out


def test_cells_of_tables_are_escaped() -> None:
    assert columns(("a", "b"), [[("x\x1b[2J", "größe"), ("y\nz", "1")]]).split("\n") == [
        "a         b",
        "---------------",
        r"x\x1b[2J  größe",
        r"y\nz      1",
        "---------------",
    ]


def test_long_values_are_cut(cli: Cli, tmp_path: Path, specs: Path) -> None:
    path = tmp_path / "x.yaml"
    source = "paper " * 500
    path.write_text((specs / "lenet5.yaml").read_text() + f"assumed: {{from: {source}, values: name}}\n")
    done = cli("validate", path)
    assert max(map(len, done.err.splitlines())) < LONGEST + len(str(path)) + 50
    assert json.loads(cli("validate", path, "--json").out)["diagnostics"][0]["message"].endswith(
        source.strip()
    )


def test_many_findings_are_capped_for_people(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    layers = "".join(f"  l{i}: {{kind: dense, from: nowhere, units: 1}}\n" for i in range(2000))
    path.write_text("specnet: 1\nname: x\nlayers:\n  image: {kind: input, shape: [4]}\n" + layers)
    every = json.loads(cli("validate", path, "--json").out)["diagnostics"]
    lines = cli("validate", path).err.splitlines()
    assert sum(" error " in line for line in lines) == 100
    assert lines[-2] == f"and {len(every) - 100:,} more; specnet validate --output-format json lists all"
    assert lines[-1].startswith("2,000 errors")


@pytest.mark.parametrize(
    ("bytes_", "shown"), [(1023, "1023 B"), (2**40, "1.0 TiB"), (3 * 2**50, "3.0 PiB"), (2**63, "8.0 EiB")]
)
def test_sizes_have_a_unit_that_fits(bytes_: int, shown: str) -> None:
    assert size(bytes_) == shown
