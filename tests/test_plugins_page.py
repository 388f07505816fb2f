"""The package on the page about plugins: it is written down from the page, installed and trained."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from specnet import plugins

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"
FILE = re.compile(r"^```(?:python|toml|yaml)\n# (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, with what pip would write about the package, and the digits as a NumPy archive."""
    site = tmp_path_factory.mktemp("site")
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        target = site / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (site / "my_kinds" / "__init__.py").touch()
    project = tomllib.loads((site / "pyproject.toml").read_text())["project"]
    info = site / "my_kinds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    sections = (
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in points.items())])
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(sections))
    images, labels = load_digits(return_X_y=True)
    pixels = (images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    np.savez(
        site / "digits.npz",
        x_train=pixels[:1200],
        y_train=labels[:1200],
        x_test=pixels[1200:],
        y_test=labels[1200:],
    )
    return site


def specnet(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "specnet", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        command, cwd=site, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_it_has_one_of_each_family_and_all_can_be_imported(site: Path) -> None:
    done = specnet(site, "plugins", "--check", "--json")
    mine = [p for p in json.loads(done.stdout)["plugins"] if p["package"] == "my-kinds"]
    assert {p["state"] for p in mine} == {"ok"}
    explained = set(re.findall(r"^\| (.*?) \|.*\[", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    families = {group for group in plugins.BASES if f"`{group}`" in explained}
    assert families == {p["group"] for p in mine} & set(plugins.BASES)


def test_it_trains_alike_on_both_backends(site: Path) -> None:
    losses: dict[str, list[float]] = {}
    for backend in ("torch", "tensorflow"):
        options = ["--data", "npz:digits.npz", "--precision", "float64", "--run-dir", backend]
        done = specnet(site, "train", "spec.yaml", "--backend", backend, *options)
        assert done.returncode == 0, done.stderr
        steps = [line for line in lines(site / backend) if "loss" in line]
        losses[backend] = [step["loss"] for step in steps]
        rates = [step["learning_rate"] for step in steps]
        assert rates[:20] == pytest.approx([0.1 * step / 20 for step in range(1, 21)], rel=1e-15)
        assert rates[20:] == pytest.approx([0.1 * (20 / n) ** 0.5 for n in range(21, len(rates) + 1)])
        assert lines(site / backend)[-1]["evaluation"]["top1_error"] < 0.2  # measured 0.131
    assert losses["torch"] == pytest.approx(losses["tensorflow"], rel=1e-10)  # measured 4e-16


def test_the_hooks_of_layers_that_it_lists_are_there() -> None:
    from specnet.layers.base import Layer

    table = PAGE.read_text(encoding="utf-8").partition("| hook |")[2].partition("\n\n")[0]
    hooks = re.findall(r"^\| `(\w+)", table, re.MULTILINE)
    assert len(hooks) >= 11
    assert [hook for hook in hooks if not hasattr(Layer, hook)] == []
