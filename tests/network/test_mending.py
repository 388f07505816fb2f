"""What is certain is mended, and nothing else: the oracle is the text before it was broken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.diagnostics.suggestions import sure, surely_named
from specnet.network.mending import Mended, mend
from specnet.network.network import examine
from specnet.syntax import document
from support.helpers import HEAD

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
MALFORMED = sorted((ROOT / "tests/malformed").rglob("*.yaml"))
SMALL = 100_000
"""Bytes of a malformed spec that is mended here; the larger ones have nothing in them to mend."""

CONV = "  conv: {kind: conv, from: image, group: a, filters: 6, kernel: 3}\n"
BLOCK = "  conv:\n    kind: conv\n    from: image\n    group: a\n    filters: 6\n    kernel: 3\n"
FC = "  fc: {kind: dense, from: image, group: b, units: 3}\n"
ACROSS = "  fc: {kind: dense, from: conv, cross_group: true, group: b, units: 3}\n"
RECIPE = """\
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  weights: {kind: normal, std: 0.01}
  optimizer: {kind: sgd, learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-4}
  schedule: {kind: plateau, factor: 0.1, times: 3}
  batch_size: 32
  epochs: 5
"""
RIGHT = {
    "flow": HEAD + CONV + FC + RECIPE,
    "block": HEAD + BLOCK + FC + RECIPE,
    "across": HEAD + CONV + ACROSS,
}


def errors(text: str) -> Counter[tuple[str, str]]:
    try:
        found: list[Diagnostic] = examine(document.parse(text, "x.yaml")).diagnostics
    except SpecError as error:
        found = error.diagnostics
    return Counter((d.code, d.message) for d in found if d.severity == "error")


def mended(text: str) -> Mended:
    """A mended text, which must not change when it is mended again."""
    after = mend(text, "x.yaml")
    assert mend(after.text, "x.yaml").text == after.text
    return after


@pytest.mark.parametrize(
    ("spec", "old", "wrong", "right"),
    [
        # keys: slips, other frameworks', in quotes, without a space
        ("flow", "filters: 6", "filtres: 6", None),
        ("flow", "filters: 6", "Filters: 6", None),
        ("flow", "filters: 6", "out_channels: 6", None),
        ("flow", "filters: 6", '"n_filters": 6', '"filters": 6'),
        ("flow", "filters: 6", "'filtersx' : 6", "'filters' : 6"),
        ("flow", "kernel: 3", "kernel_size: 3", None),
        ("flow", "kind: conv", "type: conv", None),
        ("flow", "kind: conv", "kind:conv", None),
        ("flow", "momentum: 0.9", "momentum:0.9", None),
        ("flow", "learning_rate: 0.05", "lr: 0.05", None),
        ("flow", "batch_size: 32", "batch-size: 32", None),
        ("flow", "factor: 0.1", "gamma: 0.1", None),
        ("block", "    kernel: 3", "    kernal: 3", None),
        ("block", "    kernel: 3", "    kernel:3", None),
        ("block", "layers:", "layrs:", None),
        ("block", "training:", "trainning:", None),
        ("flow", "specnet: 1\n", "", None),
        ("flow", "specnet: 1", "specnet: '1'", None),
        # a key that hides others, which are mended as well
        ("flow", "training:\n  loss: {kind:", "trainig:\n  los: {type:", None),
        # kinds, words, names
        ("flow", "kind: conv", "kind: cnov", None),
        ("flow", "kind: conv", "kind: 'Conv'", "kind: 'conv'"),
        ("flow", "kind: sgd, learning_rate: 0.05", "kind: sdg, lr: 0.05", None),
        ("flow", "kernel: 3", "kernel: 3, activation: ReLU", "kernel: 3, activation: relu"),
        ("flow", "conv, from: image", "conv, from: imgae", None),
        ("flow", "conv, from: image", 'conv, from: [ "Image" ]', 'conv, from: [ "image" ]'),
        ("flow", "group: a", "group: A", None),
        ("flow", "entropy, from: fc", "entropy, from: FC", None),
        ("flow", "name: small", "name: 2024", 'name: "2024"'),
        # groups: what crosses, and what does not
        ("across", "from: conv, cross_group: true", "from: conv", None),
        ("across", "[a, b]", "(a, b)", None),
        ("flow", "kernel: 3}", "kernel: 3, cross_group: true}", "kernel: 3}"),
        ("flow", "{kind: conv", "{cross_group: true, kind: conv", "{kind: conv"),
        ("flow", "kernel: 3}", "kernel: 3,\n    'cross_group' : true\n  }", "kernel: 3,\n  }"),
        ("flow", "kernel: 3}", "kernel: 3,\n    cross_group: true}", "kernel: 3,\n    }"),
        ("block", "    kernel: 3\n", "    cross_group: true\n    kernel: 3\n", "    kernel: 3\n"),
        ("block", "    kernel: 3\n", "    kernel: 3\n    cross_group: yes # x\n", "    kernel: 3\n    # x\n"),
        # numbers and lists
        ("flow", "kernel: 3", "kernel: (3, 3)", "kernel: [3, 3]"),
        ("block", "kernel: 3", "kernel: (3,3)", "kernel: [3,3]"),
        ("block", "kernel: 3", "kernel: 5x3", "kernel: [5, 3]"),
        ("flow", "kernel: 3", "kernel: '3'", None),
        ("flow", "epochs: 5", 'epochs: "5"', None),
        ("flow", "momentum: 0.9", "momentum: 0,9", None),
        ("block", "    kernel: 3", "    kernel: 3\n    bias: 0,5", "    kernel: 3\n    bias: 0.5"),
        ("flow", "kernel: 3", "kernel: !!int 3", None),
        ("flow", "kernel: 3", "kernel: 3, bias: nnoe", "kernel: 3, bias: none"),
        ("flow", "kernel: 3", "kernel: 3, bias: '0.1'", "kernel: 3, bias: 0.1"),
        ("flow", "kernel: 3", "kernel: 3, padding: SAME", "kernel: 3, padding: same"),
        ("flow", ", kernel: 3", ", padding: VALID, kernel: 3", None),
        ("flow", "{kind: input, ", "{kind: input, group: a, ", None),
        ("across", "cross_group: true", "cross_group: on", None),
        ("across", "cross_group: true", "cross_group: ture", None),
        # brackets, quotes, tabs
        ("flow", "[a, b]", "[a, b", None),
        ("flow", "kernel: 3}", "kernel: 3", None),
        ("flow", "kernel: 3}", "kernel: [3, 3}", "kernel: [3, 3]}"),
        ("flow", "kernel: 3}", "kernel: 3]", None),
        ("flow", "filters: 6,", "filters: 6\n   ", "filters: 6,\n   "),
        ("flow", "name: small", "name: 'small", "name: 'small'"),
        ("flow", "  conv: {", "\tconv: {", None),
        # characters that look like others
        ("flow", "kernel", "k\u0435rnel", None),
        ("flow", "kind: conv", "kind:\u00a0conv", None),
        ("flow", "  conv:", "\u00a0\u2003conv:", None),
        ("flow", ", group: a", "\uff0c group: a", None),
        ("flow", "conv: {", "c\u03bfnv: {", None),
    ],
)
def test_the_text_is_as_it_was(spec: str, old: str, wrong: str, right: str | None) -> None:
    text = RIGHT[spec].replace(old, old if right is None else right, 1)
    broken = RIGHT[spec].replace(old, wrong, 1)
    assert errors(broken) > errors(text), "the text is wrong, and was right"
    for ends in ("\n", "\r\n"):
        assert mended(broken.replace("\n", ends)).text == text.replace("\n", ends)


@pytest.mark.parametrize(
    ("spec", "old", "wrong"),
    [
        ("flow", "kernel: 3", "kernel: 3, ksize: 3"),  # the key is there already
        ("flow", "kernel: 3", "kernel: 3, activation: selu"),  # another function, one letter away
        ("flow", "kernel: 3", "kernel: 3, activation: relu7"),
        ("flow", "kind: sgd", "kind: nadam"),
        ("flow", "from: image", "from: image2"),  # numbers tell layers apart
        ("flow", "group: a", "group: c"),
        ("flow", "kernel: 3", "kernel: 3,3"),  # a list, or a number
        ("block", "    kernel: 3", "    kernel: 3\n    bias: 1,5"),
        ("flow", "specnet: 1", "specnet: 2"),
        ("flow", "name: small", "name: 'small  # a small one"),  # where the quote closes is not certain
        ("flow", ", group: a", " group: a"),
        ("flow", "group: b", "cross_group: false, from: conv, group: b"),
        ("across", "  conv:", "  1:"),  # nothing reads a layer of that name
        ("flow", "conv, from: image", "conv, from: 1"),
    ],
)
def test_what_is_not_certain_stays(spec: str, old: str, wrong: str) -> None:
    broken = RIGHT[spec].replace(old, wrong, 1)
    assert errors(broken)
    assert mended(broken).text == broken


def test_there_are_never_more_errors_than_before() -> None:
    hidden = RIGHT["flow"].replace("filters: 6", "filters: -6").replace("units: 3", "units: -3")
    assert sum(errors(hidden).values()) == 2
    broken = hidden.replace("layers:", "layrs:")
    assert sum(errors(broken).values()) == 1
    assert mended(broken).text == broken
    one = broken.replace("units: -3", "units: 3")
    assert mended(one).text == one.replace("layrs:", "layers:")


def test_one_of_two_keys_for_the_same() -> None:
    broken = RIGHT["flow"].replace("kernel: 3", "kernel_size: 3, ksize: 3")
    assert mended(broken).text == RIGHT["flow"].replace("kernel: 3", "kernel: 3, ksize: 3")


def slips() -> Iterator[tuple[str, str]]:
    """Shipped specs with a slip of the fingers in a key, a kind, a word or a name; and right."""
    for name in ("alexnet", "alexnet_digits", "resnet18"):
        text = (ROOT / f"specs/{name}.yaml").read_text()
        words = list(re.finditer(r"(?<!^  )\b[a-z_]{4,}\b", text, re.MULTILINE))
        for number, word in enumerate(words[::5]):
            a, b, c, d = word[0][:1], word[0][1:2], word[0][2:3], word[0][3:]
            wrong = (f"{a}{c}{b}{d}", f"{a}{b}{d}", f"{a}{b}{b}{c}{d}")[number % 3]
            yield f"{text[: word.start()]}{wrong}{text[word.end() :]}", text


@pytest.mark.slow
def test_slips_in_shipped_specs() -> None:
    """Mended to the byte: 121 of 121 that are wrong."""
    wrong = [(broken, text) for broken, text in slips() if errors(broken)]
    after = [(mended(broken).text, text) for broken, text in wrong]
    assert [made for made, text in after if made != text] == []
    assert len(after) > 100


@pytest.mark.parametrize("path", [*SPECS, *MALFORMED], ids=lambda path: path.name)
def test_nothing_new_is_wrong(path: Path) -> None:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    if len(raw) > SMALL:
        return
    before = errors(text)
    after = mended(text)
    assert errors(after.text) <= before
    if not before:
        assert after.text == text
    if not after.done:
        assert after.text == text


def test_names_that_people_give_are_told_apart() -> None:
    assert surely_named("cnov1", ["conv1", "conv2"]) == "conv1"
    assert surely_named("conv_1", ["conv1", "conv2"]) == "conv1"
    assert surely_named("conv3", ["conv1"]) is None
    assert surely_named("fc6c", ["fc6a"]) is None
    assert surely_named("towerb", ["towera"]) is None
    assert sure("filterz", ["filters", "kernel"]) == "filters"
    assert sure("rat", ["rate", "ratio"]) == "rate"
    assert sure("bate", ["rate", "date"]) is None
