"""What a folder of images is: class folders, or a split into such folders, however deep they lie.

Names say what is for training and what for testing (`specnet.data.sources.splits`), and what lies in the
folders says whether that can be: a test folder has labels if it has class folders of the training folder, or
if a file says what its images show (`specnet.data.sources.truth`). What can be read in two ways is an error
that lists the folders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from specnet.data.sources import truth as truths
from specnet.data.sources.class_folders import (
    KAGGLE,
    ClassFolders,
    Unusable,
    class_folders,
    described,
    flat,
    quoted,
    unwrapped,
)
from specnet.data.sources.devkit import VALIDATION_NAME
from specnet.data.sources.folders import (
    LeftOut,
    entries,
    files,
    folders,
    has_images,
    holds_images,
    stray_images,
)
from specnet.data.sources.layout import HERE, Choice, Flat, Layout
from specnet.data.sources.splits import Role, roles
from specnet.diagnostics.errors import DataError
from specnet.diagnostics.suggestions import nearest, suggestion
from specnet.text import few, printable

NO_TEST = "it has a folder to train on but neither 'test' nor 'val'"


def find(root: Path, choice: Choice, left: LeftOut) -> Layout:
    """The layout of the data folder `root`. Images that lie beside class folders are added to `left`.

    Raises `DataError` if no layout fits, or more than one.
    """
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"the data folder {root} {what}", choice.path(Path("PATH")))
    place = root if choice.train == HERE else unwrapped(root, left, at_splits=True)
    return _Search(root, place, choice, left).layout()


@dataclass
class _Search:
    """The search in `place`, the folder in `root` that the class folders or the split lie in."""

    root: Path
    place: Path
    choice: Choice
    left: LeftOut
    notes: list[str] = field(default_factory=list)
    roles: Mapping[str, Role] = field(init=False)

    def __post_init__(self) -> None:
        self.roles = roles(folder.name for folder in folders(self.place))

    def layout(self) -> Layout:
        if self.place != self.root:
            self.notes.append(f"read in '{printable(str(self.place.relative_to(self.root)))}'")
        inside = folders(self.place)
        parts = [folder for folder in inside if self.roles.get(folder.name)]
        test = self._named(self.choice.test, inside) if self.choice.test else None
        named = self.choice.train or test or any(holds_images(folder) for folder in parts)
        is_split = named or (parts and not any(holds_images(folder) for folder in inside))
        if self.choice.train == HERE or not is_split:
            train = self._classes(self.place, skip=test)
            return Layout(train, self._tested(train, test) if test else None, self.notes)
        if self.choice.train:
            train = self._classes(self._named(self.choice.train, inside))
        else:
            trained = self._trained(
                [folder for folder in parts if self.roles.get(folder.name) == "train"], inside
            )
            if trained is None:
                return Layout(self._classes(self.place), None, self.notes)
            train = trained
        own = (train.root, *train.root.parents)
        others = [folder for folder in parts if self.roles.get(folder.name) != "train" and folder not in own]
        chosen = self._tested(train, test) if test else self._best(train, others)
        entries(self.place, self.left)
        stray_images(self.place, self.left)
        taken = {train.root, chosen.root if isinstance(chosen, ClassFolders) else chosen.folder}
        self._mention(inside, parts, taken, train)
        return Layout(train, chosen, self.notes)

    def _named(self, name: str, inside: Sequence[Path]) -> Path:
        """The folder that an option names: by its name, its case aside, by what it is for, or by its path."""
        asked = Path(name)
        if asked.is_absolute() or ".." in asked.parts:
            raise DataError(f"'{name}' is not a folder inside {self.root}", "name one by its path in there")
        lower = name.lower()
        for matching in (
            [folder for folder in inside if folder.name == name],
            [folder for folder in inside if folder.name.lower() == lower],
            [folder for folder in inside if self.roles.get(folder.name) == lower],
        ):
            if len(matching) > 1:
                raise self._ambiguous(f"'{name}' may be {quoted(matching)}")
            if matching:
                return matching[0]
        for above in (self.place, self.root):
            if (above / asked).is_dir():
                return above / asked
        hint = suggestion(name, [printable(folder.name) for folder in inside], noun="folder")
        raise DataError(f"{self.place} has no folder '{name}'", hint)

    def _classes(self, folder: Path, skip: Path | None = None) -> ClassFolders:
        """The class folders to train on. Raises `DataError` if there are none."""
        try:
            chosen = self.choice.train
            classes = class_folders(
                folder, self.left, here=chosen == HERE, skip=skip, deep=chosen is not None
            )
        except Unusable as unusable:
            inside = folders(folder)
            empty = inside and not holds_images(folder)
            why = f"has no images to train on, only {quoted(inside)}" if empty else str(unusable)
            hint = "each class is a folder of images"
            if unusable.nested:
                one, every = self.choice.path(unusable.nested), self.choice.option({"train": HERE})
                which = self.choice.option({"train": "NAME", "test": "NAME"})
                hint += (
                    f"; {which} says which folder is which, {one} reads one of these, and {every} takes each"
                )
                hint += " for a class, whatever it holds"
            raise DataError(f"{folder} {why}", hint) from None
        barren = [f for f in folders(classes.root) if f.name not in classes.by_name and f != skip]
        if barren:
            self.notes.append(f"no classes, as they hold no images: {quoted(barren)}")
        return classes

    def _trained(self, named: Sequence[Path], inside: Sequence[Path]) -> ClassFolders | None:
        """The training folder by its name. None if all folders are classes, one of which has such a name."""
        usable: dict[Path, ClassFolders] = {}
        reasons: dict[Path, str] = {}
        for folder in named:
            try:
                usable[folder] = class_folders(folder, None)
            except Unusable as why:
                reasons[folder] = str(why)
        if len(usable) > 1:
            raise self._ambiguous(f"{quoted(list(usable))} may each be the training folder")
        if usable:
            self.notes += [f"'{printable(f.name)}' is not trained on: it {why}" for f, why in reasons.items()]
            return self._classes(next(iter(usable)))
        full = [folder for folder in inside if holds_images(folder)]
        if len(full) > len(named) and all(
            has_images(f) and self.roles.get(f.name) in (None, "train") for f in full
        ):
            names = quoted(named)
            self.notes.append(f"{names} is taken for a class: it holds images, not class folders")
            return None
        listed = [f"'{printable(folder.name)}' {why}" for folder, why in reasons.items()]
        if len(full) <= len(named) and all(
            self.roles.get(folder.name) in (None, "train") for folder in inside
        ):
            listed.append(NO_TEST)
        raise self._ambiguous(
            f"{self.place} has no folder to train on{': ' if listed else ''}{'; '.join(listed)}"
        )

    def _best(self, train: ClassFolders, named: Sequence[Path]) -> ClassFolders | Flat:
        """The test folder by its name: one with labels, and one for testing rather than for validation."""
        usable: dict[Path, ClassFolders | Flat] = {}
        reasons: dict[Path, str] = {}
        for folder in named:
            try:
                usable[folder] = self._labelled(train, folder)
            except Unusable as why:
                reasons[folder] = str(why)
        listed = [f"'{printable(folder.name)}' {why}" for folder, why in reasons.items()]
        if not usable:
            what = "; ".join(listed) or NO_TEST
            held_out = f"{self.choice.path(train.root)} tests on a share of each class there"
            raise DataError(
                f"{self.place} has nothing to test on: {what}", f"add class folders to test on; {held_out}"
            )
        tests = [folder for folder in usable if self.roles.get(folder.name) == "test"]
        best = tests or list(usable)
        if len(best) > 1:
            raise self._ambiguous(f"{quoted(best)} may each be the test folder")
        if len(usable) > 1:
            others = [printable(folder.name) for folder in usable if folder not in best]
            ways = " or ".join(self.choice.option({"test": name}) for name in others)
            listed.append(
                f"{ways} takes {quoted([f for f in usable if f not in best])}, which has labels, too"
            )
        if listed:
            self.notes.append(f"tested on '{printable(best[0].name)}'; {'; '.join(listed)}")
        return self._taken(usable[best[0]])

    def _tested(self, train: ClassFolders, folder: Path) -> ClassFolders | Flat:
        """The test folder that was asked for."""
        try:
            return self._taken(self._labelled(train, folder))
        except Unusable as why:
            raise DataError(
                f"'{printable(folder.name)}' cannot be tested on: it {why}", self._which()
            ) from None

    def _taken(self, chosen: ClassFolders | Flat) -> ClassFolders | Flat:
        if isinstance(chosen, ClassFolders):
            entries(chosen.root, self.left)
            stray_images(chosen.root, self.left)
        return chosen

    def _labelled(self, train: ClassFolders, folder: Path) -> ClassFolders | Flat:
        """A test folder whose labels are known. Raises `Unusable`."""
        why = "holds no images"
        try:
            classes = class_folders(folder, None, deep=self.choice.train is not None)
            strange = [name for name in classes.by_name if name not in train.by_name]
            if len(strange) < len(classes.by_name):
                return classes
            why = f"has a class '{printable(strange[0])}' that the training folder does not have"
            if alike := nearest(strange[0], list(train.by_name)):
                why += f" (did you mean '{printable(alike[0])}'?)"
        except Unusable as no_classes:
            why = str(no_classes)
        images = flat(folder)
        if images is None:
            raise Unusable(why)
        known = truths.find(images, folder, self._places())
        if known is not None:
            return Flat(images, known)
        if any(VALIDATION_NAME.fullmatch(entry.name) for entry in files(images)):
            wanted = f"neither the devkit nor {truths.SOLUTION} is there to say what they show"
            raise Unusable(f"holds ImageNet's validation images, and {wanted}")
        raise Unusable("holds images and no class folders")

    def _places(self) -> list[Path]:
        """Where files about all of the dataset may lie: from the split upwards to the data folder, and beyond
        it if that lies in the tree of Kaggle's archive."""
        places = [self.place, *(above for above in self.place.parents if above.is_relative_to(self.root))]
        resolved = self.place.resolve()
        for tail in KAGGLE:
            if resolved.parts[-len(tail.parts) :] == tail.parts:
                places += resolved.parents[: len(tail.parts)]
                break
        return list(dict.fromkeys(places))

    def _mention(
        self, inside: Sequence[Path], parts: Sequence[Path], taken: set[Path], train: ClassFolders
    ) -> None:
        """Say what else holds images. Raises `DataError` for classes beside the training folder."""
        used = {folder for folder in inside if any(t == folder or folder in t.parents for t in taken)}
        rest = [
            folder for folder in inside if folder not in parts and folder not in used and holds_images(folder)
        ]
        twice = [folder for folder in rest if folder.name in train.by_name and has_images(folder)]
        if twice:
            beside = f"beside '{printable(train.root.name)}', which has classes of these names"
            raise self._ambiguous(f"{self.place} holds {quoted(twice)} {beside}")
        if rest:
            self.notes.append(f"not read: {quoted(rest)}")

    def _ambiguous(self, what: str) -> DataError:
        shown = [described(folder) for folder in folders(self.place)]
        return DataError(f"{what}; found: {few(shown)}", self._which())

    def _which(self) -> str:
        both, here = (
            self.choice.option({"train": "NAME", "test": "NAME"}),
            self.choice.option({"train": HERE}),
        )
        return f"{both} says which folder is which, and {here} that each one is a class"
