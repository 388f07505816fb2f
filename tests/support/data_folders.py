"""Data folders as people have them, made of a few files each."""

from __future__ import annotations

import io
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from specnet.data.base import Dataset, Labelled

Counts = dict[str, int]
"""Images of each class."""
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
"""The first box of a file (ISO/IEC 14496-12, 4.3; ISO/IEC 23008-12, 10.2.1.1): its size, kind and brands."""
AVIF = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B"
APPLE_DOUBLE = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        "
"""What macOS leaves beside each file of an archive (RFC 1740, appendix A)."""


def counts(dataset: Dataset) -> tuple[Counts, Counts]:
    """How many images of each class are trained on and tested on."""
    parts: list[Counts] = []
    for images in (dataset.train, dataset.test):
        assert isinstance(images, Labelled)
        found = Counter(images.labels.tolist())
        parts.append({dataset.classes[label]: number for label, number in found.items()})
    return parts[0], parts[1]


@cache
def image(shade: int, kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), (shade, shade, 255 - shade)).save(stream, kind)
    return stream.getvalue()


def put(path: Path, content: bytes | None = None, kind: str = "JPEG") -> None:
    """A file, an image unless its content is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image(len(path.name) % 9, kind) if content is None else content)


def classes(root: Path, names: str = "cat dog", each: int = 3) -> Path:
    """Class folders with images."""
    for name in names.split():
        for number in range(each):
            put(root / name / f"{number}.jpg")
    return root


def noise(root: Path) -> Path:
    """15 images to train on and 5 to test on in each of 4 classes, 1x8x8."""
    stream = np.random.RandomState(0)
    for part, count in (("train", 15), ("test", 5)):
        for label in "abcd":
            folder = root / part / label
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = stream.randint(0, 256, (8, 8), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return root


def flat(root: Path, count: int = 3, name: str = "{}.jpg") -> Path:
    """Images side by side."""
    for number in range(count):
        put(root / name.format(number))
    return root


def tiny_imagenet(root: Path) -> Path:
    """Tiny-ImageNet as it is distributed: boxes beside the training images, labels of the validation images
    in a file, test images without labels."""
    ids = ["n01443537", "n01629819", "n01641577"]
    for name in ids:
        flat(root / "train" / name / "images", 2, f"{name}_{{}}.JPEG")
        put(root / "train" / name / f"{name}_boxes.txt", f"{name}_0.JPEG\t0\t10\t63\t58\n".encode())
    flat(root / "val" / "images", 4, "val_{}.JPEG")
    shown = [ids[2], ids[0], ids[1], ids[2]]
    lines = [f"val_{number}.JPEG\t{name}\t0\t32\t44\t62\n" for number, name in enumerate(shown)]
    put(root / "val" / "val_annotations.txt", "".join(lines).encode())
    flat(root / "test" / "images", 2, "test_{}.JPEG")
    put(root / "wnids.txt", "\n".join(ids).encode())
    put(root / "words.txt", b"n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\n")
    return root


def kaggle_imagenet(root: Path) -> Path:
    """ImageNet as Kaggle distributes it. The solution is in no order, and names a class for each object."""
    ids, images = ["n01440764", "n01443537"], root / "ILSVRC" / "Data" / "CLS-LOC"
    for name in ids:
        flat(images / "train" / name, 2, f"{name}_{{}}.JPEG")
        put(root / "ILSVRC" / "Annotations" / "CLS-LOC" / "train" / name / f"{name}_0.xml", b"<annotation/>")
    flat(images / "test", 2, "ILSVRC2012_test_0000000{}.JPEG")
    rows = ["ImageId,PredictionString"]
    for number in (3, 1, 2):
        put(images / "val" / f"ILSVRC2012_val_{number:08d}.JPEG")
        rows.append(f"ILSVRC2012_val_{number:08d},{ids[number % 2]} 1 2 3 4 {ids[number % 2]} 5 6 7 8 ")
    put(root / "LOC_val_solution.csv", "\r\n".join(rows).encode())
    put(root / "LOC_train_solution.csv", b"ImageId,PredictionString\n")
    put(
        root / "LOC_synset_mapping.txt",
        b"n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n",
    )
    put(root / "ILSVRC" / "ImageSets" / "CLS-LOC" / "val.txt", b"ILSVRC2012_val_00000001 1\n")
    return root
