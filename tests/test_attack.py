"""A part of `make attack`, always the same one, and how the campaign is carried out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import attack
import fuzz
from hostile import sound
from hostile.attack import Attack

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def campaign(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, attack.__file__, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "tests")


def test_two_hundred_hostile_inputs_do_no_harm() -> None:
    done = campaign("--sample", "200")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 inputs in " in done.stdout


def test_every_input_has_a_name_of_its_own() -> None:
    names = [made.name for made in attack.every()]
    assert len(names) == len(set(names)) > 4000


def test_every_input_is_put_in_one_share_that_its_name_decides() -> None:
    every = list(attack.every())
    shares = attack.spread(every, 2)
    assert sorted(a.name for share in shares for a in share) == sorted(a.name for a in every)
    assert min(len(share) for share in shares) > 0.45 * len(every)
    again = attack.spread(every[::-3], 2)
    for share, fewer in zip(shares, again, strict=True):
        assert {a.name for a in fewer} < {a.name for a in share}


def test_failures_come_back_from_every_share(tmp_path: Path) -> None:
    (tmp_path / "sound").mkdir()
    sound.make(tmp_path / "sound")
    inputs = [Attack(f"wrong/{n}", ("explain", "SN201"), lambda *_: None, (n % 2,)) for n in range(12)]
    assert all(attack.spread(inputs[1::2], 2)), "both processes have one that fails"
    failed = attack._apart(inputs, "core", tmp_path, 0, jobs=2, keep=False)
    assert sorted(failed) == sorted(f"wrong/{n}: exit code 0, not 1" for n in range(1, 12, 2))


def test_nothing_chosen_is_a_failure() -> None:
    assert campaign("--only", "nobody has this name").returncode == 1


@pytest.mark.parametrize("failing", ["nothing", "attack.py", "state", "image"])
def test_make_attack_runs_everything_and_fails_for_any_of_it(tmp_path: Path, failing: str) -> None:
    """With a program in the place of Python that says what it is asked, and fails for one word."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "ran $*"\ncase "$*" in *{failing}*) exit 1;; esac\n')
    python.chmod(0o755)
    (tmp_path / "installed").touch()
    words = ["make", "attack", f"BIN={tmp_path}", f"INSTALLED={tmp_path}/installed"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode == 0) == (failing == "nothing")
    ran = [line for line in done.stdout.splitlines() if line.startswith("ran ")]
    assert ran[0].startswith("ran tests/attack.py")
    assert [line.split()[3] for line in ran[1:]] == list(fuzz.KINDS)
