"""The datasets: what they hold, and what they say when they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specnet.data.base import Wanted
from specnet.data.kinds.digits import Digits
from specnet.data.kinds.image_folder import ImageFolder
from specnet.data.kinds.synthetic import Synthetic
from specnet.diagnostics.errors import DataError
from support import image_files

RGB = Wanted((3, 8, 8), 2)


def test_digits_are_split_once_and_for_all() -> None:
    data = Digits(size=12).open(None, Wanted((1, 12, 12), 10))
    assert (len(data.train), len(data.test)) == (1437, 360)
    assert data.train.shape == (1, 12, 12)
    images, labels = data.test.read(np.arange(360))
    assert images.dtype == np.uint8
    assert images.max() == 255
    assert sorted(set(labels.tolist())) == list(range(10))
    again = Digits(size=12).open(None, Wanted((1, 12, 12), 10)).test.read(np.arange(360))
    assert np.array_equal(images, again[0])


def test_digits_in_colour_for_networks_that_want_it() -> None:
    images, _ = Digits(size=8, channels=3).open(None, Wanted((3, 8, 8), 10)).train.read(np.array([0, 5]))
    assert images.shape == (2, 3, 8, 8)
    assert np.array_equal(images[:, 0], images[:, 2])


def test_digits_and_synthetic_take_no_path() -> None:
    for data in (Digits(), Synthetic()):
        with pytest.raises(DataError, match="takes no path"):
            data.open("somewhere", RGB)


def test_synthetic_images_are_a_function_of_their_index() -> None:
    data = Synthetic(train_images=9).open(None, RGB)
    first, labels = data.train.read(np.array([3, 7]))
    again, same = data.train.read(np.array([7]))
    assert np.array_equal(first[1], again[0])
    assert labels[1] == same[0]
    assert (len(data.train), data.train.shape) == (9, (3, 8, 8))
    assert not np.array_equal(first[0], data.test.read(np.array([3]))[0][0])


def fill(folder: Path, count: int, color: tuple[int, int, int]) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        Image.new("RGB", (20 + i, 10), color).save(folder / f"{i}.png")


def test_a_folder_with_a_split(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("val", 2)):
        fill(tmp_path / part / "red", count, (255, 0, 0))
        fill(tmp_path / part / "blue", count, (0, 0, 255))
    (tmp_path / "train" / "red" / "notes.txt").write_text("no image")
    data = ImageFolder().open(str(tmp_path), RGB)
    assert list(data.classes) == ["blue", "red"]
    assert (len(data.train), len(data.test)) == (6, 4)
    images, labels = data.train.read(np.arange(6))
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert np.array_equal(images[0, :, 4, 4], [0, 0, 255])
    assert images.shape == (6, 3, 8, 8)


def test_a_folder_without_a_split_is_split_by_name(tmp_path: Path) -> None:
    fill(tmp_path / "a", 40, (9, 9, 9))
    fill(tmp_path / "b", 40, (99, 99, 99))
    data = ImageFolder(held_out=0.25).open(str(tmp_path), RGB)
    assert len(data.train) + len(data.test) == 80
    assert 8 <= len(data.test) <= 32
    before = {item.path for item in data.test.items}  # type: ignore[attr-defined]
    Image.new("RGB", (9, 9)).save(tmp_path / "a" / "new.png")
    after = {item.path for item in ImageFolder(held_out=0.25).open(str(tmp_path), RGB).test.items}  # type: ignore[attr-defined]
    assert before <= after


def test_the_centre_is_cut_out_and_grey_stays_grey(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True)
        (tmp_path / "test" / name).mkdir(parents=True)
        pixels = np.zeros((8, 24), dtype=np.uint8)
        pixels[:, 8:16] = 200
        Image.fromarray(pixels).save(tmp_path / "train" / name / "x.png")
        Image.fromarray(pixels).save(tmp_path / "test" / name / "x.png")
    images, _ = ImageFolder().open(str(tmp_path), Wanted((1, 8, 8), 2)).test.read(np.array([1]))
    assert np.array_equal(images, np.full((1, 1, 8, 8), 200))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ([], "does not exist"),
        (["empty"], "holds no class folders"),
        (["empty/train/a"], "neither 'test' nor 'val'"),
        (["empty/a", "empty/b"], "no images to train on"),
        (["empty/train/a/1.png", "empty/test/z/1.png"], "class 'z' that the training folder does not have"),
    ],
)
def test_folders_that_are_missing_or_empty(tmp_path: Path, made: list[str], words: str) -> None:
    for path in made:
        if path.endswith(".png"):
            image_files.good(tmp_path / path)
        else:
            (tmp_path / path).mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        ImageFolder().open(str(tmp_path / "empty"), RGB)
    assert words in str(caught.value)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    for part in ("train", "test"):
        fill(tmp_path / part / "a", 1, (1, 2, 3))
        (tmp_path / part / "a" / "broken.jpg").write_bytes(b"\xff\xd8 no more")
    data = ImageFolder().open(str(tmp_path), RGB)
    with pytest.raises(DataError, match=r"broken\.jpg"):
        data.train.read(np.arange(2))


def test_a_folder_needs_a_path_and_an_image_network() -> None:
    with pytest.raises(DataError, match="image_folder:PATH"):
        ImageFolder().open(None, RGB)
    with pytest.raises(DataError, match="1 or 3 channels"):
        ImageFolder().open("x", Wanted((64,), 2))


def test_a_folder_converts_what_prepare_converts(tmp_path: Path) -> None:
    good = image_files.converted(tmp_path / "train" / "a")
    fill(tmp_path / "test" / "a", 1, (1, 2, 3))
    data = ImageFolder().open(str(tmp_path), RGB)
    images, _ = data.train.read(np.arange(len(good)))
    for name, image in zip(sorted(good), images, strict=True):
        assert np.abs(image[:, 0, 0].astype(int) - good[name][1]).max() <= 6, name


@pytest.mark.parametrize(
    "name",
    ["truncated.jpg", "empty.jpg", "bomb.png", "not_an_image.jpg", "unreadable.png", "loop.jpg", "around"],
)
def test_a_folder_names_what_prepare_would_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As soon as it is known: a folder's link when it is opened, a file when it is read."""
    reasons = image_files.bad(tmp_path / "all")
    fill(tmp_path / "data" / "train" / "a", 1, (1, 2, 3))
    fill(tmp_path / "data" / "test" / "a", 1, (1, 2, 3))
    image_files.forbid(monkeypatch, name if "unreadable" in name else "nothing")
    (tmp_path / "all" / name).rename(tmp_path / "data" / "train" / "a" / name)
    if name == "loop.jpg":
        (tmp_path / "all" / "loop_too.jpg").rename(tmp_path / "data" / "test" / "a" / "loop_too.jpg")
        (tmp_path / "data" / "train" / "a" / "loop_too.jpg").symlink_to("loop.jpg")
    with pytest.raises(DataError, match=f"cannot read the image .*{name}: .*{reasons[name]}"):
        ImageFolder().open(str(tmp_path / "data"), RGB).train.read(np.arange(2))
