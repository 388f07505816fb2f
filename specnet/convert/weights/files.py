"""A file of tensors, whichever its format: names, shapes and types first, values when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from specnet.convert.weights.formats import HDF5, START, begins_as_safetensors, refusal
from specnet.convert.weights.safetensors_file import SafetensorsFile
from specnet.convert.weights.tensor_file import MAX_NAME, TensorFile
from specnet.diagnostics.errors import UsageError
from specnet.storage import reading


@contextmanager
def open_tensors(path: Path) -> Iterator[TensorFile]:
    """The file, by its content and not its name, or the weights of a run or a checkpoint, by its folder.

    Raises `UsageError` if it cannot be read.
    """
    if path.is_dir():
        from specnet.convert.weights.of_run import RunFile

        yield RunFile(path)
        return
    try:
        start = reading.read_start(path, START)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    except reading.Unfit as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    if start.startswith(HDF5):
        from specnet.convert.weights.keras_file import open_keras

        with open_keras(path) as opened:
            _check_names(path, opened.tensors)
            yield opened
        return
    if not begins_as_safetensors(start):
        raise refusal(path, start)
    plain = SafetensorsFile(path)
    _check_names(path, plain.tensors)
    yield plain


def _check_names(path: Path, names: Iterable[str]) -> None:
    """Names are shown to people: what a terminal would take for a command is refused."""
    for name in names:
        if not name.isprintable() or len(name) > MAX_NAME:
            raise UsageError(f"{path} has a tensor whose name is not a line of text: {name[:100]!a}")
