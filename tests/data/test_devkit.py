"""The ground truth goes through the synset table, whose order is not that of the classes."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest

from specnet.data.sources import devkit
from specnet.diagnostics.errors import DataError
from support import imagenet_files as made

TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"


def put(folder: Path, files: dict[str, bytes]) -> Path:
    (folder / devkit.ARCHIVE).write_bytes(made.devkit(files))
    return folder


def test_the_orders_differ_and_the_table_is_used(tmp_path: Path) -> None:
    assert [made.ILSVRC_ID[name] for name in made.CLASSES] != list(range(1, 13))
    shown = [made.CLASSES[i] for i in (3, 0, 11, 3)]
    put(tmp_path, {"data/meta.mat": made.meta_mat(), TRUTH: made.ground_truth(shown)})
    found = devkit.find(tmp_path)
    assert found is not None
    assert found.truth == shown
    assert [found.wordnet_id(f"ILSVRC2012_val_{n:08d}.JPEG") for n in (1, 4)] == [shown[0], shown[3]]
    assert found.words[made.CLASSES[2]] == "thing 2, item 2"
    assert "n00001740" not in found.words  # an inner node is no class


@pytest.mark.parametrize("line", ["{name} {id} some_words", "{id} {name}", "{name}\t{id}"])
def test_a_text_table_with_both_ids(tmp_path: Path, line: str) -> None:
    shown = [made.CLASSES[i] for i in (5, 1)]
    lines = [line.format(name=name, id=made.ILSVRC_ID[name]) for name in made.CLASSES]
    (tmp_path / devkit.GROUND_TRUTH).write_bytes(made.ground_truth(shown))
    (tmp_path / "synsets.txt").write_text("\n".join(lines))
    found = devkit.find(tmp_path)
    assert found is not None
    assert found.truth == shown


def test_a_list_without_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / devkit.GROUND_TRUTH).write_bytes(b"1\n2\n")
    (tmp_path / "synsets.txt").write_text("\n".join(made.CLASSES))
    with pytest.raises(DataError, match=r"line 1 is 'n01440764'.*\n.*n02119789 1 kit fox"):
        devkit.find(tmp_path)


def test_nothing_is_no_devkit(tmp_path: Path) -> None:
    assert devkit.find(tmp_path) is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"data/meta.mat": b""}, "has no ILSVRC2012_validation_ground_truth.txt"),
        ({TRUTH: b"1\n"}, "has no synset table"),
        ({TRUTH: b"1\n", "data/meta.mat": b"no matlab file" * 40}, "meta.mat cannot be read"),
        ({TRUTH: b"1\n99\n"}, "line 2 of .* is '99', which meta.mat does not know"),
        ({TRUTH: b"1\nx\n"}, "line 2 of .* is 'x'"),
    ],
)
def test_what_is_missing_or_makes_no_sense(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    if "line" in words:
        files = {**files, "data/meta.mat": made.meta_mat()}
    with pytest.raises(DataError, match=words):
        devkit.find(put(tmp_path, files))


def test_names_that_are_not_in_the_ground_truth() -> None:
    kit = devkit.Devkit(["n01440764"], {})
    for name, words in (("cat.jpg", "not the name"), ("ILSVRC2012_val_00000002.JPEG", "not among")):
        with pytest.raises(DataError, match=words):
            kit.wordnet_id(name)


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devkit, "LARGEST", 10**6)
    (tmp_path / devkit.ARCHIVE).write_bytes(gzip.compress(bytes(10**8)))
    with pytest.raises(DataError, match="unpacks to more than 1,000,000 bytes"):
        devkit.find(tmp_path)
    (tmp_path / devkit.ARCHIVE).write_bytes(gzip.compress(bytes(10**5))[:-9])
    with pytest.raises(DataError, match="ends in the middle"):
        devkit.find(tmp_path)


def test_a_bomb_in_the_table_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, {"synsets": np.zeros(10**6)}, do_compression=True)
    monkeypatch.setattr(devkit, "LARGEST", 10**6)
    with pytest.raises(DataError, match=r"meta\.mat cannot be read: it unpacks to more than 1,000,000 bytes"):
        devkit.find(put(tmp_path, {"data/meta.mat": stream.getvalue(), TRUTH: b"1\n"}))
