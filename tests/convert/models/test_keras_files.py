"""Files of Keras's: what is refused before it takes memory or time, and where weights are looked for."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from specnet.cli.main import main
from specnet.convert.models import archive
from specnet.convert.models.importing import import_bytes
from specnet.convert.weights.keras_bytes import MAX_CONFIG
from specnet.diagnostics.errors import UsageError
from support.keras_configs import layer, sequential

MODEL = sequential(layer("Conv2D", "conv", filters=2, kernel_size=3), layer("Dropout", "drop", rate=0.5))
KERNEL = np.arange(72, dtype=np.float32).reshape(3, 3, 4, 2)


def by_place(kernel: Any = KERNEL, owner: str = "conv") -> bytes:
    with h5py.File.in_memory() as file:
        group = file.create_group("layers/conv2d/vars")
        group.attrs["name"] = owner
        group.create_dataset("0", data=kernel)
        group["1"] = np.zeros(2, np.float32)
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/0"] = 3
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


def by_name(config: Any = MODEL, **attributes: Any) -> bytes:
    with h5py.File.in_memory() as file:
        file.attrs["model_config"] = json.dumps(config)
        for name, value in attributes.items():
            file.attrs[name] = value
        file["model_weights/conv/conv/kernel:0"] = KERNEL
        file["model_weights/conv/conv/bias:0"] = np.zeros(2, np.float32)
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return stream.getvalue()


def saved(config: Any = MODEL, weights: bytes | None = None, **more: bytes) -> bytes:
    members = {"metadata.json": b'{"keras_version": "3.9.0"}', "config.json": json.dumps(config).encode()}
    return zipped({**members, "model.weights.h5": by_place() if weights is None else weights, **more})


@pytest.mark.parametrize(("data", "name"), [(saved(), "m.keras"), (by_name(), "m.h5")])
def test_weights_come_in_the_layout_of_a_state(data: bytes, name: str) -> None:
    state = import_bytes(data, name).weights()
    assert set(state) == {"conv.gpu0.weight", "conv.gpu0.bias"}
    assert np.array_equal(state["conv.gpu0.weight"], KERNEL.transpose(3, 2, 0, 1))


def test_the_version_is_told() -> None:
    assert "# Keras 3.9.0: it has no devices." in import_bytes(saved(), "m.keras").text
    assert "# Keras 2.4.3: it has no devices." in import_bytes(by_name(keras_version=b"2.4.3"), "m.h5").text


def bomb() -> bytes:
    config = json.dumps(MODEL).encode() + b" " * 2**27
    return zipped({"config.json": config}, zipfile.ZIP_DEFLATED)


def weights_bomb() -> bytes:
    members = {"config.json": json.dumps(MODEL).encode(), "model.weights.h5": bytes(2**27)}
    return zipped(members, zipfile.ZIP_DEFLATED)


def lying(size: int) -> bytes:
    """An archive whose config.json says another size than it has, in its list and in front of it."""
    data = bytearray(saved())
    true = len(json.dumps(MODEL)).to_bytes(4, "little")
    for place in range(len(data) - 4):
        if data[place : place + 4] == true and data[place - 4 : place] == true:
            data[place : place + 4] = size.to_bytes(4, "little")
    return bytes(data)


def twice() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in ("config.json", "config.jsox"):
            made.writestr(name, json.dumps(MODEL))
    return stream.getvalue().replace(b"config.jsox", b"config.json")


ARCHIVES: dict[str, tuple[Any, str]] = {
    "bomb": (bomb, "config.json is larger than the 8,388,608 bytes"),
    "lies": (lambda: lying(100), "is damaged: "),
    "lies of more": (lambda: lying(10_000), "is damaged: "),
    "no configuration": (lambda: zipped({"../config.json": b"{}"}), "has no config.json"),
    "two": (twice, "two members called 'config.json'"),
    "cut": (lambda: saved()[:-30], "does not end as a zip"),
    "a comment": (lambda: saved()[:-2] + b"\1\0x", "does not end as a zip"),
    "a long list": (lambda: saved()[:-10] + b"\xff\xff\xff\x7f" + saved()[-6:], "a longer list of members"),
    "sizes beyond 4 GiB": (
        lambda: saved()[:-22] + b"PK\6\7" + bytes(16) + saved()[-22:],
        "not where it says",
    ),
    "another checksum": (lambda: saved().replace(b'"Dropout"', b'"Drpoout"'), "is damaged: Bad CRC-32"),
    "no JSON": (lambda: zipped({"config.json": b"{"}), "config.json of m.keras is no JSON"),
    "a list": (lambda: zipped({"config.json": b"[]"}), "without a class_name"),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_is_looked_at_before_it_is_unpacked(case: str) -> None:
    make, message = ARCHIVES[case]
    with pytest.raises(UsageError) as caught:
        import_bytes(make(), "m.keras")
    assert message in caught.value.message


def test_weights_that_pack_too_well_are_not_unpacked() -> None:
    spec = import_bytes(weights_bomb(), "m.keras")
    with pytest.raises(UsageError, match=r"model.weights.h5 is larger than the [\d,]+ bytes"):
        spec.weights()
    assert archive.MOST_PACKED == 10


DEEP = b'{"class_name": "Sequential", "config": ' + b'{"layers": [' * 100_000
TEXTS: dict[str, tuple[bytes, str]] = {
    "deep": (DEEP, "nested too deeply"),
    "long": (b'{"class_name": "' + b"x" * MAX_CONFIG + b'"}', "is larger than 8,388,608 bytes"),
    "no numbers": (b'{"class_name": "Sequential", "config": {"layers": NaN}}', "NaN is no number of JSON"),
    "digits": (b'{"class_name": "Sequential", "config": ' + b"9" * 5000 + b"}", "is no JSON"),
    "no text": (b'\xff{"class_name": 1}', "is no JSON"),
    "another thing": (b'{"class_name": "Sequential"}', "is no Keras model"),
    "no layers": (
        json.dumps({"class_name": "Sequential", "config": {"name": "m"}}).encode(),
        "has no layers",
    ),
    "two of a name": (
        json.dumps(sequential(layer("ReLU", "y"), layer("ReLU", "y"))).encode(),
        "two layers called 'y'",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_is_read_within_limits(case: str) -> None:
    data, message = TEXTS[case]
    with pytest.raises(UsageError) as caught:
        import_bytes(data, "m.json")
    assert message in caught.value.message


def test_models_in_models_have_an_end() -> None:
    config = layer("ReLU", "y")
    for number in range(40):
        inner = {"name": f"m{number}", "layers": [config]}
        config = {"class_name": "Sequential", "config": inner}
    with pytest.raises(UsageError, match="models in one another, more than 16"):
        import_bytes(json.dumps(sequential(config)).encode(), "m.json")


def external() -> bytes:
    with h5py.File.in_memory() as file:
        file["layers/conv2d/vars"] = h5py.ExternalLink("/etc/passwd", "/")
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


WEIGHTS: dict[str, tuple[Any, str]] = {
    "another shape": (lambda: by_place(KERNEL[:2]), "'kernel' of 'conv' is 2x3x4x2, where 3x3x4x2 fits"),
    "another layer's": (
        lambda: by_place(owner="other"),
        "weights of 'conv' should be are those of",
    ),
    "a link": (external, "is a link, which Keras does not write"),
    "no file of weights": (lambda: b"no HDF5", "is damaged"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_that_are_not_the_models_are_refused(case: str) -> None:
    make, message = WEIGHTS[case]
    spec = import_bytes(saved(weights=make()), "m.keras")
    with pytest.raises(UsageError, match=r"m\.keras") as caught:
        spec.weights()
    assert message in caught.value.message


def test_a_variable_that_is_not_there_is_named() -> None:
    twice = sequential(*(layer("Conv2D", name, filters=2, kernel_size=3) for name in ("conv", "more")))
    for data, name in ((saved(twice), "m.keras"), (by_name(twice), "m.h5")):
        with pytest.raises(UsageError, match="has no 'kernel' of 'more'"):
            import_bytes(data, name).weights()


def test_weights_alone_are_no_model() -> None:
    with pytest.raises(UsageError, match="holds weights and no model") as caught:
        import_bytes(by_place(), "m.weights.h5")
    assert caught.value.hint == "specnet weights import SPEC m.weights.h5 reads them into a spec's network"


def test_a_damaged_file_of_a_whole_model_is_one_error() -> None:
    with pytest.raises(UsageError, match=r"m\.h5 is damaged"):
        import_bytes(by_name()[:900], "m.h5")


def test_a_spec_in_json_is_a_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.json"
    layers = {"x": {"kind": "input", "shape": [3]}, "y": {"kind": "dense", "from": "x", "units": 2}}
    spec.write_text(json.dumps({"specnet": 1, "name": "n", "layers": layers}))
    assert main(["validate", str(spec)]) == 0
    model = tmp_path / "model.json"
    model.write_text(json.dumps(MODEL))
    assert main(["table", str(model)]) == 0
    assert "conv" in capsys.readouterr().out
