"""What a file of Keras's holds: the model's configuration as data, its recipe, and where its weights are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from specnet.convert.models.archive import SIGNATURE, Archive
from specnet.convert.models.keras.weights import Stored, StoredByName, StoredByPlace
from specnet.convert.weights.keras_bytes import MAX_CONFIG, KerasBytes
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

HDF5 = b"\x89HDF\r\n\x1a\n"
MAX_METADATA = 2**16
"""Bytes of `metadata.json`."""


@dataclass(frozen=True)
class Saved:
    """A model as Keras saves it."""

    model: Mapping[str, Any]
    """`class_name` and `config`, as `model.to_json()` has them."""
    training: Mapping[str, Any] | None
    """What `compile` was given, as far as it is stored."""
    version: str
    """Keras's version; empty if the file does not say it."""
    weights: Stored | None

    @property
    def is_of_keras_3(self) -> bool:
        """Whether functions mean what they do in Keras 3; `hard_sigmoid` is another one before."""
        return self.version.startswith("3") or (not self.version and "module" in self.model)


def opened(data: bytes, name: str) -> Saved:
    """The model in the bytes of a file called `name`. Raises `UsageError` if there is none."""
    if data.startswith(SIGNATURE):
        return _archive(data, name)
    if data.startswith(HDF5):
        return _hdf5(data, name)
    model = parsed(data, name)
    if not isinstance(model, dict) or "class_name" not in model or "config" not in model:
        raise UsageError(
            f"{one_line(name)} is no Keras model", "model.to_json() has a class_name and a config"
        )
    return Saved(model, _mapping(model.get("compile_config")), _text(model.get("keras_version")), None)


def _archive(data: bytes, name: str) -> Saved:
    archive = Archive(data, name)
    model = _mapping(parsed(archive.read("config.json", MAX_CONFIG), f"config.json of {name}")) or {}
    version = ""
    if "metadata.json" in archive:
        metadata = parsed(archive.read("metadata.json", MAX_METADATA), f"metadata.json of {name}")
        version = _text((_mapping(metadata) or {}).get("keras_version"))
    weights: Stored | None = None
    if "model.weights.h5" in archive:
        weights = StoredByPlace(KerasBytes(lambda: archive.read("model.weights.h5"), one_line(name)))
    return Saved(model, _mapping(model.get("compile_config")), version, weights)


def _hdf5(data: bytes, name: str) -> Saved:
    source = KerasBytes(lambda: data, one_line(name))
    texts = source.attributes("model_config", "training_config", "keras_version")
    if "model_config" not in texts:
        hint = f"specnet weights import SPEC {one_line(name)} reads them into a spec's network"
        raise UsageError(f"{one_line(name)} holds weights and no model", hint)
    model = (
        _mapping(parsed(texts["model_config"].encode(errors="surrogatepass"), f"model_config of {name}"))
        or {}
    )
    recipe = texts.get("training_config", "null").encode(errors="surrogatepass")
    training = _mapping(parsed(recipe, f"training_config of {name}"))
    return Saved(model, training, texts.get("keras_version", ""), StoredByName(source))


def parsed(data: bytes, name: str) -> Any:
    """The values of a JSON text. Raises `UsageError` for what is none, is too long or nested too deeply."""
    if len(data) > MAX_CONFIG:
        raise UsageError(f"{one_line(name)} is larger than {MAX_CONFIG:,} bytes")
    try:
        return json.loads(data, parse_constant=_no_number)
    except RecursionError:
        raise UsageError(f"{one_line(name)} is nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{one_line(name)} is no JSON: {one_line(str(error))}") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
