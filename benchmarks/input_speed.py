"""How fast training gets its images: prepared ones against JPEG files, and preparing against bare decoding.

    python benchmarks/input_speed.py [--images N] [--rounds N]

Both sides of a comparison take turns in this process on one core, and its CPU time is counted, so that other
work on the machine weighs on both alike. Exits with 1 if prepared images, with the paper's crop, flip and
colour, come at less than 10 times the rate of torch's DataLoader over the same images as 256x256 JPEG files,
decoded by Pillow and augmented in the same way; or if `specnet prepare` comes to less than 0.8 of the rate at
which Pillow decodes and resizes the same files.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from specnet.data.kinds.prepared import open_prepared  # noqa: E402
from specnet.data.prepare.prepare import Options, prepare  # noqa: E402
from specnet.network.network import analyse  # noqa: E402
from specnet.plans import plan  # noqa: E402
from specnet.spec.spec import load  # noqa: E402
from specnet.training.batches import Inputs  # noqa: E402

ALEXNET = Path(__file__).parent.parent / "specs" / "alexnet.yaml"
TIMES = 10.0
SHARE = 0.8
BATCH = 128
GRAIN = 18


def photograph(random: np.random.RandomState, width: int, height: int) -> Image.Image:
    """Something with the spectrum of a photograph: detail that falls off with the frequency, and grain.

    Files of 500x375 have some 100 KB at quality 90; ImageNet's have 110 KB on average, at such sizes.
    """
    total = np.zeros((height, width, 3), dtype=np.float32)
    for octave in range(2, 9):
        coarse = (random.randn(2**octave, 2**octave, 3) * 75 / 2 ** (0.5 * octave)).astype(np.float32)
        for channel in range(3):
            part = Image.fromarray(coarse[:, :, channel]).resize((width, height), Image.Resampling.BICUBIC)
            total[:, :, channel] += np.asarray(part)
    total += GRAIN * random.randn(height, width, 3)
    return Image.fromarray((total + 128).clip(0, 255).astype(np.uint8))


def make_files(folder: Path, count: int, width: int, height: int) -> list[Path]:
    """Class folders of JPEG files at quality 90; returns those to train on."""
    random = np.random.RandomState(0)
    paths = []
    for split, images in (("train", count), ("val", 2)):
        for index in range(images):
            path = folder / split / f"class{index % 2}" / f"{index}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            photograph(random, width, height).save(path, quality=90)
            paths.append(path)
    return paths[:count]


class JpegFiles(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """The same augmentation as one writes it with Pillow and torch, the cheap steps first."""

    def __init__(self, paths: list[Path], mean: torch.Tensor, values: torch.Tensor, vectors: torch.Tensor):
        self.paths, self.mean, self.values, self.vectors = paths, mean, values, vectors

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[index]) as opened:
            image = opened.convert("RGB")
        top, left = torch.randint(0, 33, (2,)).tolist()
        image = image.crop((left, top, left + 224, top + 224))
        mean = self.mean[:, top : top + 224, left : left + 224]
        if torch.rand(()) < 0.5:
            image, mean = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), mean.flip(2)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float()
        pixels -= mean
        pixels += (self.vectors @ (self.values * torch.randn(3) * 0.1) * 255)[:, None, None]
        return pixels, index % 2


def compared(first: Callable[[], int], second: Callable[[], int], rounds: int) -> tuple[float, float, float]:
    """Images per CPU second of each, and how many times faster the second is: medians over the rounds."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for work, found in zip((first, second), rates, strict=True):
            began = time.process_time()
            count = work()
            found.append(count / (time.process_time() - began))
    # The first round warms up.
    ratios = [b / a for a, b in zip(rates[0][1:], rates[1][1:], strict=True)]
    return statistics.median(rates[0][1:]), statistics.median(rates[1][1:]), statistics.median(ratios)


def input_rates(folder: Path, images: int, rounds: int) -> tuple[float, float, float]:
    """DataLoader over JPEG files of 256x256, against prepared images."""
    paths = make_files(folder / "small", images, 256, 256)
    prepare(folder / "small", folder / "prepared", Options(), 1)
    dataset = open_prepared(folder / "prepared")
    known = dataset.statistics
    assert known is not None
    spec = load(ALEXNET)
    assert spec.training is not None
    inputs = Inputs(plan.make(analyse(spec)), spec.training, known, 0, "float32", masks={})
    arrays = (known.mean, known.color_values, known.color_vectors.copy())
    files = JpegFiles(paths, *(torch.from_numpy(a.astype(np.float32)) for a in arrays))
    steps = -(-images // BATCH)

    def loader() -> int:
        batches = torch.utils.data.DataLoader(files, batch_size=BATCH, shuffle=True)
        return sum(len(labels) for _, labels in batches)

    def prepared() -> int:
        return sum(len(batch.labels) for batch in inputs.batches(dataset.train, 0, steps))

    return compared(loader, prepared, rounds)


def prepare_rates(folder: Path, images: int, rounds: int) -> tuple[float, float, float]:
    """Pillow decoding and resizing files of 500x375, usual in ImageNet, against `specnet prepare`."""
    paths = make_files(folder / "large", images, 500, 375)
    made = iter(range(10**6))

    def bare() -> int:
        for path in paths:
            with Image.open(io.BytesIO(path.read_bytes())) as opened:
                image = opened.convert("RGB")
            image.resize((341, 256), Image.Resampling.BILINEAR)
        return len(paths)

    def prepared() -> int:
        made_ = prepare(folder / "large", folder / f"out{next(made)}", Options(), 1)
        return made_.train.images + made_.test.images

    return compared(bare, prepared, rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--images", type=int, default=512, help="in each comparison (default: 512)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side (default: 5)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        slow, fast, times = input_rates(Path(name), options.images, options.rounds)
        bare, ours, share = prepare_rates(Path(name), options.images, options.rounds)
    print(f"DataLoader over JPEG files: {slow:,.0f} images per second and core")
    print(f"prepared images: {fast:,.0f}, {times:.1f} times that (at least {TIMES:.0f})")
    print(f"Pillow, decode and resize: {bare:,.0f} images per second and core")
    print(f"specnet prepare: {ours:,.0f}, {share:.2f} of that (at least {SHARE})")
    return 0 if times >= TIMES and share >= SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
