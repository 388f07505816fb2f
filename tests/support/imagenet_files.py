"""A made-up ILSVRC in the layout of the official archives: a tar of tars, validation images, devkit.

ILSVRC ids count the classes backwards and skip about, so that taking one order for the other cannot go
unnoticed; the synset table has inner nodes of WordNet's tree, too, as the official one has.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = [f"n{1440764 + 7919 * i:08d}" for i in range(12)]
"""In the order of WordNet ids."""

ILSVRC_ID = {name: (5 * i + 4) % 12 + 1 for i, name in enumerate(CLASSES)}
WORDS = {name: f"thing {i}, item {i}" for i, name in enumerate(CLASSES)}


def drawing(label: int, number: int, width: int = 40, height: int = 32) -> bytes:
    """A JPEG that shows its class: a bar in the label's colour, over noise of its own."""
    random = np.random.RandomState(1000 * label + number)
    pixels = random.randint(90, 130, (height, width, 3))
    left = width // 2 - 8 + random.randint(8)
    pixels[:, left : left + 8] = [label % 3 * 127, label // 3 % 2 * 255, label // 6 * 255]
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def train_images(each: int) -> dict[str, dict[str, bytes]]:
    """For each class its images by name."""
    return {
        name: {f"{name}_{number}.JPEG": drawing(label, number) for number in range(each)}
        for label, name in enumerate(CLASSES)
    }


def validation_images(count: int) -> tuple[dict[str, bytes], list[str]]:
    """The validation images by name, and the WordNet id of each in order."""
    shown = [CLASSES[(7 * number) % 12] for number in range(count)]
    images = {
        f"ILSVRC2012_val_{number + 1:08d}.JPEG": drawing(CLASSES.index(name), 500 + number)
        for number, name in enumerate(shown)
    }
    return images, shown


def tarred(files: Mapping[str, bytes], format_: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format_) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def meta_mat() -> bytes:
    from scipy.io import savemat

    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"), ("num_children", "O")]
    rows = [(ILSVRC_ID[name], name, WORDS[name], "a gloss", 0) for name in CLASSES]
    rows.sort()
    rows += [(13, "n00001740", "entity", "everything", 2), (14, "n00002137", "abstraction", "some", 1)]
    stream = io.BytesIO()
    table = np.array(rows, dtype=fields).reshape(-1, 1)
    savemat(stream, {"synsets": table}, do_compression=True)
    return stream.getvalue()


def ground_truth(shown: list[str]) -> bytes:
    return "".join(f"{ILSVRC_ID[name]}\n" for name in shown).encode()


def devkit(files: Mapping[str, bytes]) -> bytes:
    import gzip

    return gzip.compress(tarred({f"ILSVRC2012_devkit_t12/{name}": data for name, data in files.items()}))


def official(folder: Path, each: int = 20, validation: int = 60) -> None:
    """The three archives."""
    folder.mkdir(parents=True, exist_ok=True)
    images, shown = validation_images(validation)
    inner = {f"{name}.tar": tarred(images) for name, images in train_images(each).items()}
    # The official archive is in the order of WordNet ids; another order must not matter.
    outer = dict(sorted(inner.items(), reverse=True))
    (folder / "ILSVRC2012_img_train.tar").write_bytes(tarred(outer))
    (folder / "ILSVRC2012_img_val.tar").write_bytes(tarred(images))
    files = {
        "readme.txt": b"a devkit",
        "data/meta.mat": meta_mat(),
        "data/ILSVRC2012_validation_ground_truth.txt": ground_truth(shown),
    }
    (folder / "ILSVRC2012_devkit_t12.tar.gz").write_bytes(devkit(files))


def tree(folder: Path, each: int = 20, validation: int = 60) -> None:
    """What the archives unpack to: class folders to train on, validation images side by side."""
    for name, images in train_images(each).items():
        (folder / "train" / name).mkdir(parents=True)
        for file, data in images.items():
            (folder / "train" / name / file).write_bytes(data)
    (folder / "val").mkdir()
    images, shown = validation_images(validation)
    for file, content in images.items():
        (folder / "val" / file).write_bytes(content)
    (folder / "ILSVRC2012_devkit_t12" / "data").mkdir(parents=True)
    kit = folder / "ILSVRC2012_devkit_t12" / "data"
    (kit / "ILSVRC2012_validation_ground_truth.txt").write_bytes(ground_truth(shown))
    lines = [f"{name} {ILSVRC_ID[name]} {WORDS[name].replace(' ', '_')}\n" for name in CLASSES]
    (kit / "map_clsloc.txt").write_text("".join(lines))
