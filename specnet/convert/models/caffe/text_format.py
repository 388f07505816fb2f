"""Protobuf's text format -> messages: `layer { name: "conv1" }`, with the place of every value."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn

from specnet.convert.models.caffe.message import MOST_FIELDS, Entry, Message, Source
from specnet.convert.models.caffe.schema import ENUMS, MESSAGES
from specnet.convert.models.wire import DEEPEST
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

LARGEST = 4 * 2**20
"""Bytes of a text; that of ResNet-152 has 70,000."""

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f\v]++|\#[^\n]*+)++)
    |(?P<number>-?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?)(?![A-Za-z0-9_]))
    |(?P<word>-?[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"(?:[^"\\\n]++|\\[^\n])*+"|'(?:[^'\\\n]++|\\[^\n])*+')
    |(?P<mark>[{}<>\[\]:;,])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_FLAGS = {
    "true": True,
    "t": True,
    "True": True,
    "1": True,
    "false": False,
    "f": False,
    "False": False,
    "0": False,
}
_CLOSING = {"{": "}", "<": ">"}


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def parse(data: bytes, name: str, kind: str) -> Message:
    """The message of type `kind` in a text. Raises `UsageError` with the place for what is none."""
    if len(data) > LARGEST:
        raise UsageError(
            f"{one_line(name)} is larger than {LARGEST:,} bytes, too large for a text of Caffe's"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = "a net with its weights is read if it is called .caffemodel"
        raise UsageError(f"{one_line(name)} is no text of Caffe's: it is not UTF-8", hint) from None
    return _Parser(Source(text, name)).whole(kind)


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.at = 0
        self.fields = 0
        self.token = _Token("end", "", 0)
        self._next()

    def whole(self, kind: str) -> Message:
        return self._message(kind, 0, "")

    def _fail(self, message: str, token: _Token | None = None, hint: str | None = None) -> NoReturn:
        place = self.source.position((token or self.token).start)
        where = f"{one_line(place.file)}:{place.line}:{place.column}"
        raise UsageError(f"{where}: {message}", hint)

    def _next(self) -> _Token:
        """The token that stands here; the one behind it stands here afterwards."""
        now, text = self.token, self.source.text
        found = _TOKEN.match(text, self.at)
        if found is not None and found.lastgroup == "space":
            self.at = found.end()
            found = _TOKEN.match(text, self.at)
        if found is not None:
            self.token = _Token(str(found.lastgroup), found.group(), self.at)
            self.at = found.end()
        elif self.at == len(text):
            self.token = _Token("end", "", self.at)
        else:
            self.token = _Token("end", "", self.at)
            told = (
                "a text has no end"
                if text[self.at] in "\"'"
                else f"'{one_line(text[self.at])}' is not expected"
            )
            self._fail(told)
        return now

    def _is(self, *marks: str) -> bool:
        return self.token.kind == "mark" and self.token.text in marks

    def _message(self, kind: str, depth: int, closing: str) -> Message:
        """Fields up to the closing bracket, or the end of the text."""
        opened = self.token
        if depth > DEEPEST:
            self._fail(f"messages are nested deeper than {DEEPEST}")
        made = Message(kind, self.source.position(opened.start, max(1, len(opened.text))), self.source)
        while not (self._is(closing) if closing else self.token.kind == "end"):
            if self.token.kind != "word" or self.token.text.startswith("-"):
                told = (
                    "the text ends" if self.token.kind == "end" else f"'{one_line(self.token.text)}' stands"
                )
                self._fail(
                    f"{told} where a field or '{closing}' was expected"
                    if closing
                    else f"{told} where a field was expected"
                )
            self._field(made, depth)
            if self._is(";", ","):
                self._next()
        self._next()
        return made

    def _field(self, made: Message, depth: int) -> None:
        name = self._next()
        field = MESSAGES.get(made.kind, {}).get(name.text)
        kind = "any" if field is None else field.type
        if field is None and made.kind != "any":
            made.unknown.append((name.text, name.start))
        has_colon = self._is(":")
        if has_colon:
            self._next()
        if self._is("["):
            self._next()
            while not self._is("]"):
                self._value(made, name, kind, depth)
                if not self._is("]"):
                    if not self._is(","):
                        self._fail("',' or ']' was expected")
                    self._next()
            self._next()
        elif has_colon or self._is("{", "<"):
            self._value(made, name, kind, depth)
        else:
            self._fail(f"':' or '{{' was expected behind '{name.text}'")

    def _value(self, made: Message, name: _Token, kind: str, depth: int) -> None:
        self.fields += 1
        if self.fields > MOST_FIELDS:
            self._fail(f"more than {MOST_FIELDS:,} fields are not read")
        value: Any
        start = self.token
        if self._is("{", "<"):
            if kind not in MESSAGES and kind != "any":
                self._fail(f"'{name.text}' is {_noun(kind)}, not a message")
            closing = _CLOSING[self._next().text]
            value = self._message(kind, depth + 1, closing)
            value.place = self.source.position(name.start, len(name.text))
        elif kind in MESSAGES:
            self._fail(f"'{name.text}' is a message: {name.text} {{ ... }}")
        else:
            value = self._scalar(name, kind)
        if kind != "any":
            width = max(1, self._end_of(start) - start.start)
            made.fields.setdefault(name.text, []).append(Entry(value, start.start, width))

    def _end_of(self, start: _Token) -> int:
        return start.start + len(start.text)

    def _scalar(self, name: _Token, kind: str) -> Any:
        token = self._next()
        if token.kind in ("mark", "end"):
            self._fail(f"'{name.text}' has no value", token)
        if kind == "string":
            if token.kind != "text":
                self._fail(f"'{name.text}' is a text, in quotes", token)
            parts = [token.text]
            while self.token.kind == "text":
                parts.append(self._next().text)
            return "".join(_unquoted(part) for part in parts)
        if token.kind == "text" and kind != "any":
            self._fail(f"'{name.text}' is {_noun(kind)}, without quotes", token)
        value = _of_kind(token.text, kind)
        if value is None:
            words = ENUMS.get(kind)
            hint = f"known are {', '.join(words)}" if words else None
            self._fail(f"'{one_line(token.text)}' is not {_noun(kind)}, as '{name.text}' is", token, hint)
        return value


def _noun(kind: str) -> str:
    nouns = {"int": "a whole number", "float": "a number", "floats": "a number", "doubles": "a number"}
    return nouns.get(kind) or {"bool": "true or false", "string": "a text"}.get(kind, f"a word of {kind}")


def _of_kind(text: str, kind: str) -> Any:
    """The value that a word or a number is as a field of some type; None if it is none."""
    if kind == "bool":
        return _FLAGS.get(text)
    if kind in ENUMS:
        words = ENUMS[kind]
        if text.isdecimal() and len(text) < 4 and int(text) < len(words):
            return words[int(text)]
        return text if text in words else None
    if kind == "int":
        is_hex = re.fullmatch(r"-?0[xX][0-9a-fA-F]{1,16}", text)
        is_octal = re.fullmatch(r"-?0[0-7]{1,20}", text)
        if is_hex or is_octal:
            return int(text, 16 if is_hex else 8)
        return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None
    if kind in ("float", "floats", "doubles"):
        if len(text) > 400 or re.match("-?0[xX]", text):
            return None
        try:
            return float(text.rstrip("fF") if text.lower().lstrip("-") not in ("inf", "infinity") else text)
        except ValueError:
            return None
    return text


def _unquoted(text: str) -> str:
    """What stands between quotes, escapes as protobuf has them."""
    raw = text[1:-1].encode("utf-8", "surrogatepass")

    def plain(found: re.Match[bytes]) -> bytes:
        octal, hexadecimal, letter = found.groups()
        if octal is not None:
            return bytes([int(octal, 8) & 255])
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        return _ESCAPED.get(letter, letter)

    return _ESCAPE.sub(plain, raw).decode("utf-8", "replace")
