"""`specnet` and `python -m specnet`."""

from __future__ import annotations

import gc
import os
import sys

from specnet.cli.main import main


def run() -> None:
    # Imports make objects by the ten thousand and free none of them: looking for garbage among them takes a
    # tenth of the time of `specnet validate`.
    gc.set_threshold(50_000)
    # Without this, pydantic looks through all installed packages for plugins of its own, and runs them.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
