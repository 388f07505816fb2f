"""Event files as TensorFlow's own reader sees them: what they say is what `metrics.jsonl` says, always."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from specnet.spec.spec import load
from specnet.syntax import document
from support.training_runs import SMALL, run

START = 1
"""SessionLog.START of event.proto."""


def told(folder: Path) -> dict[tuple[str, int], float]:
    """Scalars by tag and step. A session start voids its step and later ones, as in TensorBoard."""
    found: dict[tuple[str, int], float] = {}
    for path in sorted(folder.iterdir()):
        versions = []
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            versions.append(event.file_version)
            if event.session_log.status == START:
                found = {key: value for key, value in found.items() if key[1] < event.step}
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    assert (value.tag, event.step) not in found
                    found[value.tag, event.step] = value.simple_value
        assert versions[0] == "brain.Event:2"
        assert not any(versions[1:])
    return found


def expected(path: Path) -> dict[tuple[str, int], np.float32]:
    found: dict[tuple[str, int], Any] = {}
    for line in map(json.loads, path.read_text().splitlines()):
        part, values = ("test", line["evaluation"]) if "evaluation" in line else ("train", line)
        for name in set(values) - {"step", "epoch"}:
            found[f"{part}/{name}", line["step"]] = np.float32(values[name])
    return found


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_events_say_what_the_metrics_say_across_a_resume(tmp_path: Path, backend: str) -> None:
    spec, folder = load(document.parse(SMALL, "small.yaml")), tmp_path / "r"
    run(spec, folder, backend=backend, steps=5)
    # Steps 6 and 7 were done after the checkpoint, and reached both files before a crash.
    from specnet.runs.tensorboard import EventFile
    from specnet.storage.folder import Folder

    lost = {
        "step": 6,
        "epoch": 1,
        "loss": 9.0,
        "learning_rate": 1.0,
        "images_per_second": 1.0,
        "data_wait": 0,
    }
    with (folder / "metrics.jsonl").open("a") as file:
        file.write("".join(json.dumps({**lost, "step": step}) + "\n" for step in (6, 7)))
    with Folder.opened(folder / "events") as held:
        crashed = EventFile(held, 6)
    for step in (6, 7):
        crashed.scalars(step, {"train/loss": 9.0, "train/gone": 9.0})
    crashed.close()
    run(spec, folder, backend=backend, steps=16, resume=True)
    written = expected(folder / "metrics.jsonl")
    assert {step for tag, step in written if tag == "train/loss"} == set(range(1, 17))
    assert told(folder / "events") == written


@pytest.mark.pictures
def test_pictures_of_the_kernels_are_png_files(tmp_path: Path) -> None:
    run(load(document.parse(SMALL, "small.yaml")), tmp_path / "r")
    (path,) = (tmp_path / "r" / "events").iterdir()
    images = [
        value
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
        if value.HasField("image")
    ]
    assert {value.tag for value in images} == {"kernels"}
    last = images[-1].image
    assert tf.io.decode_png(last.encoded_image_string).shape == (last.height, last.width, last.colorspace)
    assert last.encoded_image_string == (tmp_path / "r" / "kernels.png").read_bytes()
