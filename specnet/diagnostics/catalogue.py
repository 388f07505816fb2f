"""The pages about rules: what each one means, with a wrong and a right example.

A page is `codes/CODE.md`. The tests run its examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

FOLDER = files("specnet.diagnostics") / "codes"
_PAGE = re.compile(
    r"# (?P<code>\w+): (?P<title>.+)\n\n(?s:.+?)\n\n## Wrong\n\n```(?P<info>.*)\n(?P<wrong>(?s:.*?))```\n\n"
    r"## Right\n\n```.*\n(?P<right>(?s:.*?))```\n",
)


@dataclass(frozen=True, slots=True)
class Page:
    """One code's page. `info` says what the examples are beyond YAML, if they are no spec as they stand."""

    code: str
    title: str
    info: str
    wrong: str
    right: str
    text: str
    """The whole page, as it is printed."""


def codes() -> list[str]:
    """All codes, in order."""
    return sorted(path.name.removesuffix(".md") for path in FOLDER.iterdir() if path.name.startswith("SN"))


def page(code: str) -> Page:
    """The page of one of `codes()`."""
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    found = _PAGE.fullmatch(text)
    assert found is not None, f"the page of {code} is not laid out like the others"
    return Page(found["code"], found["title"], found["info"], found["wrong"], found["right"], text)
