"""A model of another framework -> the text of a spec, and its weights as a state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.convert.models import formats
from specnet.convert.models.draft import Draft
from specnet.convert.models.spec_text import spec_text
from specnet.convert.models.tidy import tidy
from specnet.diagnostics.diagnostic import Diagnostics
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network.network import Network, examine
from specnet.schema.arguments import public
from specnet.storage import reading
from specnet.syntax.document import Document, parse
from specnet.text import one_line

if TYPE_CHECKING:
    from specnet.backend.protocol import State

LARGEST_FILE = 2**31 - 1
"""Bytes of a model, the most that protobuf can hold."""
MOST_VALUES = 2**32
"""Values of all parameters together that are written to a file of weights."""


@dataclass(frozen=True)
class Imported:
    """A model as a spec: its text, and the draft that it was written from."""

    draft: Draft
    text: str

    def document(self) -> Document:
        """The spec's text, parsed, as if it stood in the model's file."""
        return parse(self.text, self.draft.source)

    @cached_property
    def network(self) -> Network:
        """The network. Raises `SpecError` if the spec is not valid."""
        return examine(self.document()).valid()

    def weights(self) -> State:
        """The parameters under the names of a state, `conv1.gpu0.weight`, as far as the model has them.

        Raises `UsageError` for values that are damaged or do not fit.
        """
        import numpy as np

        if self.draft.spec is not None:
            return self.draft.state
        shares = self.network.shares
        found: State = {}
        parts = {part.name: part for part in self.draft.parts}
        if sum(w.size for share in shares.values() for w in share.parameters().values()) > MOST_VALUES:
            raise UsageError(f"more than {MOST_VALUES:,} values are not written to one file")
        for node, share in shares.items():
            for role, weight in share.parameters().items():
                make = parts[node.layer].weights.get(role)
                if make is not None:
                    found[f"{node}.{role}"] = np.asarray(make(), np.float32).reshape(weight.shape)
        return found


def import_bytes(data: bytes, name: str) -> Imported:
    """The model in the bytes of a file called `name`.

    Raises `SpecError` with a finding for whatever has no meaning in a spec, `UsageError` for bytes of no
    format that is known, and for damaged ones.
    """
    draft = formats.recognised(data, name)(data, name)
    if draft.findings:
        raise SpecError(Diagnostics(draft.findings))
    if draft.spec is not None:
        return Imported(draft, draft.spec)
    tidy(draft)
    return Imported(draft, spec_text(draft, Path(name).stem))


@public()
def import_model(source: str | Path) -> Imported:
    """The spec that a model of another framework is, with its weights: a file in ONNX, or of Keras.

    The result has the spec's `text`, its `network`, and `weights()`, a state under the spec's names. Nothing
    of the file is executed. Raises `SpecError` with a finding for each thing that has no meaning in a spec,
    and `UsageError` for a file that cannot be read.
    """
    path = Path(source)
    try:
        data = reading.read(path, LARGEST_FILE)
    except (OSError, reading.Unfit) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read {one_line(str(path))}: {reason}") from None
    return import_bytes(data, path.name)
