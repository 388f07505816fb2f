"""Specs of strangers, by their path and through standard input, and what is told to write into."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile import forms, sound
from hostile.attack import Attack
from support.training_runs import TINY

READERS: dict[str, tuple[str, ...]] = {
    "validate": ("validate", "spec.yaml"),
    "table": ("table", "spec.yaml"),
    "diff": ("diff", "sound.yaml", "spec.yaml"),
    "graph": ("graph", "spec.yaml", "-o", "out.svg"),
    "fix": ("validate", "spec.yaml", "--fix"),
    "expand": ("expand", "spec.yaml", "-o", "out.yaml"),
}
WRITES = {"graph": ("out.svg",), "fix": ("spec.yaml",), "expand": ("out.yaml",)}
"""What they may write."""

HEAD = "specnet: 1\nname: x\ngroups: [a]\nlayers:\n  image: {kind: input, shape: [1, 8, 8]}\n"


def _block(number: int, inner: int, uses: int) -> str:
    """A block whose layers are uses of another."""
    layers = "".join(f"l{i}: {{kind: block, of: b{inner}, from: input}}, " for i in range(uses))
    return f"  b{number}: {{output: l0, layers: {{{layers}}}}}\n"


def _tower(width: int, height: int, more: str = "") -> str:
    """Blocks in one another: each stands for `width` of the one before it."""
    own = "".join(f"l{i}: {{kind: flatten, from: input{more}}}, " for i in range(width))
    given = "parameters: [a], " if more else ""
    first = f"blocks:\n  b0: {{{given}output: l0, layers: {{{own}}}}}\n"
    return first + "".join(_block(i, i - 1, width) for i in range(1, height))


def _use(block: str, name: str = "use", source: str = "image") -> str:
    return f"  {name}: {{kind: block, of: {block}, from: {source}}}\n"


LOSS = "{kind: softmax_cross_entropy"


def _dense(count: int) -> str:
    return "".join(f"  a{i}: {{kind: dense, from: image, units: 4}}\n" for i in range(count))


def _listed(text: str, count: int) -> str:
    """Items of a list, with their numbers in the places of %."""
    return ", ".join(text.replace("%", str(number)) for number in range(count))


def _recipe(line: str = "", *, rates: str = "", loss: str = "") -> str:
    """A last layer, and a recipe with something else in it."""
    read = f"{{kind: sum, of: [{loss}]}}" if loss else f"{LOSS}, from: out}}"
    more = f", rates: [{rates}]" if rates else ""
    return (
        "  out: {kind: dense, from: image, units: 4}\n"
        f"training:\n  loss: {read}\n  optimizer: {{kind: sgd, learning_rate: 0.1{more}}}\n  {line}\n"
    )


TEXTS: dict[str, Callable[[], str]] = {
    "unknown keys": lambda: HEAD + "".join(f"key{i}: {i}\n" for i in range(1_000_000)),
    "unknown fields": lambda: HEAD[:-2] + "".join(f", k{i}: 1" for i in range(500_000)) + "}\n",
    "unknown kinds": lambda: HEAD + "".join(f"  l{i}: {{kind: k{i}, from: image}}\n" for i in range(200_000)),
    "unknown sources": lambda: (
        HEAD + "".join(f"  l{i}: {{kind: flatten, from: x{i}}}\n" for i in range(200_000))
    ),
    "tags": lambda: HEAD + "tags: [" + ", ".join(["!!x y"] * 500_000) + "]\n",
    "local tags": lambda: HEAD + "tags: [" + ", ".join(f"!t{i} y" for i in range(500_000)) + "]\n",
    "aliases": lambda: HEAD + "a: &a 1\nb: [" + ", ".join(["*a"] * 1_000_000) + "]\n",
    "undefined aliases": lambda: HEAD + "b: [" + ", ".join(f"*a{i}" for i in range(500_000)) + "]\n",
    "anchors": lambda: HEAD + "b: [" + ", ".join(f"&a{i} 1" for i in range(500_000)) + "]\n",
    "laughs": lambda: (
        HEAD
        + "a0: &a0 [1]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    ),
    "blocks in blocks": lambda: HEAD.replace("layers:", _tower(1000, 8) + "layers:") + _use("b7"),
    "blocks of blocks": lambda: HEAD.replace("layers:", _tower(2, 30) + "layers:") + _use("b29"),
    "blocks in a circle": lambda: (
        HEAD.replace(
            "layers:", "blocks:\n" + "".join(_block(i, (i + 1) % 900, 1) for i in range(900)) + "layers:"
        )
        + _use("b0")
    ),
    "uses": lambda: (
        HEAD.replace("layers:", _tower(1, 1) + "layers:")
        + "".join(_use("b0", f"u{i}") for i in range(100_000))
    ),
    "broken uses": lambda: (
        HEAD.replace("layers:", _tower(1, 1).replace("input", "inputs") + "layers:")
        + "".join(_use("b0", f"u{i}") for i in range(100_000))
    ),
    "uses of what is not there": lambda: HEAD + "".join(_use(f"b{i}", f"u{i}") for i in range(100_000)),
    "large inputs of large blocks": lambda: (
        HEAD.replace("layers:", _tower(900, 1) + "layers:")
        + "".join(_use("b0", f"u{i}", "[" + ", ".join(["image"] * 9_000) + "]") for i in range(20))
    ),
    "large arguments": lambda: (
        HEAD.replace("layers:", _tower(900, 1, ", alpha: $a") + "layers:")
        + "".join(_use("b0", f"u{i}", "image, a: [" + ", ".join(["1"] * 9_000) + "]") for i in range(20))
    ),
    "many patterns": lambda: HEAD + _dense(5_000) + _recipe(f"frozen: [{_listed('a%*', 5_000)}]"),
    "many rates": lambda: (
        HEAD + _dense(3_000) + _recipe(rates=_listed("{layers: a%*, learning_rate: 2}", 3_000))
    ),
    "rates by name": lambda: (
        HEAD + _dense(3_000) + _recipe(rates=_listed("{layers: a%, learning_rate: 2}", 3_000))
    ),
    "rates by role": lambda: HEAD + _dense(1_000) + _recipe(rates=_listed("{role: bias, max_norm: %}", 900)),
    "slow patterns": lambda: (
        HEAD
        + "".join(f"  {'a' * 60}{i}: {{kind: dense, from: image, units: 4}}\n" for i in range(2_000))
        + _recipe(f"frozen: [{_listed('*a*a*a*a*a*a*a%b', 400)}]")
    ),
    "patterns of nothing": lambda: HEAD + _dense(2_000) + _recipe(f"frozen: [{_listed('b%', 9_000)}]"),
    "heads of nothing": lambda: HEAD + _dense(2_000) + _recipe(loss=_listed(f"{LOSS}, from: b%}}", 9_000)),
    "many heads": lambda: HEAD + _recipe(loss=_listed(f"{LOSS}, from: out}}", 9_000)),
    "assumptions of nothing": lambda: (
        HEAD + _dense(9_000) + f"assumed: {{from: x, values: [{_listed('layers.b%.units', 9_000)}]}}\n"
    ),
    "an assumption of dots": lambda: HEAD + f"assumed: {{from: x, values: [{'a.' * 200_000}a]}}\n",
    "an assumption of dots beside blocks": lambda: (
        HEAD.replace("layers:", _tower(1, 1) + "layers:")
        + _use("b0")
        + f"assumed: {{from: x, values: [{'a.' * 200_000}a]}}\n"
    ),
    "assumed blocks": lambda: (
        HEAD.replace("layers:", _tower(90, 1) + "layers:")
        + "".join(_use("b0", f"u{i}") for i in range(200))
        + f"assumed: {{from: x, values: [{_listed('blocks.b0.layers.l1.from', 9_000).replace('%', '')}]}}\n"
    ),
    "layers of nothing": lambda: (
        HEAD + "".join(f"  l{i}: {{kind: concat, from: [{_listed('x%', 1_500)}]}}\n" for i in range(1_000))
    ),
    "parameters of nothing": lambda: (
        HEAD.replace(
            "layers:",
            f"blocks:\n  b: {{parameters: [{_listed('p%', 2_000)}], layers: {{"
            + ", ".join(f"l{i}: {{kind: concat, from: [{_listed('$q%', 500)}]}}" for i in range(900))
            + "}}\nlayers:",
        )
        + _use("b")
    ),
    "arguments of nothing": lambda: (
        HEAD.replace(
            "layers:",
            f"blocks:\n  b: {{parameters: [{_listed('{p%: 1}', 2_000)}], "
            "layers: {l: {kind: flatten, from: input}}}\nlayers:",
        )
        + "".join(f"  u{i}: {{kind: block, of: b, from: image, q{i}: 1}}\n" for i in range(20_000))
    ),
    "many defaults": lambda: (
        HEAD.replace(
            "layers:",
            f"blocks:\n  b: {{parameters: [{_listed('{p%: 1}', 9_000)}], "
            "layers: {l: {kind: flatten, from: input}}}\nlayers:",
        )
        + "".join(f"  u{i}: {{kind: block, of: b, from: image}}\n" for i in range(19_000))
    ),
    "defaults of nothing": lambda: (
        HEAD.replace(
            "layers:",
            "blocks:\n  b: {parameters: ["
            + ", ".join(f"{{p{i}: [{_listed('$x', 1_500)}]}}" for i in range(900))
            + "], layers: {l: {kind: flatten, from: input}}}\nlayers:",
        )
        + _use("b")
    ),
    "inputs on groups": lambda: (
        HEAD.replace("[a]", f"[{_listed('g%', 256)}]")
        + "".join(f"  i{i}: {{kind: input, shape: [3]}}\n" for i in range(10_000))
    ),
    "names of blocks": lambda: (
        HEAD.replace(
            "layers:",
            'blocks:\n  "b\\e[2J": {parameters: ["p\\x9b"], output: "\\e]0;x\\a", layers: '
            '{"l\\e[2J": {kind: conv, from: "$p\\x9b", filters: 4}}}\nlayers:',
        )
        + '  "u\\e[2J": {kind: block, of: "b\\e[2J", from: image, "p\\x9b": 1}\n'
    ),
    "merge keys": lambda: HEAD + "a: &a {x: 1}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(100_000)),
    "deep lists": lambda: HEAD + "a: " + "[" * 1_000_000,
    "deep mappings": lambda: HEAD + "a: " + "{a: " * 500_000,
    "deep blocks": lambda: HEAD + "".join(" " * i + "a:\n" for i in range(3000)),
    "deep dashes": lambda: HEAD + "a:\n  " + "- " * 200_000 + "1\n",
    "closing brackets": lambda: HEAD + "]" * 1_000_000,
    "question marks": lambda: "? " * 500_000,
    "colons": lambda: ":" * 2_000_000,
    "quotes": lambda: HEAD + "a: " + "'" * 2_000_001,
    "one long line": lambda: HEAD + "a: " + "x" * 30_000_000,
    "one long key": lambda: HEAD + "k" * 30_000_000 + ": 1\n",
    "one long name": lambda: HEAD.replace("name: x", "name: " + "n" * 5_000_000),
    "duplicate keys": lambda: HEAD + "a: 1\n" * 500_000,
    "empty lines": lambda: "\n" * 30_000_000,
    "comments": lambda: "# x\n" * 5_000_000 + HEAD,
    "documents": lambda: "---\n" * 1_000_000,
    "directives": lambda: "%TAG ! x\n" * 300_000 + HEAD,
    "block scalar": lambda: HEAD + "a: |\n" + "  x\n" * 3_000_000,
    "a number of digits": lambda: HEAD.replace("[1, 8, 8]", f"[1, 8, {'9' * 5_000_000}]"),
    "a float of digits": lambda: HEAD.replace("[1, 8, 8]", f"[1, 8, 0.{'9' * 5_000_000}]"),
    "sexagesimal": lambda: HEAD.replace("[1, 8, 8]", "[1, 8, " + ":".join(["59"] * 100_000) + "]"),
    "an exponent": lambda: HEAD.replace("[1, 8, 8]", "[1, 8, 1e999999999]"),
    "a huge shape": lambda: HEAD.replace("[1, 8, 8]", "[1000000000, 1000000000, 1000000000]"),
    "many sizes": lambda: HEAD.replace("[1, 8, 8]", "[" + ", ".join(["2"] * 500_000) + "]"),
    "many groups": lambda: HEAD.replace("[a]", "[" + ", ".join(f"g{i}" for i in range(300_000)) + "]"),
    "escaped escapes": lambda: HEAD + 'a: "' + "\\x1b[2J" * 200_000 + '"\n',
    "control names": lambda: HEAD + '  "\\x1b]0;owned\\x07": {kind: "\\x9b2J", from: "\\u202e"}\n',
    "raw escapes": lambda: HEAD + "  \x1b[2J: {kind: relu}\n",
    "raw c1": lambda: HEAD + "  a\x9b2J: {kind: \x85relu}\n",
    "bidirectional": lambda: HEAD + "  a\u202eb: {kind: \u2066x\u2069, from: image}\n",
    "surrogates": lambda: HEAD + '  "\\ud800": {kind: relu, from: image}\n',
    "zero width": lambda: HEAD + "  a\u200b\ufeff: {kind: relu, from: image}\n",
}

BYTES: dict[str, Callable[[], bytes]] = {
    "not utf-8": lambda: HEAD.encode() + b"  \xff\xfe\x80: 1\n",
    "utf-16": lambda: HEAD.encode("utf-16"),
    "nul": lambda: bytes(5_000_000),
    "random": lambda: random.Random(0).randbytes(3_000_000),
    "gzip": lambda: b"\x1f\x8b\x08\x00" + bytes(100),
    "overlong": lambda: HEAD.encode() + b"  \xc0\x80\xc1\xbf: 1\n",
    "too large": lambda: HEAD.encode() + b"#" * (65 * 2**20),
}


def _write(content: Callable[[], str | bytes]) -> Callable[[Path, random.Random], None]:
    def make(here: Path, _: random.Random) -> None:
        made = content()
        (here / "spec.yaml").write_bytes(made if isinstance(made, bytes) else made.encode())
        (here / "sound.yaml").write_text(TINY)

    return make


def _sound(here: Path, _: random.Random) -> None:
    (here / "spec.yaml").write_text(TINY)
    (here / "sound.yaml").write_text(TINY)


def attacks() -> Iterator[Attack]:
    for word, command in READERS.items():
        heavy = word in ("table", "graph", "diff")
        for name, content in (TEXTS | BYTES).items():
            if heavy and name in ("empty lines", "comments", "block scalar"):
                continue
            writes = WRITES.get(word, ())
            yield Attack(f"spec/{word}/{name}", command, _write(content), (0, 1, 2), writes=writes)
        for form in forms.ALL:
            changes = ("spec.yaml",) if word == "fix" and form in forms.CONTENT else ()
            yield Attack(f"spec/{word}/is a {form}", command, _form(form), (1, 2), writes=changes)
    yield from _streams()
    yield from _outputs()


def _form(form: str) -> Callable[[Path, random.Random], None]:
    def make(here: Path, _: random.Random) -> None:
        (here / "sound.yaml").write_text(TINY)
        forms.put(here / "spec.yaml", form)

    return make


def _streams() -> Iterator[Attack]:
    """Standard input and pipes without end."""
    for word in ("validate", "table", "graph"):
        command = (word, "-", *(("-o", "out.svg") if word == "graph" else ()))
        for source in ("/dev/zero", "/dev/urandom", "/dev/null"):
            yield Attack(f"spec/stdin/{word}/{source}", command, _sound, (1, 2), stdin=source)
        yield Attack(
            f"spec/stdin/{word}/keys", command, _sound, (1, 2), stdin=TEXTS["unknown keys"]().encode()
        )
    shell = 'exec "$0" -m specnet validate {0}'
    for name, script in {
        "zeros": 'cat /dev/zero | "$0" -m specnet validate -',
        "yes": "yes 'a: 1' | \"$0\" -m specnet validate -",
        "letters": "yes | tr -d '\\n' | \"$0\" -m specnet validate -",
        "closed": shell.format("- <&-"),
        "a folder": shell.format("- </"),
        "substitution": 'exec bash -c \'"$0" -m specnet validate <(cat /dev/zero)\' "$0"',
        "slow substitution": 'exec bash -c \'"$0" -m specnet validate <(yes "a: 1")\' "$0"',
        "fd": shell.format("/dev/fd/9 9</dev/zero"),
        "proc": shell.format("/proc/self/fd/0 </dev/zero"),
        "dev stdin": shell.format("/dev/stdin </dev/zero"),
        "full": '"$0" -m specnet table spec.yaml >/dev/full',
        "full json": '"$0" -m specnet validate spec.yaml --json >/dev/full',
    }.items():
        python = ("-c", f"import os, sys; os.execvp('sh', ['sh', '-c', {script!r}, sys.executable])")
        yield Attack(f"spec/pipe/{name}", (), _sound, (1, 2), python=python)


def _outputs() -> Iterator[Attack]:
    """Where a command is told to write."""
    for name, form in forms.ALL.items():
        if name == "hard link":
            continue

        def make(here: Path, draw: random.Random, form: forms.Form = form) -> None:
            _sound(here, draw)
            sound.run(here)
            form(here / "out.svg")
            form(here / "out.png")
            form(here / "out.safetensors")

        for word, command, writes in (
            ("graph", ("graph", "sound.yaml", "-o", "out.svg"), "out.svg"),
            ("curves", ("curves", "run", "-o", "out.png"), "out.png"),
            ("export", ("weights", "export", "run", "-o", "out.safetensors"), "out.safetensors"),
        ):
            plain = name in forms.CONTENT and name != "folder"
            yield Attack(f"output/{word}/{name}", command, make, (0,) if plain else (2,), writes=(writes,))
