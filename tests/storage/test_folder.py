"""A folder of a stranger's: links are not followed, pipes not waited for, and what was there stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from specnet.storage import atomic, system
from specnet.storage.folder import Folder
from support.disks import failing


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A file that is nobody's business."""
    path = tmp_path / "letter.txt"
    path.write_text("dear friend")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "f").mkdir()
    return Folder.opened(tmp_path / "f")


def link(place: Path, letter: Path) -> None:
    place.symlink_to(letter)


def dangling(place: Path, letter: Path) -> None:
    place.symlink_to(letter.with_name("not there"))


def relative(place: Path, letter: Path) -> None:
    place.symlink_to(Path("..") / letter.name)


def pipe(place: Path, letter: Path) -> None:
    os.mkfifo(place)


def folder_link(place: Path, letter: Path) -> None:
    place.symlink_to(letter.parent)


ODD = [link, dangling, relative, pipe, folder_link]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "use",
    [
        lambda folder: folder.replace("x", b"new"),
        lambda folder: folder.write("x", b"new"),
        lambda folder: folder.open("x", os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        lambda folder: folder.open("x", os.O_RDONLY),
        lambda folder: folder.make_folder("x"),
        lambda folder: folder.check("x"),
        lambda folder: atomic.replace(folder.path / "x", b"new"),
    ],
    ids=["replace", "write", "append", "read", "make_folder", "check", "atomic"],
)
def test_what_is_no_file_is_neither_followed_nor_waited_for(
    folder: Folder,
    letter: Path,
    odd: Callable[[Path, Path], None],
    use: Callable[[Folder], object],
) -> None:
    odd(folder.path / "x", letter)
    before = sorted(letter.parent.rglob("*"))
    with pytest.raises(OSError, match=r"is a link|not a plain file|File exists|Not a directory") as caught:
        use(folder)
    assert str(folder.path / "x") in str(caught.value)
    assert letter.read_text() == "dear friend"
    assert sorted(letter.parent.rglob("*")) == before


def test_a_refusal_says_where_a_link_leads(folder: Folder, letter: Path) -> None:
    (folder.path / "x").symlink_to(letter)
    with pytest.raises(OSError, match=f"is a link \\(to {letter}\\)"):
        folder.check("y", "x")
    (letter.parent / "g").symlink_to(folder.path)
    with pytest.raises(OSError, match="is a link"):
        Folder.opened(letter.parent / "g")


def test_names_beside_are_nobody_elses(folder: Folder, letter: Path) -> None:
    """Whatever names a stranger has prepared, the new content is written under another."""
    for name in (".x.writing", ".writing-x", "x.partial", "x~"):
        (folder.path / name).symlink_to(letter)
    folder.replace("x", b"new")
    assert (folder.path / "x").read_bytes() == b"new"
    assert letter.read_text() == "dear friend"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_an_error_at_any_call_leaves_the_old_content(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    folder.replace("x", b"old")
    number = 0
    while True:
        number += 1
        with monkeypatch.context() as patch:
            patch.setattr(system, "calls", failing(number, error, half=True))
            try:
                folder.replace("x", b"new content")
                break
            except OSError:
                pass
        content = (folder.path / "x").read_bytes()
        # After the rename only the flush of the folder can fail.
        assert content in (b"old", b"new content")
        assert os.listdir(folder.path) == ["x"]  # noqa: PTH208
        folder.replace("x", b"old")
    assert number > 4


def test_permissions_stay_and_are_respected(folder: Folder) -> None:
    folder.replace("x", b"old")
    (folder.path / "x").chmod(0o600)
    folder.replace("x", b"new")
    assert (folder.path / "x").stat().st_mode & 0o777 == 0o600


def test_leftovers_of_kills_go_and_nothing_else(folder: Folder) -> None:
    kept = [".x.writing", ".x.0123456789abcde.writing", ".y.0123456789abcdef.writing", "x"]
    for name in [*kept, ".x.0123456789abcdef.writing"]:
        (folder.path / name).touch()
    folder.tidy("x")
    assert folder.names() == sorted(kept)


def test_a_folder_that_is_moved_stays_the_same_one(folder: Folder, tmp_path: Path) -> None:
    assert folder.is_at_its_path()
    folder.path.rename(tmp_path / "moved")
    assert not folder.is_at_its_path()
    folder.replace("x", b"here")
    assert (tmp_path / "moved" / "x").read_bytes() == b"here"
    folder.path.mkdir()
    assert not folder.is_at_its_path()


def test_removing_a_folder_removes_no_link_s_target(folder: Folder, letter: Path) -> None:
    (folder.path / "d").mkdir()
    (folder.path / "d" / "x").symlink_to(letter.parent)
    folder.remove("d")
    assert letter.exists()
    assert folder.names() == []
