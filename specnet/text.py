"""Plain text for people: what may be printed, columns, sizes and durations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape

LONGEST = 500
"""Characters of a message that are shown on its line."""
MOST_NAMES = 8
"""Names that are listed whole where a line has other things to say."""


def printable(text: str, keep: str = "") -> str:
    """Text that only prints: control characters, marks of direction and the like are escaped, as `\\x1b`.

    Those in `keep` stay. Letters of all scripts are what they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """Text from anywhere as one line of a terminal, without the middle where it is very long."""
    return printable(text if len(text) <= LONGEST else f"{text[: LONGEST - 100]} ... {text[-100:]}")


def shortened(name: str, longest: int) -> str:
    """A name as one line that only prints, without its middle where it is longer than that."""
    name = printable(name)
    half = longest // 2
    return name if len(name) <= longest else f"{name[: half - 1]}…{name[-half:]}"


def columns(
    head: Sequence[str], blocks: Sequence[Sequence[Sequence[str]]], right: Collection[int] = ()
) -> str:
    """Rows under a head, a rule between blocks, nothing cut. Columns in `right` are aligned to the right."""
    blocks = [[[printable(cell) for cell in row] for row in block] for block in blocks]
    rows = [row for block in blocks for row in block]
    widths = [max(len(head[i]), *(len(row[i]) for row in rows), 0) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [line(head), rule]
    for block in blocks:
        lines += [line(row) for row in block]
        lines.append(rule)
    return "\n".join(lines)


def describe(shape: Sequence[int]) -> str:
    """A shape in words: `96x55x55`."""
    return "x".join(str(size) for size in shape)


def few(names: Sequence[str], separator: str = ", ") -> str:
    """All names where they are few, else the first two and how many there are: `a, b, ... (2,000)`."""
    if len(names) <= MOST_NAMES:
        return separator.join(names)
    return separator.join([*names[:2], f"... ({len(names):,})"])


def code_cell(text: str) -> str:
    """Text as code in a cell of a Markdown table, whatever it contains."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    inside = f" {text} " if "`" in text else text
    return f"{fence}{printable(inside)}{fence}".replace("|", r"\|")


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count:,} {noun if count == 1 else plural_of(noun)}"


def verb(count: int, of_many: str, of_one: str) -> str:
    """`carries` for one, `carry` for several."""
    return of_one if count == 1 else of_many


def plural_of(noun: str) -> str:
    """`errors`, `classes`, `batches`, `entries`, `epochs`."""
    if re.search("(s|x|z|(?<!epo)ch|sh)$", noun):
        return f"{noun}es"
    return re.sub("(?<![aeiou])y$", "ie", noun) + "s"


def decimal(value: float) -> str:
    """A loss or the like: four decimals, or four digits and a power of ten where it is large."""
    return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """`42s`, `3m 07s`, `5h 12m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def size(count: float) -> str:
    """Bytes in binary units: `1.5 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} EiB"


def html_text(text: str) -> str:
    """Text from anywhere, which shows as it is and does nothing."""
    return escape(printable(text, keep="\n"))


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", right: Collection[int] = ()
) -> str:
    """A table of texts. Columns in `right` are aligned to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        parts = [
            f'<{tag} style="text-align:{"right" if i in right else "left"}">{html_text(cell)}</{tag}>'
            for i, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    above = f"<caption>{html_text(caption)}</caption>" if caption else ""
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{above}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def html_lines(texts: Iterable[str]) -> str:
    """Lines in a paragraph; nothing for none."""
    joined = "<br>".join(map(html_text, texts))
    return f"<p>{joined}</p>" if joined else ""
