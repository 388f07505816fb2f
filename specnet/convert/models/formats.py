"""The formats of models that are read: how each is known, and its reader."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

if TYPE_CHECKING:
    from specnet.convert.models.draft import Draft

    Reader = Callable[..., Draft]


class Format(NamedTuple):
    """A format by its usual suffixes; `module` has its `read`, which takes `options` beside the file.

    A spec may be written in JSON, too: where the suffix does not tell, `mark` does, bytes that are in every
    model and in no spec.
    """

    noun: str
    suffixes: tuple[str, ...]
    module: str
    mark: bytes = b""
    options: tuple[str, ...] = ()


FORMATS = (
    Format("ONNX", (".onnx",), "specnet.convert.models.onnx.reader"),
    Format("Keras", (".keras", ".h5", ".hdf5"), "specnet.convert.models.keras.reader"),
    Format("Keras's configuration", (".json",), "specnet.convert.models.keras.reader", b'"class_name"'),
    Format(
        "Caffe",
        (".prototxt", ".caffemodel"),
        "specnet.convert.models.caffe.reader",
        options=("solver", "caffemodel", "image_size", "train_images"),
    ),
    Format(
        "cuda-convnet",
        (".cfg",),
        "specnet.convert.models.cuda_convnet.reader",
        options=("params", "image_size"),
    ),
    Format("PyTorch's torch.export", (".pt2",), "specnet.convert.models.pytorch.reader"),
)


def of_name(name: str) -> Format | None:
    """The format that a file's suffix means; None if it means none."""
    suffix = PurePath(name).suffix.lower()
    return next((each for each in FORMATS if suffix in each.suffixes), None)


def recognised(data: bytes, name: str, options: Collection[str] = ()) -> Reader:
    """The reader of a file. Raises `UsageError` if its format is not known, or takes no such options."""
    known = of_name(name)
    if known is None:
        names = ", ".join(f"{each.noun} ({' '.join(each.suffixes)})" for each in FORMATS)
        raise UsageError(f"the format of {one_line(name)} is not known", f"known are {names}")
    other = [option for option in options if option not in known.options]
    if other:
        flag, takers = other[0].replace("_", "-"), [each.noun for each in FORMATS if other[0] in each.options]
        raise UsageError(f"--{flag} is not for models in {known.noun}", f"it is for {' and '.join(takers)}")
    reader: Reader = importlib.import_module(known.module).read
    return reader
