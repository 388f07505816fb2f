"""Files of weights: safetensors and HDF5 that no library writes of its own accord, and mappings."""

from __future__ import annotations

import functools
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hostile import forms, sound
from hostile.attack import Attack, Make
from hostile.run_directories import OWN
from hostile.tensors import headers
from support import weights_files

COMMANDS: dict[str, tuple[str, ...]] = {
    "list": ("weights", "list", "weights"),
    "import": ("weights", "import", "small.yaml", "weights", "--run-dir", "run"),
}

BOMB = 25 * 2**23
Build = Callable[[Any], object]


def attacks() -> Iterator[Attack]:
    for word, command in COMMANDS.items():
        for name, data in headers().items():
            yield Attack(
                f"weights/{word}/header {name}", command, _bytes(data), (0, 1, 2), writes=("run", *OWN)
            )
        for form in forms.ALL:
            yield Attack(f"weights/{word}/is a {form}", command, _form("weights", form), (1, 2))
        for name, build in HDF5.items():
            yield Attack(f"hdf5/{word}/{name}", command, hdf5(build), (0, 1, 2), writes=("run", *OWN))
    mapped = (*COMMANDS["import"], "--map", "map.yaml")
    for form in forms.ALL:
        yield Attack(f"mapping/is a {form}", mapped, _form("map.yaml", form), (1, 2))
    for name, text in MAPPINGS.items():
        yield Attack(f"mapping/{name}", mapped, _mapping(text), (0, 1, 2), writes=("run", *OWN))


def _whole(here: Path) -> None:
    sound.copy("small.yaml", here / "small.yaml")
    sound.copy("weights.safetensors", here / "weights")


def _bytes(data: bytes) -> Make:
    def make(here: Path, _: random.Random) -> None:
        _whole(here)
        (here / "weights").write_bytes(data)

    return make


def _form(name: str, form: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        _whole(here)
        forms.put(here / name, form)

    return make


def _mapping(text: Callable[[], str]) -> Make:
    def make(here: Path, _: random.Random) -> None:
        _whole(here)
        (here / "map.yaml").write_bytes(text().encode("utf-8", "surrogateescape"))

    return make


def hdf5(build: Build) -> Make:
    def make(here: Path, _: random.Random) -> None:
        _whole(here)
        with h5py.File(here / "weights", "w") as file:
            build(file)

    return make


def _variables(file: Any, layer: bytes | str = "dense") -> Any:
    return file.create_group(b"layers/" + (layer if isinstance(layer, bytes) else layer.encode()) + b"/vars")


def _external(file: Any) -> None:
    _variables(file).create_dataset("0", shape=(4,), dtype="f4", external=[("../people/thesis.tex", 0, 16)])


def _virtual(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("../people/thesis.tex", "x", shape=(4,))
    _variables(file).create_virtual_dataset("0", layout)


def _bomb(count: int, chunk: int, **options: Any) -> Build:
    def build(file: Any) -> None:
        made = _variables(file).create_dataset(
            "0", shape=(count,), maxshape=(None,), chunks=(chunk,), dtype="f4", **options
        )
        if chunk <= 2**26:
            made[0] = 1

    return build


def _deep(levels: int) -> Build:
    def build(file: Any) -> None:
        group = file
        for _ in range(levels):
            group = group.create_group("a")
        group.create_dataset("0", data=np.zeros(3, np.float32))

    return build


def _many(count: int) -> Build:
    return lambda file: [file.create_group(f"g{i}") for i in range(count)]


def _named(name: Any) -> Build:
    def build(file: Any) -> None:
        group = _variables(file)
        group.attrs["name"] = name
        group.create_dataset("0", data=np.zeros(3, np.float32))

    return build


def _typed(dtype: Any, shape: tuple[int, ...] = (3,)) -> Build:
    return lambda file: _variables(file).create_dataset("0", shape=shape, dtype=dtype)


def _itself(file: Any) -> None:
    group = _variables(file)
    for number in range(20):
        group[f"again{number}"] = file["layers"]


def _shares(file: Any) -> None:
    """A hundred groups that all hold one another: more paths than can be walked."""
    groups = [file.create_group(f"g{i}") for i in range(100)]
    for outer in groups:
        for number, inner in enumerate(groups):
            outer[f"x{number}"] = inner


def _fitting(chunk: int, **options: Any) -> Build:
    """Weights of the right shapes, so that they are read: the space of their values is that of the chunks."""

    def build(file: Any) -> None:
        for name, values in weights_files.keras_state(weights_files.state_of()).items():
            layer, _, number = name.rpartition("/")
            group = file.require_group(f"layers/{layer.replace('.', '_')}/vars")
            group.attrs["name"] = layer
            chunks, most = (chunk, *(1 for _ in values.shape[1:])), (None,) * values.ndim
            group.create_dataset(
                number, shape=values.shape, dtype="f4", chunks=chunks, maxshape=most, **options
            )

    return build


@functools.cache
def _zeros() -> bytes:
    """800 MB, packed."""
    stream = zlib.compressobj(1)
    pieces = [stream.compress(bytes(2**23)) for _ in range(BOMB * 4 // 2**23)]
    return b"".join([*pieces, stream.flush()])


def _fitting_bomb(file: Any) -> None:
    """The values that are used are a few of the 200 million in each chunk, which are all there."""
    _fitting(BOMB, compression="gzip")(file)
    bomb = file["layers/conv_a/vars/1"]
    bomb.id.write_direct_chunk((0,), _zeros())


def _fitting_elsewhere(file: Any) -> None:
    for name, values in weights_files.keras_state(weights_files.state_of()).items():
        layer, _, number = name.rpartition("/")
        group = file.require_group(f"layers/{layer.replace('.', '_')}/vars")
        group.attrs["name"] = layer
        elsewhere = [("../people/thesis.tex", 0, values.nbytes)]
        group.create_dataset(number, shape=values.shape, dtype="f4", external=elsewhere)


HDF5: dict[str, Build] = {
    "fitting": _fitting(2),
    "fitting chunks of 256 MB": _fitting(2**26),
    "fitting chunks of 2 GB": _fitting(2**29),
    "fitting chunks of 1 GB packed": _fitting(2**28, compression="gzip"),
    "fitting chunks of 1 GB shuffled": _fitting(2**28, shuffle=True, fletcher32=True),
    "fitting bomb": _fitting_bomb,
    "fitting values elsewhere": _fitting_elsewhere,
    "nothing": lambda file: None,
    "soft link": lambda file: _variables(file).__setitem__("0", h5py.SoftLink("/nowhere")),
    "soft link to itself": lambda file: _variables(file).__setitem__(
        "0", h5py.SoftLink("/layers/dense/vars/0")
    ),
    "external link": lambda file: file.__setitem__("layers", h5py.ExternalLink("../people/thesis.tex", "/")),
    "external values": _external,
    "virtual values": _virtual,
    "chunk of 1 GB": _bomb(10, 2**28),
    "chunk of 4 GB": _bomb(10, 2**30 - 1),
    "chunk packed": _bomb(10, 2**26, compression="gzip"),
    "values of 4 TB": lambda file: _variables(file).create_dataset(
        "0", shape=(2**40,), dtype="f4", chunks=(2**20,)
    ),
    "values of 2**62": lambda file: _variables(file).create_dataset(
        "0", shape=(2**60,), dtype="f4", chunks=(2**10,)
    ),
    "values of 700 MB": lambda file: _variables(file).create_dataset(
        "0", shape=(7, 2**26), dtype="f8", chunks=(1, 2**16)
    ),
    "32 sizes": _typed("f4", (1,) * 32),
    "no values": _typed("f4", (0, 2**40)),
    "a name that is not utf-8": lambda file: _variables(file).create_dataset(b"\xff\xfe", data=np.zeros(3)),
    "a layer that is not utf-8": lambda file: _variables(file, b"\xff\xfe").create_dataset(
        "0", data=np.zeros(3)
    ),
    "a name with escapes": lambda file: _variables(file).create_dataset("\x1b[2J", data=np.zeros(3)),
    "a layer with escapes": lambda file: _variables(file, "\x1b[2J").create_dataset("0", data=np.zeros(3)),
    "a name with c1": lambda file: _variables(file).create_dataset("\x9b2J", data=np.zeros(3)),
    "a long name": lambda file: _variables(file).create_dataset("n" * 60_000, data=np.zeros(3)),
    "attribute of bytes": _named(np.bytes_(b"\xff\xfe")),
    "attribute of escapes": _named("\x1b]0;owned\x07"),
    "attribute of numbers": _named(np.zeros(1000)),
    "attribute empty": _named(h5py.Empty("f4")),
    "attribute a path": _named("../../../people"),
    "attribute of slashes": _named("/" * 1000),
    "attribute long": _named("n" * 60_000),
    "texts": _typed(h5py.string_dtype()),
    "lists": _typed(h5py.vlen_dtype("f4")),
    "references": _typed(h5py.ref_dtype),
    "records": _typed(np.dtype([("a", "f4"), ("b", "S10")])),
    "complex": _typed("c16"),
    "fixed texts": _typed("S1000000", (500,)),
    "opaque": _typed(np.dtype("V16")),
    "enums": _typed(h5py.enum_dtype({"\x1b[2J": 1})),
    "dates": _typed(h5py.opaque_dtype(np.dtype("M8[s]"))),
    "half": _typed("f2"),
    "big endian": _typed(">f8"),
    "long double": _typed(np.longdouble),
    "a type": lambda file: _variables(file).__setitem__("0", np.dtype("f4")),
    "deep": _deep(3000),
    "many": _many(30_000),
    "holds itself": _itself,
    "holds one another": _shares,
}

MAPPINGS: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "list": lambda: "[1, 2]",
    "nested": lambda: "[" * 100_000,
    "many": lambda: "".join(f"k{i}: v{i}\n" for i in range(300_000)),
    "escapes": lambda: '"\\e[2J": "\\e[2J"\n',
    "raw escapes": lambda: "a: \x1b[2J\n",
    "not utf-8": lambda: "a: \udcff\n",
    "tags": lambda: "a: [" + "!!x y, " * 100_000 + "]\n",
    "null": lambda: "a: null\nb: [[1]]\nc: {d: e}\n",
    "one long line": lambda: "x" * 20_000_000,
}
