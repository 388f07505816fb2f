"""Pictures of runs as files, drawn by Matplotlib in a process of its own.

Matplotlib takes settings from the folder somebody works in and from their home, keeps a list of fonts there,
and has settings that all of a process shares. In a process of its own it finds an empty folder in the place
of both, changes nothing of its caller's, and a picture that takes too much memory or time ends with it.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from specnet.diagnostics.errors import PluginError, UsageError
from specnet.storage.processes import ask_python

if TYPE_CHECKING:
    from specnet.plots.request import Picture

FORMATS = ("png", "svg", "pdf")
SECONDS, MEMORY = 60, 2**31
"""What drawing may take."""
LARGEST = 2**26
"""Bytes of the files together."""


def format_of(output: str) -> str:
    """The format that a file's suffix means; PNG for standard output (`-`) and where there is no suffix.

    Raises `UsageError` if there is no such format.
    """
    form = "" if output == "-" else Path(output).suffix.lower().removeprefix(".")
    if form in ("", *FORMATS):
        return form or "png"
    raise UsageError(
        f"curves are not drawn as '.{form}'", f"name a file that ends with .{', .'.join(FORMATS)}"
    )


def require_matplotlib() -> None:
    """Raises `PluginError` if Matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        message = "pictures of runs need the package matplotlib, which is not installed"
        raise PluginError(message, "pip install 'specnet[plots]'")


def draw(pictures: Sequence[Picture]) -> list[bytes]:
    """A file for each picture. Raises `PluginError` without Matplotlib, `ValueError` if that fails."""
    from specnet.plots.request import encode

    require_matplotlib()
    answer = ask_python(f"{__name__}:answer", encode(pictures), LARGEST, seconds=SECONDS, memory=MEMORY)
    files: list[bytes] = []
    while answer:
        size = 8 + int.from_bytes(answer[:8], "big")
        files.append(answer[8:size])
        answer = answer[size:]
    return files


def answer(data: bytes) -> bytes:
    """The other side of `draw`: each file after its length in 8 bytes."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each further thread would take memory before it is needed
    for name in ("MATPLOTLIBRC", "MPLBACKEND"):
        os.environ.pop(name, None)
    with TemporaryDirectory() as empty:
        os.environ["MPLCONFIGDIR"] = empty
        os.chdir(empty)
        files = _files(data)
    return b"".join(len(file).to_bytes(8, "big") + file for file in files)


def _files(data: bytes) -> list[bytes]:
    from specnet.plots import confusion, curves, kernels
    from specnet.plots.request import Confusion, Curves, decode
    from specnet.plots.style import saved, styled

    files: list[bytes] = []
    for picture in decode(data):
        with styled():
            if isinstance(picture, Curves):
                files.append(saved(curves.draw(picture), picture.form))
            elif isinstance(picture, Confusion):
                files.append(saved(confusion.draw(picture), picture.form))
            else:
                files.append(saved(kernels.draw(picture), "png"))
    return files
