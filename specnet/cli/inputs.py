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
    from specnet.spec.spec import Spec
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
    """The document at a path, on standard input, or in a revision that git knows: `HEAD~1:specs/a.yaml`."""
    from specnet.syntax import document

    if path == "-":
        return document.parse(_standard_input(document.MAX_BYTES), STDIN)
    if ":" not in path or Path(path).exists():
        return document.read(path)
    from specnet.storage import git

    return document.parse(git.read(path, document.MAX_BYTES), path)


def _standard_input(limit: int) -> bytes:
    from specnet.storage.reading import Unfit, read_stream

    if sys.stdin is None:
        raise UsageError("cannot read standard input: it is closed", "give a path")
    try:
        return read_stream(sys.stdin.buffer, limit)
    except Unfit as error:
        raise UsageError(f"cannot read standard input: {error}, too large for a spec") from None


def load_spec(path: str, overrides: Sequence[str] = ()) -> Spec:
    """A spec whose schema, graph and shapes are sound. Raises `SpecError` with all findings otherwise."""
    return load_network(path, overrides).spec


def load_network(path: str, overrides: Sequence[str] = ()) -> Network:
    """The network of a spec that is sound. Raises `SpecError` with all findings otherwise."""
    from specnet.diagnostics.errors import SpecError
    from specnet.network.network import examine

    network, found = examine(open_document(path, overrides))
    if network is None:
        raise SpecError(found)
    report(found)
    return network


def load_networks(paths: Sequence[str], overrides: Sequence[str] = ()) -> list[Network]:
    """The networks of several specs. Raises `SpecError` with all findings if one of them is not sound."""
    from specnet.diagnostics.errors import SpecError

    networks: list[Network] = []
    found: list[Diagnostic] = []
    for path in paths:
        try:
            networks.append(load_network(path, overrides))
        except SpecError as error:
            found += error.diagnostics
    if found:
        raise SpecError(found)
    return networks
