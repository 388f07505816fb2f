"""Reading the specs that a command is given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.output import report
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import UsageError

if TYPE_CHECKING:
    from specnet.network.network import Network
    from specnet.syntax.document import Document


STDIN = "<stdin>"


def open_document(path: str, overrides: Sequence[str] = ()) -> Document:
    """The document at a path, in git or on standard input, with overrides applied."""
    opened = read_document(path)
    if overrides:
        from specnet.spec.overrides import apply

        apply(opened, overrides)
    return opened


def read_document(path: str) -> Document:
    """The document at a path, on standard input, or in a revision that git knows: `HEAD~1:specs/a.yaml`.

    A model of another framework is read as the spec that `specnet import` makes of it.
    """
    from specnet.convert.models import formats
    from specnet.syntax import document

    known = formats.of_name(path)
    if known is not None:
        from specnet.convert.models.importing import import_bytes, read_model

        if not is_revision(path) and not known.mark:
            return read_model(path).document()
        data, name = read_content(path)
        return import_bytes(data, name).document() if known.mark in data else document.parse(data, name)
    return document.parse(*read_content(path))


def read_content(path: str) -> tuple[bytes, str]:
    """What stands there, and how it is called in findings. Raises `UsageError` if it cannot be read."""
    from specnet.syntax import document

    if path == "-":
        return _standard_input(document.MAX_BYTES), STDIN
    if not is_revision(path):
        try:
            return document.content(path)
        except UsageError as error:
            raise _or_shipped(path, error) from None
    from specnet.storage import git

    return git.read(path, document.MAX_BYTES), path


def _or_shipped(path: str, error: UsageError) -> UsageError:
    """The error about a path that cannot be read, with how to get the shipped spec of that name."""
    from specnet.spec.starter import named

    if Path(path).exists() or named(path) is None:
        return error
    copy = f"{path.rpartition('/')[2]}.yaml"
    return UsageError(error.message, f"specnet init {copy} --from {path} writes the shipped spec to a file")


def is_revision(path: str) -> bool:
    """Whether a path names a file in a revision that git knows, and not a file that lies here."""
    return ":" in path and not Path(path).exists()


def _standard_input(limit: int) -> bytes:
    from specnet.storage.reading import Unfit, read_stream

    if sys.stdin is None:
        raise UsageError("cannot read standard input: it is closed", "give a path")
    try:
        return read_stream(sys.stdin.buffer, limit)
    except Unfit as error:
        raise UsageError(f"cannot read standard input: {error}, too large for a spec") from None


def load_network(path: str, overrides: Sequence[str] = ()) -> Network:
    """A valid network, its warnings told. Raises `SpecError` with all diagnostics for any other."""
    from specnet.network.network import examine

    network = examine(open_document(path, overrides)).valid()
    report(network.warnings)
    return network


def load_networks(paths: Sequence[str], overrides: Sequence[str] = ()) -> list[Network]:
    """The networks of several specs. Raises `SpecError` with all findings if one of them is not sound."""
    from specnet.diagnostics.errors import SpecError

    networks: list[Network] = []
    diagnostics: list[Diagnostic] = []
    for path in paths:
        try:
            networks.append(load_network(path, overrides))
        except SpecError as error:
            diagnostics += error.diagnostics
    if diagnostics:
        raise SpecError(diagnostics)
    return networks
