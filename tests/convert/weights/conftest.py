"""Importing a state or a file from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from support.weights_files import SPEC

Cli = Callable[..., Any]


@pytest.fixture
def take(cli: Cli, tmp_path: Path) -> Callable[..., Any]:
    """Import a state, or a file, into `tmp_path/run`; `said` is a mapping file's text."""

    def run(
        source: Mapping[str, Any] | Path, said: str | None = None, *options: str, text: str = SPEC
    ) -> Any:
        (tmp_path / "spec.yaml").write_text(text)
        file = source if isinstance(source, Path) else tmp_path / "in.safetensors"
        if not isinstance(source, Path):
            save_file(dict(source), file)
        if said is not None:
            (tmp_path / "map.yaml").write_text(said)
            options = ("--map", str(tmp_path / "map.yaml"), *options)
        return cli("weights", "import", tmp_path / "spec.yaml", file, "--run-dir", tmp_path / "run", *options)

    return run
