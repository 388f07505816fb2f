"""The example of docs/consequences.md is what the command prints."""

from __future__ import annotations

from pathlib import Path

import specnet

PAGE = Path(__file__).parents[2] / "docs" / "consequences.md"


def test_the_example(specs: Path) -> None:
    command, *shown = PAGE.read_text(encoding="utf-8").split("```")[1].splitlines()[1:]
    before, after = command.removeprefix("$ specnet diff ").split()
    printed = specnet.diff(specs.parent / before, specs.parent / after).text(option="--all").splitlines()
    assert shown[0] == shown[-1] == "..."
    start = printed.index("consequences")
    assert shown[1:-1] == printed[start : start + len(shown) - 2]
