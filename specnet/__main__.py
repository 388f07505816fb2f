"""`specnet` and `python -m specnet`."""

from __future__ import annotations

import gc
import os
import sys

from specnet.cli.main import BRIEF, main


def run() -> None:
    arguments = sys.argv[1:]
    # Imports and specs make objects by the ten thousand and free none of them: looking for garbage among them
    # takes a tenth of the time of `specnet validate`.
    if arguments and arguments[0] in BRIEF:
        gc.disable()
    gc.set_threshold(50_000)
    # Without this, pydantic looks through all installed packages for plugins of its own, and runs them.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.exit(main(arguments))


if __name__ == "__main__":
    run()
