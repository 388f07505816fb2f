"""Which folders a dataset is trained and tested on, and how a person says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from specnet.data.sources.class_folders import (
    ClassFolders,
)
from specnet.data.sources.truth import Truth

HERE = "."
"""What names the data folder itself: its folders are classes, whatever they are called and hold."""


@dataclass(frozen=True)
class Choice:
    """Which folders a person wants to train and to test on, and how that is said.

    `option` writes options out, by name, and `path(folder)` how a folder is named.
    """

    option: Callable[[Mapping[str, str]], str]
    path: Callable[[Path], str]
    train: str | None = None
    test: str | None = None


@dataclass(frozen=True)
class Flat:
    """Images without class folders, and what they show."""

    folder: Path
    truth: Truth


@dataclass(frozen=True)
class Layout:
    """What is trained and tested on. Without a test folder, a fraction of each class is held out."""

    train: ClassFolders
    test: ClassFolders | Flat | None = None
    notes: Sequence[str] = ()
