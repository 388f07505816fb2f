"""Inputs that nobody would write, for the checker: broken copies of the shipped specs and of specs
with faulty blocks, and grammar-made ones.

    python tests/fuzz.py --inputs 100000 --seed 0

puts that many to the whole checker and reports crashes, inputs that took over a second, and the memory taken.
An input is a pure function of the seed and its number, so a failure is run again with `--only NUMBER`.

    python tests/fuzz.py --kind hdf5 --inputs 20000

does the same with files of other kinds (`--kind` says which) and the functions that read them.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fuzzing import archives, arrays, caffe, cuda_convnet, graphs, keras_models, running, text_files
from fuzzing.kind import Kind
from specnet import plugins
from specnet.diagnostics.errors import SpecError
from specnet.diffs import diff
from specnet.network import network
from specnet.network.mending import mend
from specnet.syntax import document
from specnet.syntax.emit import written
from specnet.tables import build

KINDS: dict[str, Kind] = (
    text_files.KINDS
    | arrays.KINDS
    | archives.KINDS
    | caffe.KINDS
    | cuda_convnet.KINDS
    | keras_models.KINDS
    | graphs.KINDS
)
SPECS = Path(__file__).parent.parent / "specs"
MALFORMED = Path(__file__).parent / "malformed"
CHARACTERS = "{}[]:,#&*!|>'\"%@`\t\n -?~<=.0123456789eE+_\\\x00\x07\x7f\x85\xa0é\u2028\ufeff\ufffe😀abk"
NASTY: tuple[str, ...] = (
    *("1e999", "-0", "0", "-1", "0x", "0o8", "00", "1e", ".5", ".", "-", "+", "1_0", "3:3", "on", "~"),
    *("10" * 30, "9" * 500, "1e-999", ".inf", "-.inf", ".nan", "1000000000", "4611686018427387904"),
    *("''", '"', "[]", "{}", "[[]]", "{a: 1}", "[1, 2, 3]", "null", "true", "&a", "*a", "!!x y", "<<", "|"),
    *("same", "none", "relu", "softmax", "conv", "input", "kind", "from", "gpu0", "[gpu0, gpu0]", "a" * 300),
)  # fmt: skip


def bases() -> list[str]:
    """What broken copies are made of: the shipped specs, and those with a faulty block."""
    shipped = [path.read_text() for path in sorted(SPECS.rglob("*.yaml"))]
    faulty = [path.read_bytes() for path in sorted(MALFORMED.rglob("*.yaml"))]
    return shipped + [raw.decode("utf-8", "replace") for raw in faulty if b"blocks:" in raw]


def case(seed: int, number: int, texts: Sequence[str]) -> bytes:
    """The input of that number."""
    draw = random.Random(f"{seed} {number}")
    if draw.random() < 0.35:
        text = grown(draw)
        rounds = draw.choice((0, 0, 0, 1, 2))
    else:
        text = draw.choice(texts)
        rounds = draw.choice((1, 1, 1, 2, 3, 5, 10))
    for _ in range(rounds):
        text = draw.choice(MUTATIONS)(draw, text, texts)[:60_000]
    raw = text.encode("utf-8", "surrogatepass")
    if draw.random() < 0.03 and raw:
        place = draw.randrange(len(raw))
        raw = raw[:place] + bytes([draw.randrange(256)]) + raw[place + draw.randint(0, 1) :]
    return raw


def _character(draw: random.Random, text: str, _: Sequence[str]) -> str:
    place = draw.randint(0, len(text))
    return text[:place] + draw.choice(("", draw.choice(CHARACTERS))) + text[place + draw.randint(0, 1) :]


def _line(draw: random.Random, text: str, texts: Sequence[str]) -> str:
    lines = text.split("\n")
    place = draw.randrange(len(lines))
    other = draw.choice(draw.choice(texts).split("\n"))
    lines[place : place + draw.randint(0, 1)] = draw.choice(
        ([], [lines[place]] * 2, [other], [" " + lines[place]], ["\t" + lines[place]], [lines[place], "---"])
    )
    return "\n".join(lines)


def _token(draw: random.Random, text: str, _: Sequence[str]) -> str:
    """One word or number replaced, misspelt, deleted or doubled."""
    tokens = document_tokens(text)
    if not tokens:
        return text
    start, end = draw.choice(tokens)
    word = text[start:end]
    place = draw.randrange(len(word))
    shorter, longer = word[:place] + word[place + 1 :], f"{word[:place]}x{word[place:]}"
    changed = draw.choice((draw.choice(NASTY), shorter, longer, word + word, ""))
    return text[:start] + changed + text[end:]


def document_tokens(text: str) -> list[tuple[int, int]]:
    """Where words and numbers stand."""
    found: list[tuple[int, int]] = []
    start = None
    for place, character in enumerate([*text, " "]):
        if character.isalnum() or character in "_.-":
            start = place if start is None else start
        elif start is not None:
            found.append((start, place))
            start = None
    return found


def _entry(draw: random.Random, text: str, _: Sequence[str]) -> str:
    """A `, key: value` of a flow mapping deleted, or moved."""
    parts = text.split(", ")
    if len(parts) < 3:
        return text
    moved = parts.pop(draw.randrange(len(parts)))
    if draw.random() < 0.4:
        parts.insert(draw.randrange(len(parts)), moved)
    return ", ".join(parts)


def _chunk(draw: random.Random, text: str, _: Sequence[str]) -> str:
    """A piece cut off, cut out, or repeated."""
    start = draw.randint(0, len(text))
    end = min(len(text), start + draw.randint(0, 200))
    repeated = text[start:end] * draw.choice((1, 2, 50))
    return draw.choice((text[:start], text[:start] + text[end:], text[:end] + repeated + text[end:]))


MUTATIONS: tuple[Callable[[random.Random, str, Sequence[str]], str], ...] = (
    *(_character, _line, _token, _token, _token, _entry, _chunk),
)


def grown(draw: random.Random) -> str:
    """A spec from the grammar, most of it sensible, with values that need not fit."""
    groups = [f"g{i}" for i in range(draw.choice((1, 1, 2, 2, 3, 8)))]
    names = [f"l{i}" for i in range(draw.choice((0, 1, 2, 4, 8, 8, 20, 60)))]
    layers: dict[str, Any] = {"image": {"kind": "input", "shape": _sizes(draw)}}
    kinds = [kind for kind in plugins.names("specnet.layers") if kind != "input" or draw.random() < 0.05]
    for index, name in enumerate(names):
        near = ["image", *names][max(0, index - 2) : index + 1]
        layers[name] = _layer(draw, draw.choice(kinds), near, groups)
    spec: dict[str, Any] = {"specnet": 1, "name": "grown", "groups": groups, "layers": layers}
    if draw.random() < 0.5:
        loss = {"kind": "softmax_cross_entropy", "from": draw.choice(["image", *names, "l1"])}
        spec["training"] = {"loss": loss, "optimizer": {"kind": "sgd", "learning_rate": _number(draw)}}
        if draw.random() < 0.3:
            spec["training"]["evaluate"] = {"kind": "ten_crop", "size": _number(draw)}
    if draw.random() < 0.2:
        spec["data"] = {"kind": draw.choice(("digits", "synthetic", "image_folder")), "size": _number(draw)}
    lines = [f"{key}: {written(value)}" for key, value in spec.items() if key != "layers"]
    lines += ["layers:", *(f"  {name}: {written(layer)}" for name, layer in layers.items())]
    return "\n".join(lines)


def _layer(draw: random.Random, kind: str, near: list[str], groups: list[str]) -> dict[str, Any]:
    """A layer with its required fields, some of the others, and now and then one that is not its own."""
    layer: dict[str, Any] = {"kind": kind}
    if kind != "input":
        layer["from"] = draw.choice(near) if draw.random() < 0.8 else draw.choices(near, k=draw.randint(0, 3))
    if draw.random() < 0.25:
        layer["cross_group"] = draw.random() < 0.8
    if draw.random() < 0.25:
        layer["group"] = draw.choice([*groups, groups[:2], "g9"])
    cls = plugins.load("specnet.layers", kind)
    for name, field in cls.model_fields.items():
        key = field.alias or name
        if key in layer or key in ("kind", "group", "cross_group", "from"):
            continue
        if field.is_required() or draw.random() < 0.2:
            layer[key] = _value(draw, key)
    return layer


def _value(draw: random.Random, key: str) -> Any:
    if draw.random() < 0.03:
        return draw.choice((None, "x", [], {}, True, -1, 1e300, [1, [2]], {"kind": "normal", "std": 1}))
    if key in ("activation", "function"):
        return draw.choice(("relu", "tanh", "softmax", "sigmoid", "maxout"))
    if key in ("rate", "alpha", "beta", "momentum", "epsilon", "bias", "k"):
        return draw.choice((0, 0.5, 0.75, 1, 2, 1e-4))
    if key == "shape":
        return _sizes(draw)
    if key == "padding":
        return draw.choice((0, 1, 2, "same", [0, 1, 0, 1], _number(draw)))
    if key in ("rounding", "scale_at", "alpha_over"):
        return draw.choice(("floor", "ceil", "train", "test", "sum", "size"))
    if key == "weights":
        return {"kind": draw.choice(("normal", "he_normal", "constant")), "std": 1}
    return draw.choice((1, 2, 3, 4, 6, 8, 12, [1, 2], _number(draw)))


def _sizes(draw: random.Random) -> Any:
    return draw.choice(
        ([3, 32, 32], [4, 16, 12], [8], [1], [2, 3, 4, 5], [_number(draw), 7, 7], [4, 10**9, 10**9])
    )


def _number(draw: random.Random) -> Any:
    return draw.choice((0, 1, 2, 3, 7, 8, 16, 24, 1000, 0.5, 1e-3, 10**9, 10**9 + 1, 10**30, -1))


def check(raw: bytes) -> str:
    """Put one input to the whole checker. Returns what became of it; any exception is a bug."""
    try:
        opened = document.parse(raw, "fuzz.yaml")
    except SpecError as error:
        _shown(error.diagnostics)
        with suppress(UnicodeDecodeError):
            _mended(raw.decode("utf-8-sig"), len(error.diagnostics))
        return "unreadable"
    examination = network.examine(opened)
    made, findings = examination.network, examination.diagnostics
    _shown(findings)
    _mended(raw.decode("utf-8-sig"), sum(finding.severity == "error" for finding in findings))
    if made is None:
        assert any(finding.severity == "error" for finding in findings), "invalid without a reason"
        return "invalid"
    str(build.make(made))
    assert not diff.differences(made.spec, made.spec)
    return "valid"


def _mended(text: str, errors: int) -> None:
    """`validate --fix` leaves no more errors than there were, and nothing to do for a second time."""
    after = mend(text, "fuzz.yaml")
    assert after.errors <= errors, "mended to more errors"
    assert (after.text != text) == bool(after.done), "changed without a word"
    if after.done:
        assert mend(after.text, "fuzz.yaml").text == after.text, "mended again"


def _shown(findings: Sequence[Any]) -> None:
    assert len(set(findings)) == len(findings), "a finding is reported twice"
    for finding in findings:
        assert finding.position is None or finding.position.line >= 1
        assert str(finding)
        assert finding.as_json()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=("spec", *KINDS), default="spec")
    parser.add_argument("--inputs", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="print one input and what becomes of it")
    options = parser.parse_args()
    if options.kind != "spec":
        kind = KINDS[options.kind]
        if options.only is not None:
            return running.show(kind, options.seed, options.only)
        return running.main(kind, options.seed, options.first, options.inputs)
    texts = bases()
    if options.only is not None:
        raw = case(options.seed, options.only, texts)
        print(raw.decode("utf-8", "replace"))
        print(check(raw))
        return 0
    results: Counter[str] = Counter()
    slowest, failures = (0.0, 0), 0
    for number in range(options.first, options.first + options.inputs):
        raw = case(options.seed, number, texts)
        began = time.process_time()
        try:
            results[check(raw)] += 1
        except Exception as error:
            failures += 1
            print(f"input {number}: {type(error).__name__}: {error}"[:300], file=sys.stderr)
        seconds = time.process_time() - began
        slowest = max(slowest, (seconds, number))
        if seconds > 1:
            print(f"input {number}: {seconds:.2f} s", file=sys.stderr)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = ", ".join(f"{count:,} {what}" for what, count in sorted(results.items()))
    print(f"{options.inputs:,} inputs: {counts}; {failures} failures")
    print(f"slowest {slowest[0]:.2f} s (input {slowest[1]}), memory {memory} MB")
    return 1 if failures or slowest[0] > 1 or memory > 300 else 0


if __name__ == "__main__":
    sys.exit(main())
