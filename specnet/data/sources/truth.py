"""Which class each image of a folder without class folders shows, by a file that comes with it.

ILSVRC2012_devkit_t12     ImageNet's official devkit: its archive, its folder, or its files
LOC_val_solution.csv      ImageNet as Kaggle distributes it: ImageId,PredictionString
val_annotations.txt       Tiny-ImageNet: file, WordNet id and a box, with tabs between them
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from specnet.data.sources import devkit
from specnet.data.sources.devkit import VALIDATION_NAME, WORDNET_ID, contents
from specnet.data.sources.folders import files
from specnet.diagnostics.errors import DataError

SOLUTION = "LOC_val_solution.csv"
KAGGLE_WORDS = "LOC_synset_mapping.txt"
ANNOTATIONS = "val_annotations.txt"
TINY_WORDS = "words.txt"


class Truth(Protocol):
    """Labels by file name."""

    @property
    def words(self) -> Mapping[str, str]:
        """What classes are, in words."""

    def wordnet_id(self, name: str) -> str:
        """The class that the image of that file name shows. Raises `DataError` if that is not known."""


@dataclass(frozen=True)
class Listed:
    """Labels that a file lists. `stems` are names without their suffix if the file leaves it out."""

    path: Path
    shown: Mapping[str, str]
    words: Mapping[str, str]
    stems: bool = False

    def wordnet_id(self, name: str) -> str:
        shown = self.shown.get(PurePath(name).stem if self.stems else name)
        if shown is None:
            raise DataError(
                f"{self.path} does not say what '{name}' shows", "add it there, or remove the image"
            )
        return shown


def find(folder: Path, split: Path, places: Sequence[Path]) -> Truth | None:
    """The labels of the images in `folder`, which lies in or is the test folder `split`; None if no file
    tells. `places` are the folders that such a file may lie in."""
    if (split / ANNOTATIONS).is_file():
        words = next((_words(p / TINY_WORDS) for p in places if (p / TINY_WORDS).is_file()), {})
        return Listed(split / ANNOTATIONS, _annotations(split / ANNOTATIONS), words)
    if not any(VALIDATION_NAME.fullmatch(entry.name) for entry in files(folder)):
        return None
    for place in places:
        if (kit := devkit.find(place)) is not None:
            return kit
        if (place / SOLUTION).is_file():
            words = _words(place / KAGGLE_WORDS) if (place / KAGGLE_WORDS).is_file() else {}
            return Listed(place / SOLUTION, _solution(place / SOLUTION), words, stems=True)
    return None


def _text(path: Path) -> str:
    return (contents(path) or b"").decode("utf-8-sig", "replace")


def _annotations(path: Path) -> dict[str, str]:
    shown: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line.strip():
            name, _, rest = line.partition("\t")
            shown[name] = _wordnet_id(rest.partition("\t")[0], path, number)
    return shown


def _solution(path: Path) -> dict[str, str]:
    shown: dict[str, str] = {}
    try:
        rows = list(csv.reader(_text(path).splitlines()))
    except csv.Error as error:
        raise DataError(f"{path} is not a table of comma-separated values: {error}") from error
    for number, row in enumerate(rows, start=1):
        if number == 1 and row[:1] == ["ImageId"]:
            continue
        if row:
            # A prediction is the class and a box, once for each object; an image shows one class.
            name, prediction = [*row, ""][:2]
            shown[name] = _wordnet_id(prediction.split(" ", 1)[0], path, number)
    return shown


def _wordnet_id(text: str, path: Path, line: int) -> str:
    if not WORDNET_ID.fullmatch(text):
        hint = "it holds WordNet ids such as n01440764"
        raise DataError(f"{path}: line {line} has '{text[:40]}' where the class should be", hint)
    return text


def _words(path: Path) -> dict[str, str]:
    """Lines of a WordNet id and the words for it."""
    pairs = (line.split(maxsplit=1) for line in _text(path).splitlines() if line.strip())
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}
