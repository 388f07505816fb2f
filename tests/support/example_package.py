"""The example package, installed into a folder, and specnet as it is with that folder on the path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "example_plugin"


def install(target: Path) -> Path:
    """Install the package into a folder, which is on the path only where a test puts it there."""
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(EXAMPLE)]
    subprocess.run(pip, check=True, capture_output=True)
    return target


def specnet(*arguments: object, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)} if site else dict(os.environ)
    command = [sys.executable, "-m", "specnet", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
