"""Writes docs/museum.md: what the checker says of each network in specs/seeds, and its diff to the paper's.

python docs/make_museum.py          write the page
python docs/make_museum.py --check  exit with 1 if the page is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diffs.diff import compare
from specnet.network import network
from specnet.syntax import document
from specnet.tables.build import make

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "museum.md"
PAPER = "alexnet"
SEEDS: dict[str, tuple[str, str]] = {
    "tf1_notebook": ("A TensorFlow 1 notebook", PAPER),
    "tf1_notebook_repaired": ("The notebook, repaired", "seeds/tf1_notebook"),
    "keras_two_tower": ("Two towers in Keras", "alexnet_towers"),
    "keras_single_tower": ("One tower in Keras", "alexnet_one_group"),
    "tf_slides": ("Slides on TensorFlow", "alexnet_one_group"),
    "tf_readme": ("A TensorFlow repository's README", "alexnet_one_group"),
    "paper_notes": ("A reader's notes", "alexnet_one_group"),
}
"""Title of each seed, and the spec that it is compared with: the paper's in the form that the seed has."""
INTRODUCTION = """\
# The museum

AlexNet as people wrote it down, each as it was found, mistakes included. Nothing but a comparison could
have told that these are six different networks, and that one of them cannot run at all. Under each: what
`specnet validate` says, and `specnet diff` against the paper's network in the form that comes nearest:
`alexnet` as published, `alexnet_towers` in long form, `alexnet_one_group` in one column. Where a
description leaves something open, the spec lists it under `assumed`, and the checker says so.

This page is written by `make museum`; a test keeps it true.
"""
VARIANTS = """\
# The paper's variants

Each is [alexnet.yaml](../specs/alexnet.yaml) with a few lines changed, and its diff reads like the sentence
above it.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for name, (title, base) in SEEDS.items():
        parts.append("\n".join(_section(title, f"seeds/{name}", base)))
    parts.append(VARIANTS)
    for path in sorted((ROOT / "specs" / "variants").glob("*.yaml")):
        parts.append("\n".join(_section(path.stem, f"variants/{path.stem}", PAPER)))
    return "\n".join(parts)


def _section(title: str, name: str, base: str) -> Iterator[str]:
    path = ROOT / "specs" / f"{name}.yaml"
    examination = network.examine(_opened(name))
    made, found = examination.network, examination.diagnostics
    yield f"## {title}\n"
    yield f"[{name}.yaml](../specs/{name}.yaml). {_comment(path)}\n"
    if made is not None:
        totals = make(made).totals
        yield f"Valid: {totals.parameters:,} parameters, {totals.macs:,} multiply-accumulates for an image.\n"
    else:
        yield f"**Rejected**, for {sum(d.severity == 'error' for d in found)} errors.\n"
    if found:
        yield "```text"
        yield from (_line(finding) for finding in found)
        yield "```\n"
    yield f"Against [{base}.yaml](../specs/{base}.yaml):\n"
    yield "```text"
    yield compare(network.examine(_opened(base)), examination).text()
    yield "```\n"


def _opened(name: str) -> document.Document:
    """A spec under the name that it has in this repository, wherever that lies."""
    place = f"specs/{name}.yaml"
    return document.parse((ROOT / place).read_bytes(), place)


def _comment(path: Path) -> str:
    """The comment at the head of a spec, without the editor's line, its links as the page needs them."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# yaml-language-server"):
            lines.append(line.removeprefix("# "))
    return " ".join(lines).replace(" (../alexnet.yaml)", "")


def _line(finding: Diagnostic) -> str:
    place = finding.position
    where = f"line {place.line}: " if place else ""
    hint = f" ({finding.hint})" if finding.hint and finding.code in ("SN406", "SN407") else ""
    return f"{where}{finding.severity} {finding.code}: {finding.message}{hint}"


def main() -> int:
    made = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.read_text(encoding="utf-8") == made
        print("docs/museum.md is up to date" if same else "docs/museum.md is out of date: make museum")
        return 0 if same else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
