"""`specnet prepare` and people's own files: what is not its own stays, and links lead nowhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from specnet.data.prepare import prepare
from specnet.data.prepare.prepare import Options
from specnet.diagnostics.errors import DataError, UsageError
from specnet.runs import checkpoint
from specnet.spec.spec import load as load_spec
from specnet.storage.checksum import checksummed_json
from specnet.syntax import document
from support.training_runs import TINY, run

SMALL = Options(size=8, channels=1)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    stream = np.random.RandomState(0)
    for part, count in (("train", 15), ("test", 5)):
        for label in "abcd":
            folder = tmp_path / "photos" / part / label
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = stream.randint(0, 256, (8, 8), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return tmp_path / "photos"


def made(photos: Path, out: Path) -> None:
    prepare.prepare(photos, out, SMALL, 1)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


PEOPLES = [
    ["work/thesis/thesis.tex"],
    ["work/notes.txt"],
    ["firmware.bin"],
    ["disk.bin.gz"],
    ["train-00000.bin"],
    ["work/lock", "train-00000.bin"],
    ["work/plan.json", "firmware.bin"],
    [".hidden"],
    ["work/train-00000.safetensors"],
    ["manifest.json.bak"],
    ["labels.safetensors"],
]


@pytest.mark.parametrize("names", PEOPLES, ids="+".join)
def test_a_folder_that_holds_anything_else_is_refused(photos: Path, tmp_path: Path, names: list[str]) -> None:
    out = tmp_path / "out"
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(f"my {name}")
    before = contents(out)
    with pytest.raises(UsageError, match=r"specnet did not write|holds other files") as caught:
        made(photos, out)
    assert "name a folder that is empty or not there yet" in str(caught.value)
    assert contents(out) == before


def stopped(photos: Path, out: Path) -> None:
    """Work that was interrupted after the first images."""

    class Stop(Exception):  # noqa: N818
        pass

    def watch(what: str, done: int, total: int) -> None:
        if done:
            raise Stop

    with pytest.raises(Stop):
        prepare.prepare(photos, out, SMALL, 1, watch)


@pytest.mark.parametrize(
    "name", ["thesis.tex", "firmware.bin", "work/notes.txt", "train-00099.bin", "train-00000.bin.gz"]
)
def test_what_was_put_beside_unfinished_work_stays(photos: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    stopped(photos, out)
    (out / name).write_text("mine")
    with pytest.raises(UsageError, match=f"holds '{Path(name).name}', which specnet did not write"):
        made(photos, out)
    assert (out / name).read_text() == "mine"
    (out / name).unlink()
    made(photos, out)


def test_what_is_put_there_while_the_work_goes_on_stays(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def watch(what: str, done: int, total: int) -> None:
        if (out / "work").is_dir():
            (out / "work" / "thesis.tex").write_text("mine")
            (out / "firmware.bin").write_text("mine")

    prepare.prepare(photos, out, SMALL, 1, watch)
    assert (out / "work" / "thesis.tex").read_text() == "mine"
    assert (out / "firmware.bin").read_text() == "mine"
    assert (out / "manifest.json").exists()


def test_unfinished_work_beside_a_finished_dataset_goes_and_nothing_else(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    made(photos, out)
    (out / "work" / "thesis").mkdir(parents=True)
    (out / "work" / "thesis" / "thesis.tex").write_text("mine")
    (out / "work" / "plan.json").write_bytes(
        checksummed_json({"settings": {}, "shards": {"train": 1, "test": 1}})
    )
    made(photos, out)
    assert contents(out / "work") == {"thesis/thesis.tex": b"mine"}


@pytest.mark.parametrize("name", ["work", "work/lock", "work/plan.json", "train-00000.bin", "manifest.json"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_links_and_pipes_are_refused_by_name(photos: Path, tmp_path: Path, name: str, kind: str) -> None:
    out, letter = tmp_path / "out", tmp_path / "letter"
    letter.write_text("dear friend") if name != "work" else letter.mkdir()
    stopped(photos, out)
    place = out / name
    if place.is_dir():
        place.rename(tmp_path / "aside")
    else:
        place.unlink(missing_ok=True)
    place.symlink_to(letter) if kind == "link" else os.mkfifo(place)
    with pytest.raises((UsageError, DataError)) as caught:
        made(photos, out)
    assert Path(name).name in str(caught.value)
    assert letter.is_dir() or letter.read_text() == "dear friend"
    assert not letter.is_dir() or not list(letter.iterdir())


def test_a_destination_that_is_a_link_is_named(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match=f"is a link \\(to {tmp_path}/real\\)"):
        made(photos, tmp_path / "out")


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_a_shard_that_is_cut_short_while_it_is_trained_on_is_one_error(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """A file that is mapped into memory would end the process with SIGBUS."""
    pytest.importorskip(backend)
    made(photos, tmp_path / "out")
    spec = load_spec(
        document.parse(
            TINY.replace("synthetic, shape: [1, 8, 8], train_images: 60, test_images: 20", "prepared"), "x"
        )
    )
    from specnet.training.trainer import Trainer

    record: Callable[..., None] = Trainer._record

    def recording(self: Trainer, *arguments: Any) -> None:
        if self.step == 3:
            os.truncate(tmp_path / "out" / "train-00000.bin", 1000)
        record(self, *arguments)

    monkeypatch.setattr(Trainer, "_record", recording)
    with pytest.raises(DataError, match=r"train-00000\.bin has become shorter while it was read"):
        run(spec, tmp_path / "r", backend=backend, data=f"prepared:{tmp_path / 'out'}", steps=40)
    assert checkpoint.newest(tmp_path / "r" / "checkpoints") is not None
