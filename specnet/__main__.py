"""`specnet` and `python -m specnet`."""

from __future__ import annotations

import sys

from specnet.cli import main


def run() -> None:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
