"""What is said about a name that there is not. The plurals are those of a dictionary."""

from __future__ import annotations

import pytest

from specnet.diagnostics.suggestions import suggestion
from specnet.text import plural


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("class", "classes"),
        ("batch", "batches"),
        ("box", "boxes"),
        ("key", "keys"),
        ("entry", "entries"),
        ("layer kind", "layer kinds"),
        ("class name", "class names"),
    ],
)
def test_plurals(noun: str, many: str) -> None:
    assert suggestion("zzz", ["cat", "dog"], noun=noun) == f"valid {many}: cat, dog"
    assert (plural(1, noun), plural(2000, noun)) == (f"1 {noun}", f"2,000 {many}")
