"""A part of `make attack`, always the same one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attack


def test_two_hundred_hostile_inputs_do_no_harm() -> None:
    command = [sys.executable, attack.__file__, "--sample", "200"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(attack.__file__).parent
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_input_has_a_name_of_its_own() -> None:
    names = [made.name for made in attack.every()]
    assert len(names) == len(set(names)) > 4000
