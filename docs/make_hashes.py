"""Writes hashes.txt: the SHA-256 of every package of the pinned set, as the index tells it.

    python docs/make_hashes.py > hashes.txt

torch is left out: its wheels differ from one index to another.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EXTRAS = ".[torch,tensorflow-cpu,data,plots,dev]"
LEFT_OUT = {"specnet", "torch"}


def report() -> dict[str, Any]:
    """What pip would install, without installing it."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--report", "-", "--constraint", "constraints.txt", EXTRAS]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    lines: list[str] = []
    for package in report()["install"]:
        name, version = package["metadata"]["name"], package["metadata"]["version"]
        if name not in LEFT_OUT:
            sha256 = package["download_info"]["archive_info"]["hashes"]["sha256"]
            lines.append(f"{name}=={version} --hash=sha256:{sha256}")
    tag = f"CPython {sys.version_info.major}.{sys.version_info.minor}, {sys.platform}"
    print(f"# The tested set for {tag}, by docs/make_hashes.py.")
    print("# SECURITY.md tells how to install it.")
    print("\n".join(sorted(lines, key=str.lower)))


if __name__ == "__main__":
    main()
