"""Characters that cannot be seen, or that look like those of the language and are others.

They are legal in YAML and in what people write for people, so they are never a finding of their own. Where
something is wrong anyhow, they are why, and the finding names them: the place, the code point, what to type.
"""

# ruff: noqa: RUF001 - characters that are mistaken for others are what this file is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position
from specnet.syntax.habits import recognised

_LETTERS = MappingProxyType(
    {
        **dict(zip("асԁеһіјӏорԛгѕуԝх", "acdehijlopqrsywx", strict=True)),
        **dict(zip("АВСЕНІЈКМОРԚЅТԜХУЗ", "ABCEHIJKMOPQSTWXY3", strict=True)),
        **dict(zip("αγινορυ", "ayivopu", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
        "ı": "i",
    }
)
"""Letters of other scripts with the Latin ones that they are mistaken for: of those in confusables.txt of
Unicode Technical Standard 39, the ones that keyboards have."""
_MARKS = MappingProxyType(
    {
        **dict.fromkeys("‐‑‒–—―−﹘⁃", "-"),
        **dict.fromkeys("‘’‛′ʹʼ`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("∶꞉ː", ":"),
        **dict.fromkeys("、‚،", ","),
        "。": ".",
        "【": "[",
        "】": "]",
    }
)
"""Punctuation of typesetters and other scripts. NFKC maps others to ASCII, such as full-width forms."""
_STRUCTURE = ":,{}[]'\" -#"
_SHOWN = 3
"""Different characters that a message names."""
_LONGEST = 1000
"""Characters of a line that is searched for reasons: each of its findings searches it anew."""
_COMMENT = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^"'#]|(?<=\S)#)*""")


def typed(char: str) -> str | None:
    """What to type for a character that is not ASCII: maybe nothing, and None where nothing looks like it."""
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in ("Cf", "Mn", "Me", "Zl", "Zp"):
        return ""
    known = _LETTERS.get(char) or _MARKS.get(char)
    if known:
        return known
    for form in ("NFKC", "NFKD"):
        plain = unicodedata.normalize(form, char)
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        if plain.isascii():
            return plain
    return None


def named(char: str) -> str:
    """A character by its code point and name, as `U+00A0 NO-BREAK SPACE`."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def explained(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics, of which those about text with such characters point at the first one and name it.

    What is written out of habit is recognised before.
    """
    return [_explained(diagnostic) for diagnostic in recognised(diagnostics)]


def _explained(finding: Diagnostic) -> Diagnostic:
    place = finding.position
    if place is None or place.source.isascii() or finding.rule in (rules.NOT_YAML, rules.BAD_CHARACTER):
        return finding
    first = place.column - 1
    places = [i for i in range(first, first + place.width) if not place.source[i : i + 1].isascii()]
    if not places and finding.rule.family == rules.VALUES and len(place.source) <= _LONGEST:
        # A full-width comma makes one key of two, so what is missing may stand behind it.
        places = structural(place.source, first)
    return pointed(finding, place, places) if places else finding


def structural(line: str, start: int = 0) -> list[int]:
    """Where a line has characters that look like YAML's own marks, outside quotes and comments."""
    kept = _COMMENT.match(line)
    end = kept.end() if kept else len(line)
    return [
        i
        for i in range(start, end)
        if not line[i].isascii() and (meant := typed(line[i])) is not None and meant in _STRUCTURE
    ]


def pointed(finding: Diagnostic, place: Position, places: list[int]) -> Diagnostic:
    """The finding at the first of some characters of its line, with what they are and what to type."""
    chars = list(dict.fromkeys(place.source[i] for i in places))
    names = ", ".join(map(named, chars[:_SHOWN])) + (", ..." if len(chars) > _SHOWN else "")
    meant = [(char, typed(char)) for char in chars[:_SHOWN]]
    advice = [_advice(char, plain) for char, plain in meant if plain is not None]
    before = [finding.hint] if finding.hint and len(advice) < len(meant) else []
    stand = "stands" if len(chars) == 1 else "stand"
    typing = [(i, typed(place.source[i])) for i in places]
    edits = [(i + 1, i + 2, text) for i, text in typing if text is not None]
    return replace(
        finding,
        message=f"{finding.message} ({names} {stand} here)",
        position=replace(place, column=places[0] + 1, width=1),
        hint="; ".join([*dict.fromkeys(advice), *before]) or None,
        fix=place.edited(*edits) if len(edits) == len(places) else finding.fix,
    )


def _advice(char: str, plain: str) -> str:
    if plain == "":
        return f"remove U+{ord(char):04X}"
    return f"type {'a space' if plain == ' ' else repr(plain)} in place of U+{ord(char):04X}"
