"""Characters that cannot be seen or look like others are named where they stand, with what to type.

The code points and names are Unicode's. None of them is wrong where people write for people.
"""

from __future__ import annotations

import pytest

from support.helpers import HEAD, found

CONV = "  conv: {kind: conv, from: image, group: a, filters: 6, kernel: 3}\n"
FC = "  fc: {kind: dense, from: image, group: b, units: 3}\n"


@pytest.mark.parametrize(
    ("old", "new", "name", "advice"),
    [
        ("  conv:", "\u00a0\u00a0conv:", "U+00A0 NO-BREAK SPACE", "type a space"),
        ("  conv:", " \u2003conv:", "U+2003 EM SPACE", "type a space"),
        ("  conv:", "\u3000conv:", "U+3000 IDEOGRAPHIC SPACE", "type a space"),
        ("filters: 6", "filters: 6\u00a0", "U+00A0 NO-BREAK SPACE", "type a space"),
        ("kind: conv", "kind:\u00a0conv", "U+00A0 NO-BREAK SPACE", "type a space"),
        ("kind", "ki\u200bnd", "U+200B ZERO WIDTH SPACE", "remove U+200B"),
        ("filters", "\ufefffilters", "U+FEFF ZERO WIDTH NO-BREAK SPACE", "remove U+FEFF"),
        ("conv: {", "conv\uff1a {", "U+FF1A FULLWIDTH COLON", "type ':'"),
        ("kind: ", "kind\uff1a", "U+FF1A FULLWIDTH COLON", "type ':'"),
        ("{", "\uff5b", "U+FF5B FULLWIDTH LEFT CURLY BRACKET", "type '{'"),
        ("}", "\uff5d", "U+FF5D FULLWIDTH RIGHT CURLY BRACKET", "type '}'"),
        (", group", "\uff0c group", "U+FF0C FULLWIDTH COMMA", "type ','"),
        ("kernel: 3", "kernel: \uff3b3, 3]", "U+FF3B FULLWIDTH LEFT SQUARE BRACKET", "type '['"),
        ("filters: 6", "filters: \uff16", "U+FF16 FULLWIDTH DIGIT SIX", "type '6'"),
        ("filters: 6", "filters: 6, bias: \u22121", "U+2212 MINUS SIGN", "type '-'"),
        ("kernel", "k\u0435rnel", "U+0435 CYRILLIC SMALL LETTER IE", "type 'e'"),
        ("kernel", "\u043aernel", "U+043A CYRILLIC SMALL LETTER KA", "did you mean 'kernel'?"),
        ("conv,", "c\u03bfnv,", "U+03BF GREEK SMALL LETTER OMICRON", "type 'o'"),
        ("from: image", "from: im\u0430ge", "U+0430 CYRILLIC SMALL LETTER A", "type 'a'"),
        ("group: a", "group: \u0430", "U+0430 CYRILLIC SMALL LETTER A", "type 'a'"),
        ("conv:", "c\u00f6nv:", "U+00F6 LATIN SMALL LETTER O WITH DIAERESIS", "type 'o'"),
        ("conv:", "co\u0308nv:", "U+0308 COMBINING DIAERESIS", "remove U+0308"),
        ("conv:", "conv\u20131:", "U+2013 EN DASH", "type '-'"),
        ("conv,", "\u201cconv\u201d,", "U+201C LEFT DOUBLE QUOTATION MARK", "type '\"'"),
    ],
)
def test_named_at_its_place(old: str, new: str, name: str, advice: str) -> None:
    """The layer stands on line 6 of 7."""
    line = CONV.replace(old, new, 1)
    first = found(line + FC)[0]
    column = 1 + line.index(chr(int(name[2:6], 16)))
    assert first.position is not None
    assert (first.position.line, first.position.column) == (6, column), str(first)
    assert name in first.message
    assert first.hint is not None
    assert advice in first.hint


def test_every_such_character_of_a_name_is_named() -> None:
    (finding, *_) = found(CONV.replace("conv:", "\u0441\u043env:"))
    assert "U+0441 CYRILLIC SMALL LETTER ES, U+043E CYRILLIC SMALL LETTER O stand here" in finding.message
    assert finding.hint == "type 'c' in place of U+0441; type 'o' in place of U+043E"


def test_groups_are_names_as_well() -> None:
    (finding,) = found(CONV, HEAD.replace("[a, b]", "[a, \u0432]"))
    assert finding.position is not None
    assert (finding.code, finding.position.line, finding.position.column) == ("SN205", 3, 13)
    assert "U+0432 CYRILLIC SMALL LETTER VE" in finding.message


def test_what_people_write_for_people_is_theirs() -> None:
    words = "\u0441\u0442\u0430\u0442\u044c\u044f \u2013 \u21161\uff0c \u201cAlexNet\u201d"
    head = HEAD.replace(
        "groups", f"# 5\u00a0px\uff1a\nassumed: {{from: {words}, values: layers.conv}}\ngroups"
    )
    told = found(CONV + FC, head)
    assert not [d for d in told if d.severity != "warning" or "U+" in d.message]
    wrong = found(CONV.replace("kernel: 3}", "kernel: 0} # \uff1a") + FC, head)
    assert [(d.code, "U+" in d.message) for d in wrong if d.severity == "error"] == [("SN203", False)]
