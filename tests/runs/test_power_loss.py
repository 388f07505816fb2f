"""After a power cut at any moment, whatever the disk kept of what was not flushed, the run goes on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from specnet.network.network import Network, analyse
from specnet.runs import checkpoint, stored_spec
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import load
from specnet.storage import system
from specnet.syntax import document
from specnet.testing.comparing import assert_equal
from support.power_loss import PowerLoss
from support.training_runs import TINY, run

pytestmark = pytest.mark.slow

Tree = dict[str, bytes | None]


def restored(tree: Tree, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in sorted(tree.items()):
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)
    return folder


def check(tree: Tree, folder: Path, network: Network, committed: list[int], started: bool) -> int:
    """The step that the run in this tree goes on from, -1 if it has not begun."""
    directory = restored(tree, folder) / "r"
    if not (directory / "spec.yaml").exists():
        assert not started
        assert not committed
        RunDirectory(directory).check_unused()
        return -1
    stored_spec.read(directory / "spec.yaml")
    resumed = RunDirectory(directory, lambda _: None).saved_run()
    if committed:
        assert resumed.step >= committed[-1]
        whole = [p for p in (directory / "checkpoints").glob("step-*") if checkpoint.problem(p) is None]
        assert len(whole) >= min(len(committed), checkpoint.KEPT)
    if resumed.checkpoint is not None:
        assert RunDirectory(directory).statistics(resumed.checkpoint) is not None
        steps = [
            line for line in (directory / "metrics.jsonl").read_bytes().splitlines() if b'"loss"' in line
        ]
        assert len(steps) >= resumed.step, "the metrics up to a checkpoint are on the disk before it is"
    return resumed.step


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: thousands of small trees are written."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=where) as folder:
        yield Path(folder)


def test_every_moment_leaves_a_run_that_goes_on(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write, flush, rename and removal of a run with four saves, of which two remove old ones."""
    spec = load(document.parse(TINY.replace("train_images: 60", "train_images: 200")))
    network = analyse(spec)
    (memory / "disk").mkdir()
    world = PowerLoss(memory / "disk")
    committed: list[int] = []
    begun: list[bool] = []
    seen: set[tuple[tuple[str, bytes | None], ...]] = set()
    reached: set[int] = set()
    trees: dict[int, Tree] = {}
    moment = world.calls.changed

    def look() -> None:
        moment()
        real, system.calls = system.calls, system.Calls()
        for tree in world.outcomes():
            key = (*sorted(tree.items(), key=lambda item: item[0]), (f"{committed[-1:]} {bool(begun)}", None))
            if key not in seen:
                seen.add(key)
                step = check(tree, memory / "after", network, committed, bool(begun))
                reached.add(step)
                trees[step] = tree
        system.calls = real

    save, start = RunDirectory.save, RunDirectory.start

    def saving(self: RunDirectory, made: checkpoint.Checkpoint) -> Path:
        path = save(self, made)
        committed.append(made.step)
        return path

    def starting(self: RunDirectory, *arguments: object) -> None:
        start(self, *arguments)  # type: ignore[arg-type]
        begun.append(True)

    monkeypatch.setattr(world.calls, "changed", look)
    monkeypatch.setattr(RunDirectory, "save", saving)
    monkeypatch.setattr(RunDirectory, "start", starting)
    monkeypatch.setattr(system, "calls", world.calls)
    run(spec, memory / "disk" / "r", steps=8, checkpoint_every=2)
    monkeypatch.undo()
    assert committed == [2, 4, 6, 8]
    assert len(seen) > 500
    assert reached == {-1, 0, 2, 4, 6, 8}
    whole = checkpoint.read(memory / "disk" / "r" / "checkpoints" / "step-00000008").weights
    for step, tree in trees.items():
        directory = restored(tree, memory / "after") / "r"
        run(spec, directory, steps=8, resume=step >= 0)
        again = checkpoint.read(directory / "checkpoints" / "step-00000008").weights
        assert_equal(again, whole)
