"""The ImageNet devkit: which class each validation image shows.

The ground truth has one number for each image, an ILSVRC id. ILSVRC ids are in an order of their own, not in
that of WordNet ids, which is the order of classes here; the synset table says which id is which. The table is
`data/meta.mat`, or a text file whose lines hold a WordNet id and its ILSVRC id (`map_clsloc.txt` of later
devkits, or one made by hand as `synsets.txt`). A list of WordNet ids alone is refused: lists in either order
go by that name.
"""

from __future__ import annotations

import importlib.util
import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet.data.sources.tar_index import members
from specnet.diagnostics.errors import DataError, PluginError
from specnet.storage import reading
from specnet.storage.processes import ask_python

ARCHIVE = "ILSVRC2012_devkit_t12.tar.gz"
FOLDER = "ILSVRC2012_devkit_t12"
GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
TABLES = ("meta.mat", "map_clsloc.txt", "synsets.txt")
LARGEST = 2**26
"""Bytes of the devkit when unpacked; the official one has some ten million."""

WORDNET_ID = re.compile(r"n[0-9]{8}")
NUMBER = re.compile(r"[0-9]{1,9}")
"""An ILSVRC id."""
VALIDATION_NAME = re.compile(r"ILSVRC[0-9]{4}_val_([0-9]{8})\.JPEG", re.IGNORECASE)
IMAGES = "ILSVRC2012_val_00000001.JPEG and so on"


@dataclass(frozen=True)
class Devkit:
    """`truth[i]` is the WordNet id of validation image i + 1; `words` describes each WordNet id."""

    truth: list[str]
    words: Mapping[str, str]

    def wordnet_id(self, name: str) -> str:
        """What the validation image of that file name shows. Raises `DataError` if it is not one of them."""
        match = VALIDATION_NAME.fullmatch(name)
        if match is None:
            raise DataError(f"'{name}' is not the name of a validation image", f"they are called {IMAGES}")
        number = int(match[1])
        if not 0 < number <= len(self.truth):
            raise DataError(
                f"the ground truth has {len(self.truth):,} images, and '{name}' is not among them"
            )
        return self.truth[number - 1]


def find(root: Path) -> Devkit | None:
    """The devkit in a folder: its archive, its folder, or its files; None if it has no devkit."""
    if (root / ARCHIVE).is_file():
        return make(_unpacked(root / ARCHIVE), str(root / ARCHIVE))
    for folder in (root / FOLDER / "data", root / FOLDER, root / "data", root):
        if (folder / GROUND_TRUTH).is_file():
            return make(lambda name, folder=folder: contents(folder / name), str(folder))  # type: ignore[misc]
    return None


def make(file: Callable[[str], bytes | None], where: str) -> Devkit:
    """The devkit whose files `file` gives by name. Raises `DataError` if one is missing or makes no sense."""
    numbers = file(GROUND_TRUTH)
    if numbers is None:
        raise DataError(f"{where} has no {GROUND_TRUTH}", "it belongs to the devkit, in its folder 'data'")
    tables = [(name, data) for name in TABLES if (data := file(name)) is not None]
    if not tables:
        raise DataError(
            f"{where} has no synset table", f"one of {', '.join(TABLES)} belongs beside {GROUND_TRUTH}"
        )
    name, data = tables[0]
    ids, words = _from_matlab(data, where) if name == "meta.mat" else _from_text(data, f"{where}: {name}")
    if len(set(ids.values())) < len(ids):
        raise DataError(f"{where}: {name} gives one WordNet id to two ILSVRC ids")
    truth: list[str] = []
    for line, text in enumerate(numbers.decode("ascii", "replace").split(), start=1):
        if not NUMBER.fullmatch(text) or int(text) not in ids:
            raise DataError(
                f"{where}: line {line} of {GROUND_TRUTH} is '{text[:20]}', which {name} does not know"
            )
        truth.append(ids[int(text)])
    return Devkit(truth, words)


def contents(path: Path) -> bytes | None:
    try:
        return reading.read(path, LARGEST)
    except FileNotFoundError:
        return None
    except reading.Unfit as error:
        raise DataError(f"cannot read {path}: {error}: this is not a devkit") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error


def _unpacked(archive: Path) -> Callable[[str], bytes | None]:
    """The files of the devkit's archive by their names without folders, held in memory."""
    packed = contents(archive) or b""
    try:
        stream = zlib.decompressobj(wbits=31)
        data = stream.decompress(packed, LARGEST)
    except zlib.error as error:
        raise DataError(f"{archive} is damaged: {error}", "compare its size and checksum") from error
    if stream.unconsumed_tail:
        raise DataError(f"{archive} unpacks to more than {LARGEST:,} bytes: this is not a devkit")
    if not stream.eof:
        raise DataError(f"{archive} ends in the middle", "compare its size and checksum")

    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    files = {m.name.rpartition("/")[2]: m for m in members(read, 0, len(data), str(archive)) if m.is_file}

    def file(name: str) -> bytes | None:
        return read(files[name].offset, files[name].size) if name in files else None

    return file


def _from_text(data: bytes, where: str) -> tuple[dict[int, str], dict[str, str]]:
    """ILSVRC id to WordNet id, and words, from lines with both ids in either order."""
    ids: dict[int, str] = {}
    words: dict[str, str] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        first, second, *rest = [*line.split(maxsplit=2), "", ""][:3]
        if NUMBER.fullmatch(first):
            first, second = second, first
        if not WORDNET_ID.fullmatch(first) or not NUMBER.fullmatch(second) or int(second) in ids:
            hint = "each line is a WordNet id and its ILSVRC id, as in: n02119789 1 kit fox"
            raise DataError(f"{where}: line {number} is '{line.strip()[:40]}'", hint)
        ids[int(second)] = first
        if rest[0]:
            words[first] = rest[0].strip().replace("_", " ")
    return ids, words


def _from_matlab(data: bytes, where: str) -> tuple[dict[int, str], dict[str, str]]:
    """The same from `meta.mat`, in a process of its own: a few hundred bytes can ask scipy for gigabytes."""
    if importlib.util.find_spec("scipy") is None:
        message = "reading the devkit's meta.mat needs the package scipy"
        raise PluginError(message, "pip install 'specnet[data]'")
    try:
        _check_unpacked_size(data)
        rows = json.loads(ask_python(f"{__name__}:read_synsets", data, LARGEST))
        ids: dict[int, str] = {}
        words: dict[str, str] = {}
        for number, name, text in rows:
            if not WORDNET_ID.fullmatch(name) or number in ids:
                raise ValueError(f"synset '{name[:20]}'")
            ids[number], words[name] = name, text
    except ValueError as error:
        raise DataError(f"{where}: meta.mat cannot be read: {error}", "it belongs to the devkit") from error
    return ids, words


def read_synsets(data: bytes) -> bytes:
    """ILSVRC id, WordNet id and words of each synset of `meta.mat` that is a class, as JSON.

    `synsets` also holds inner nodes of WordNet's tree, with higher ids.
    """
    from scipy.io import loadmat

    table: Any = loadmat(io.BytesIO(data), squeeze_me=True)["synsets"].reshape(-1)
    rows = [
        (int(row["ILSVRC2012_ID"]), str(row["WNID"])[:20], " ".join(str(row["words"]).split())[:200])
        for row in table
        if int(row["num_children"]) == 0
    ]
    return json.dumps(rows).encode()


def _check_unpacked_size(data: bytes) -> None:
    """Raise `ValueError` if the compressed parts of a MATLAB 5 file unpack to more than a devkit holds.

    After 128 bytes of header come elements: type, size, data; type 15 is compressed (MAT-File format, 1).
    """
    place, left = 128, LARGEST
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, place)
        if kind == 15:
            stream = zlib.decompressobj()
            try:
                left -= len(stream.decompress(data[place + 8 : place + 8 + size], left))
            except zlib.error as error:
                raise ValueError(str(error)) from None
            if stream.unconsumed_tail or left <= 0:
                raise ValueError(f"it unpacks to more than {LARGEST:,} bytes")
        place += 8 + size
