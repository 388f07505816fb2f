"""Class folders: where they lie, however deep, and which folders they are.

What lies in folders is looked at until it is clear; no folder is listed in full here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from specnet.data.sources.folders import LeftOut, entries, folders, has_images, holds_images, stray_images
from specnet.data.sources.splits import role, roles
from specnet.text import few, printable

SAME = (
    *("images", "image", "imgs", "img", "photos", "pictures", "pics", "data"),
    *("jpegimages", "jpegs", "jpeg", "jpg", "png"),
)
"""A folder of such a name, alone in a class folder, holds the images of the class."""
KAGGLE = (Path("ILSVRC/Data/CLS-LOC"), Path("Data/CLS-LOC"))
"""Where ImageNet lies in Kaggle's archive. Beside it lie half a million files that are not images."""


@dataclass(frozen=True)
class ClassFolders:
    """The class folders in `root` by name."""

    root: Path
    by_name: Mapping[str, Path]


class Unusable(Exception):  # noqa: N818  (what a folder is, not what raised it)
    """Why a folder is not what it was taken for; the text goes on after the folder's name."""

    def __init__(self, why: str, nested: Path | None = None) -> None:
        """`nested` is a folder of folders that stands where a class was expected."""
        super().__init__(why)
        self.nested = nested


def unwrapped(folder: Path, left: LeftOut, *, at_splits: bool) -> Path:
    """The folder that class folders or splits lie in: `folder`, or one in it that holds everything."""
    while True:
        deep = (
            next((folder / tail for tail in KAGGLE if (folder / tail).is_dir()), None) if at_splits else None
        )
        inside = folders(folder)
        if deep is None and at_splits and roles(inner.name for inner in inside):
            return folder
        full = [deep] if deep else inside if len(inside) == 1 else [f for f in inside if holds_images(f)]
        if len(full) != 1 or loops(full[0]):
            return folder
        below = [inner for inner in folders(full[0]) if holds_images(inner)] if deep is None else inside
        if not below or (len(below) == 1 and not role(below[0].name) and _is_class(full[0])):
            return folder
        entries(folder, left)
        stray_images(folder, left)
        folder = full[0]


def loops(folder: Path) -> bool:
    """Whether a folder is a link to one that it lies in."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def _is_same(folder: Path, above: Path) -> bool:
    """Whether a folder's name says no more than that the images of `above` lie in it."""
    return folder.name.lower() in (*SAME, above.name.lower())


def class_folders(
    folder: Path, left: LeftOut | None, *, here: bool = False, skip: Path | None = None, deep: bool = False
) -> ClassFolders:
    """The class folders, but for `skip`, in a folder or in the one in it that holds everything; only in the
    folder itself if it has to be `here`.

    Raises `Unusable` if there are none, or if those that might be hold no images but more folders, unless
    they may be `deep`.
    """
    root = folder if here else unwrapped(folder, left or LeftOut(folder), at_splits=False)
    inside = [inner for inner in folders(root) if inner != skip]
    full = [inner for inner in inside if holds_images(inner)]
    if not full:
        if has_images(root):
            raise Unusable("holds images and no class folders")
        raise Unusable(f"holds no images, only {quoted(inside)}" if inside else "holds no class folders")
    nested = [inner for inner in full if not _is_class(inner) and not loops(inner)]
    if nested and not deep:
        listed = few([described(inner) for inner in nested])
        raise Unusable(f"has folders of folders where classes should be: {listed}", nested[0])
    if left is not None:
        entries(root, left)
        stray_images(root, left)
    return ClassFolders(root, {inner.name: inner for inner in full})


def _holds_split(folder: Path) -> bool:
    """Whether a folder, or one below it, is named as a part of a split. Links are not followed."""
    waiting = [folder]  # no recursion: a stranger's folders may be deeper than Python's stack
    while waiting:
        inner = waiting.pop()
        if role(inner.name) is not None:
            return True
        with suppress(OSError):  # what cannot be looked into is named where images are read
            waiting += [below for below in folders(inner) if not below.is_symlink()]
    return False


def _is_class(folder: Path) -> bool:
    """Whether a folder holds the images of one class: in itself, or in a folder that says no more."""
    while True:
        below = [inner for inner in folders(folder) if holds_images(inner)]
        if has_images(folder):
            return not any(_holds_split(inner) for inner in below)
        if len(below) != 1 or not _is_same(below[0], folder):
            return not below
        (folder,) = below


def flat(folder: Path) -> Path | None:
    """The folder that holds images and no class folders: this one, or the one in it."""
    while not has_images(folder):
        inside = [inner for inner in folders(folder) if holds_images(inner)]
        if len(inside) != 1 or not _is_same(inside[0], folder):
            return None
        (folder,) = inside
    return folder


def described(folder: Path) -> str:
    """A folder and what lies in it, in a few words."""
    inside = [printable(inner.name) for inner in folders(folder)]
    what = ["images"] if has_images(folder) else []
    if inside:
        what.append(f"folder{'s' if len(inside) > 1 else ''} {few(inside)}")
    return f"{printable(folder.name)} ({' and '.join(what) or 'no images'})"


def quoted(named: Sequence[Path]) -> str:
    return few([f"'{printable(folder.name)}'" for folder in named])
