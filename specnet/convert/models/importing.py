"""A model of another framework -> the text of a spec, and its weights as a state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.backend.protocol import find
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
FILES = {"solver", "caffemodel", "params"}
"""Options that are other files of the model."""
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


def import_bytes(data: bytes, name: str, **given: Any) -> Imported:
    """The model in the bytes of a file called `name`, with what is given beside it, as its reader takes that.

    Raises `SpecError` with a finding for whatever has no meaning in a spec, `UsageError` for bytes of no
    format that is known, and for damaged ones.
    """
    draft = formats.recognised(data, name, given)(data, name, **given)
    if draft.findings:
        raise SpecError(Diagnostics(draft.findings))
    if draft.spec is not None:
        return Imported(draft, draft.spec)
    tidy(draft)
    return Imported(draft, spec_text(draft, draft.title or Path(name).stem))


@public()
def import_model(
    source: str | Path | object,
    *,
    shape: Sequence[int] | None = None,
    solver: str | Path | None = None,
    caffemodel: str | Path | None = None,
    params: str | Path | None = None,
    image_size: str | int | None = None,
    train_images: int | None = None,
) -> Imported:
    """The spec that a model of another framework is, with its weights.

    `source` is a file in ONNX, of torch.export, Keras, Caffe or cuda-convnet, or a `torch.nn.Module`, which
    reads images of `shape`, (channels, height, width). For Caffe `solver` is the file of the recipe and
    `caffemodel` that of the weights, for cuda-convnet `params` that of the layers' parameters. `image_size`
    stands where a model leaves the sizes of its images to its data: 224, "224x224", or "1x28x28" with the
    channels. `train_images`, the size of the training set, makes epochs of steps.

    The result has the spec's `text`, its `network`, and `weights()`, a state under the spec's names. Nothing
    of a file is executed. Raises `SpecError` with a finding for each thing that has no meaning in a spec, and
    `UsageError` for what cannot be read.
    """
    if not isinstance(source, str | Path):
        return _of_object(source, shape)
    return read_model(
        source,
        solver=solver,
        caffemodel=caffemodel,
        params=params,
        image_size=image_size,
        train_images=train_images,
    )


def read_model(source: str | Path, **options: Any) -> Imported:
    """`import_model`, whose errors speak of the command line."""
    given = {name: value for name, value in options.items() if value is not None}
    for name in FILES & given.keys():
        path = Path(given[name])
        given[name] = (_content(path), path.name)
    if "image_size" in given:
        given["image_size"] = _sizes(given["image_size"])
    if given.get("train_images", 1) < 1:
        raise UsageError(f"--train-images is at least 1, not {given['train_images']}")
    return import_bytes(_content(Path(source)), Path(source).name, **given)


def _content(path: Path) -> bytes:
    try:
        return reading.read(path, LARGEST_FILE)
    except (OSError, reading.Unfit) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read {one_line(str(path))}: {reason}") from None


def _sizes(said: str | int) -> tuple[int | None, int, int]:
    """Channels, if they are said, height and width: 224, 224x224 or 3x224x224."""
    parts = str(said).lower().split("x")
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch("[1-9][0-9]{0,5}", part) for part in parts):
        hint = "--image-size 224, 224x224, or 3x224x224 with the channels"
        raise UsageError(f"--image-size is a size in pixels, not '{one_line(str(said))}'", hint)
    numbers = [int(part) for part in parts]
    return numbers[0] if len(parts) == 3 else None, numbers[-2] if len(parts) > 1 else numbers[0], numbers[-1]


def _of_object(model: object, shape: Sequence[int] | None) -> Imported:
    """A model in memory, by way of the archive that its framework makes of it."""
    frameworks = {cls.__module__.partition(".")[0] for cls in type(model).__mro__}
    name = type(model).__name__
    if "torch" not in frameworks:
        raise UsageError(f"a {one_line(name)} is no model that is known", "give a torch.nn.Module, or a path")
    if shape is None:
        raise UsageError("a module does not say which images it reads", "add shape=(3, 224, 224)")
    archive = getattr(find("torch"), "archive")  # noqa: B009  (no part of the protocol)
    try:
        data = archive(model, shape)
    except Exception as error:
        message = f"torch.export cannot follow {one_line(name)}: {one_line(str(error))[:300]}"
        raise UsageError(message, "shape= is that of one image, channels first") from error
    return import_bytes(data, f"{name}.pt2")
