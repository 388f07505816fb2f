"""`state.json`, `metrics.jsonl` and the manifests of checkpoints and of prepared datasets."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.kind import Kind, check_words
from fuzzing.mutation import bytes_changed, json_changed, json_text
from specnet.data.prepare import manifest as manifests
from specnet.diagnostics.errors import DataError, RunError
from specnet.plots import curves, request, style
from specnet.runs import checkpoint, history, listing, metrics
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import Evaluation, RunProgress, read_progress
from specnet.storage.checksum import checksummed_json
from specnet.storage.folder import Folder

SCORES = Evaluation(loss=1.5, top1_error=0.5, top5_error=0.25)
PROGRESS = RunProgress(
    seed=0,
    precision="float32",
    data="synthetic",
    classes=("a", "b"),
    step=12,
    evaluations=(SCORES,) * 3,
    evaluation=SCORES,
    micro_batch=4,
    steps_per_epoch=8,
    stop=12,
    train_images=60,
    statistics="0" * 64,
)


def _made(folder: Path) -> Path:
    array = np.zeros(4, np.float32)
    slots = {"velocity": {"a": array}}
    return checkpoint.write(folder / "checkpoints", Checkpoint({"a": array}, slots, PROGRESS))


def _states(folder: Path) -> list[bytes]:
    _made(folder)
    least = {"step": 0, "evaluations": []}
    return [json.dumps(PROGRESS.as_json()).encode(), json.dumps(least).encode()]


def _json(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.15:
        return bytes_changed(draw, data, others)
    return json_text(draw, json.loads(data))


def _read_state(data: bytes, folder: Path) -> str:
    path = folder / "state.json"
    path.write_bytes(data)
    try:
        progress = read_progress(path)
    except ValueError as error:
        check_words(error)
        return "refused"
    assert progress.step >= 0
    if progress.evaluation is not None:
        progress.evaluation.rank()
    return "taken"


def _metrics(_: Path) -> list[bytes]:
    lines: list[dict[str, Any]] = []
    for step in range(1, 25):
        about = {"step": step, "epoch": -(-step // 8)}
        lines.append(
            {**about, "loss": 1 / step, "learning_rate": 0.1, "images_per_second": 9.5, "data_wait": 0.1}
        )
        if step % 8 == 0:
            lines.append({**about, "evaluation": {"loss": 1.0, "top1_error": 0.5, "top5_error": 0.1}})
    lines.append({"step": 24, "epoch": 3, "stopped": "SIGTERM"})
    return [b"".join(json.dumps(line).encode() + b"\n" for line in lines)]


def _lines(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    lines = data.splitlines()
    for _ in range(draw.choice((1, 1, 3, 10))):
        place = draw.randrange(len(lines))
        if draw.random() < 0.8:
            with contextlib.suppress(ValueError):
                lines[place] = json.dumps(json_changed(draw, json.loads(lines[place]))).encode()
        else:
            lines[place] = bytes_changed(draw, lines[place], others)
    return b"\n".join(lines) + draw.choice((b"\n", b""))


def _read_metrics(data: bytes, folder: Path) -> str:
    path = folder / "metrics.jsonl"
    path.write_bytes(data)
    gathered = history.gather(metrics.lines(path), 8, 60)
    listing._last_lines(path)
    if len(data) % 40 == 0:
        with style.styled():
            style.saved(curves.draw(request.curves_of({"a": gathered}, "a")), "png")
    with Folder.opened(folder) as opened:
        metrics.cut(opened, 12, evaluated=True)
    for line in filter(None, path.read_bytes().split(b"\n")):
        assert json.loads(line)["step"] <= 12
    return "read"


def _manifests(folder: Path) -> list[bytes]:
    return [(_made(folder) / "manifest.json").read_bytes()]


def _sealed(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.25:
        return _json(draw, data, others)
    content = json.loads(data)
    content.pop("sha256")
    changed = json_changed(draw, content)
    return checksummed_json(changed) if isinstance(changed, dict) else json.dumps(changed).encode()


def _read_manifest(data: bytes, folder: Path) -> str:
    path = folder / "checkpoints" / "step-00000012"
    (path / "manifest.json").write_bytes(data)
    fault = checkpoint.problem(path)
    if fault is not None:
        with contextlib.suppress(RunError):
            checkpoint.read(path)
            raise AssertionError("a damaged checkpoint is read")
        return "refused"
    checkpoint.read(path)
    return "taken"


def _datasets(folder: Path) -> list[bytes]:
    stored = {"bytes": 0, "sha256": "0" * 64}
    part = {
        "images": 2,
        "shards": [2],
        "converted": {"CMYK": 1},
        "skipped": [{"name": "a", "reason": "empty"}],
    }
    names = ("labels.safetensors", "statistics.safetensors", "train-names.txt", "test-names.txt")
    files: dict[str, Any] = dict.fromkeys(names, stored)
    files |= {f"{split}-00000.bin": {**stored, "bytes": 2 * 48} for split in ("train", "test")}
    for name, about in files.items():
        (folder / name).write_bytes(bytes(about["bytes"]))
    whole = {
        "schema_version": 1,
        "format": "specnet-prepared",
        "shape": [3, 4, 4],
        "source": "0" * 64,
        "decoder": "Pillow",
        "classes": ["a", "b"],
        "words": {"a": "b"},
        "train": part,
        "test": part,
        "files": files,
    }
    return [manifests.as_json(whole)]


def _read_dataset(data: bytes, folder: Path) -> str:
    (folder / manifests.NAME).write_bytes(data)
    try:
        manifests.read(folder)
    except DataError as error:
        check_words(error)
        return "refused"
    return "taken"


KINDS = {
    "state": Kind(_states, _json, _read_state),
    "metrics": Kind(_metrics, _lines, _read_metrics),
    "manifest": Kind(_manifests, _sealed, _read_manifest),
    "dataset": Kind(_datasets, _json, _read_dataset),
}
