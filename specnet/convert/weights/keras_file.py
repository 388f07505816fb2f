"""Reading `.weights.h5` with h5py alone.

Keras stores the variables of each layer as datasets `layers/CLASS_N/vars/0`, `1`, ..., the trainable ones
first, and the layer's own name as an attribute of `vars`. A variable is called `NAME/0` here. A full model
in HDF5 has `model_weights/NAME/.../NAME/kernel`, or `kernel:0`, which is called `NAME/kernel`. State of
the optimizer and of random generators, which is not a weight, is left out.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from specnet.convert.weights.tensor_file import Header, Layout
from specnet.diagnostics.errors import PluginError, UsageError
from specnet.numerics.randomness import Array
from specnet.storage.processes import ask_python

DAMAGE = OSError, RuntimeError, KeyError, ValueError
"""What h5py raises where a file is not intact: `ValueError` for names and types that cannot be."""
MAX_DEPTH = 32
MAX_OBJECTS = 100_000
MAX_CHUNK = 2**26
"""Bytes of a piece that HDF5 unpacks at a time, however little of it is asked for."""
FILTERS = {"gzip", "lzf", None}
MOST_PACKED = 1000
"""Times that values may be larger than what is stored of them: zeros pack so well."""
LONGEST_REFUSAL = 2**16
"""Bytes."""
SMALL = 2**20
"""Bytes of values that may be left to a fill value."""
OWN = re.compile(r"/layers/share(_[0-9]+)?/vars/")
"""Where Keras puts the variables of `specnet_tensorflow`'s layers, whose class is `Share`.

Where variables have names, it is theirs that tell: Keras's own layers call no variable `weight`.
"""
STATE = {"optimizer", "optimizer_weights"}
"""What lies beside the weights."""


@contextmanager
def open_keras(path: Path) -> Iterator[KerasFile]:
    """Raises `PluginError` if h5py is not installed, and `UsageError` if the file is damaged."""
    h5py = need_h5py()
    try:
        refusal = ask_python(f"{__name__}:survey", os.fsencode(path), limit=LONGEST_REFUSAL)
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}", "is it whole?") from None
    if refusal:
        raise UsageError(os.fsdecode(refusal))
    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise UsageError(f"{path} is damaged: {error}") from None
    with file:
        yield KerasFile(path, file)


def need_h5py() -> Any:
    """The library. Raises `PluginError` if it is not installed."""
    try:
        import h5py
    except ModuleNotFoundError:
        message = "reading a Keras weights file needs the package h5py, which is not installed"
        raise PluginError(message, "pip install 'specnet[keras]'") from None
    return h5py


def survey(path: bytes) -> bytes:
    """Read a file as it will be read, in a process of its own. Returns why it is refused, if it is.

    In a damaged file HDF5 may turn in circles, ask for gigabytes or crash. Then this process is ended, or
    HDF5 says that it cannot be read, and the one that asked does not open the file.
    """
    return check_readable(os.fsdecode(path), os.fsdecode(path))


def check_readable(source: Any, name: str) -> bytes:
    """Read the file at a path or of bytes, called `name`. Returns why it is refused, if it is."""
    import h5py

    try:
        with h5py.File(source, "r") as file:
            weights = KerasFile(Path(name), file)
            for tensor, header in weights.tensors.items():
                if math.prod(header.shape) * 8 <= MAX_CHUNK:  # larger ones are as large in the file
                    weights.read(tensor)
    except UsageError as error:
        return os.fsencode(error.message[: LONGEST_REFUSAL // 8])
    except DAMAGE as error:
        return os.fsencode(f"{name} is damaged: {error}"[: LONGEST_REFUSAL // 8])
    return b""


class KerasFile:
    """An open `.weights.h5` file."""

    layout: Layout = "keras"
    groups: tuple[str, ...] = ()

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        try:
            datasets = list(_datasets(path, file))
            modules = [_module(dataset) for dataset in datasets]
            types = {dataset.name: str(dataset.dtype) for dataset in datasets}
        except DAMAGE as error:
            raise UsageError(f"{path} is damaged: {error}") from None
        places = Counter(name for name, _ in dict.fromkeys(modules))
        self._datasets: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        """The names of variables by their places in the file."""
        for dataset, (name, place) in zip(datasets, modules, strict=True):
            module = name if places[name] == 1 else place
            variable = f"{module}/{_variable(dataset.name)}"
            if variable in self._datasets:
                raise UsageError(f"{path} has two variables called '{variable}'")
            self._datasets[variable] = dataset
            self.places[dataset.name.strip("/")] = variable
        own = {d.parent.name for d in datasets if OWN.match(d.name) or _variable(d.name) == "weight"}
        self.tensors: Mapping[str, Header] = {
            name: Header(tuple(d.shape or ()), types[d.name], d.parent.name in own)
            for name, d in sorted(self._datasets.items())
        }

    def owner(self, place: str) -> str | None:
        """The name of the layer that the variable at a place belongs to, where the file says it."""
        return _name_of(self._datasets[self.places[place]].parent)

    def read(self, name: str) -> Array:
        return values_of(self._datasets[name], self.path, name)


def values_of(dataset: Any, path: Path, name: str) -> Array:
    """A dataset's values as float32, or float64 if stored so. Raises `UsageError` if they are damaged."""
    try:
        values: Any = dataset[()]
    except DAMAGE as error:
        raise UsageError(f"{path} is damaged: '{name}': {error}") from None
    array: Array = np.asarray(values)
    return array if array.dtype == np.float64 else array.astype(np.float32)


def _module(dataset: Any) -> tuple[str, str]:
    """The name of the layer that a variable belongs to, and its place in the file."""
    place = dataset.name.strip("/").removeprefix("layers/").rpartition("/")[0]
    if place.rpartition("/")[2] != "vars":
        return (place if _variable(dataset.name).isdecimal() else place.rpartition("/")[2]), place
    place = place.removesuffix("vars").rstrip("/")
    return _name_of(dataset.parent) or place, place


def _name_of(group: Any) -> str | None:
    """The text that a group has for its `name`; None without one, or where it is a list of them."""
    if "name" not in group.attrs or group.attrs.get_id("name").shape != ():
        return None
    name = group.attrs["name"]
    return name if isinstance(name, str) else None


def _variable(place: str) -> str:
    """A variable's own name: the last part of its place, without TensorFlow's number of an output."""
    return place.rpartition("/")[2].removesuffix(":0")


def _datasets(path: Path, file: Any) -> Iterator[Any]:
    """Every dataset that holds a variable of the model, in the file's order.

    Links to elsewhere, virtual datasets and values stored in other files could read any file of this
    machine: they are refused.
    """
    import h5py

    open_groups = [(file, 0)]
    count = 0
    while open_groups:
        group, depth = open_groups.pop()
        for key in group:
            count += 1
            if count > MAX_OBJECTS or depth > MAX_DEPTH:
                raise UsageError(f"{path} has more objects, or deeper ones, than any Keras model")
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise UsageError(f"{path}: '{group.name}/{key}' is a link, which Keras does not write")
            if key == "seed_generator" or (depth == 0 and key in STATE):
                continue
            item = group[key]
            if isinstance(item, h5py.Group):
                open_groups.append((item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                if item.is_virtual or item.external:
                    raise UsageError(f"{path}: the values of '{item.name}' lie in another file")
                _check_pieces(path, item)
                yield item


def _check_pieces(path: Path, dataset: Any) -> None:
    """Raise `UsageError` where reading a few values would unpack gigabytes, or ask for other filters."""
    if dataset.shape is None or dataset.dtype.kind not in "fiub":
        raise UsageError(f"{path}: '{dataset.name}' holds no numbers, but {dataset.dtype}")
    piece = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    if piece > MAX_CHUNK or dataset.compression not in FILTERS:
        raise UsageError(f"{path}: the values of '{dataset.name}' are packed as Keras does not pack them")
    stored = dataset.id.get_storage_size() * (MOST_PACKED if dataset.chunks else 1)
    if math.prod(dataset.shape) * dataset.dtype.itemsize > max(stored, SMALL):
        raise UsageError(f"{path}: the values of '{dataset.name}' are not in the file")
