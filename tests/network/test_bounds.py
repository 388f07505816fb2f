"""What a spec may ask of the checker: its work is bounded, whatever the file says."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from specnet.diagnostics import rules
from specnet.network.network import examine
from specnet.recipe import patterns
from specnet.spec import mentions
from specnet.syntax import document

HEAD = "specnet: 1\nname: x\ngroups: [GROUPS]\nBLOCKSlayers:\n  image: {kind: input, shape: [3, 8, 8]}\n"
RECIPE = """\
  out: {kind: dense, from: image, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 0.1RATES}
"""
MANY = 200


def examined(text: str, groups: str = "a", blocks: str = "") -> Any:
    return examine(document.parse(text.replace("GROUPS", groups).replace("BLOCKS", blocks), "x.yaml"))


def dense(count: int) -> str:
    return "".join(f"  fc{i}: {{kind: dense, from: image, units: 4}}\n" for i in range(count))


def listed(text: str, count: int) -> str:
    """`count` items, with their numbers in the places of %."""
    return ", ".join(text.replace("%", str(number)) for number in range(count))


def rated(rates: str) -> str:
    return RECIPE.replace("RATES", f", rates: [{rates}]" if rates else "")


@pytest.mark.parametrize(
    "recipe",
    [
        rated("") + f"  frozen: [{listed('f?%*', 2000)}]\n",
        rated(listed("{layers: 'f?%*', learning_rate: 2}", 2000)),
        rated(listed("{role: bias, learning_rate: 2}", 2000)),
    ],
    ids=["frozen", "rates", "rates of a role"],
)
def test_more_patterns_than_can_be_tried_are_refused_untried(
    recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "fits", lambda *_: pytest.fail("a pattern was tried"))
    errors = examined(HEAD + dense(500) + recipe).errors
    assert [(error.rule, error.position.line) for error in errors] == [(rules.TOO_LARGE, 507)]
    assert "patterns than can be tried on 502 layers" in errors[0].message


@pytest.mark.parametrize(
    "recipe",
    [
        rated("") + f"  frozen: [{listed('fc%', 500)}]\n",
        rated(listed("{layers: fc%, learning_rate: 2}", 500)),
    ],
    ids=["frozen", "rates"],
)
def test_names_of_layers_are_looked_up_and_not_tried(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "fits", lambda *_: pytest.fail("a pattern was tried"))
    assert not examined(HEAD + dense(500) + recipe).errors


LAYERS = "".join(f"      l{i}: {{kind: flatten, from: input}}\n" for i in range(MANY))
JOINED = f"      all: {{kind: concat, from: [{listed('l%', MANY)}]}}\n"
USE = "  u: {kind: block, of: b, from: image}\n"
ASSUMED = f"assumed: {{from: x, values: [{listed('layers.fd%.units', MANY)}]}}\n"
SUM = f"{{kind: sum, of: [{listed('{kind: softmax_cross_entropy, from: fd%}', MANY)}]}}"
UNKNOWN = {
    "frozen": (dense(MANY) + rated("") + f"  frozen: [{listed('fd%', MANY)}]\n", ""),
    "rates": (dense(MANY) + rated(listed("{layers: fd%, learning_rate: 2}", MANY)), ""),
    "losses": (dense(MANY) + rated("").replace("{kind: softmax_cross_entropy, from: out}", SUM), ""),
    "assumptions": (dense(MANY) + rated("") + ASSUMED, ""),
    "sources": (dense(MANY) + "".join(f"  a{i}: {{kind: flatten, from: fd{i}}}\n" for i in range(MANY)), ""),
    "sources in a block": (USE, LAYERS + JOINED.replace("[l", "[m").replace(", l", ", m")),
    "parameters in a block": (
        USE,
        f"      c: {{kind: concat, from: [input, {listed('$q%', MANY)}]}}\n",
    ),
    "arguments": (
        "".join(f"  u{i}: {{kind: block, of: b, from: image, q{i}: 1}}\n" for i in range(MANY)),
        "      f: {kind: flatten, from: input}\n",
    ),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_was_meant_is_looked_for_a_few_times_only(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look among many names is slow, and a file may have ten thousand names that are not known."""
    compared: list[int] = []
    look = difflib.get_close_matches

    def counted(word: str, names: Any, **options: Any) -> list[str]:
        compared.append(len(names))
        return look(word, names, **options)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    layers, inside = UNKNOWN[what]
    head = f"  b:\n    parameters: [{listed('{p%: 1}', MANY)}]\n    layers:\n{inside}" if inside else ""
    errors = examined(HEAD + layers, blocks=f"blocks:\n{head}" if inside else "").errors
    assert len(errors) >= MANY
    assert sum(1 for count in compared if count > MANY / 2) <= 2 * 20
    assert sum(1 for error in errors if error.hint and "did you mean" in error.hint) <= 20


@pytest.mark.parametrize("part", ["sources", "values", "defaults"])
def test_findings_about_blocks_are_bounded(part: str) -> None:
    blocks = {
        "sources": f"  b: {{layers: {{l: {{kind: concat, from: [{listed('x%', 5000)}]}}}}}}\n",
        "values": f"  b: {{layers: {{l: {{kind: concat, from: input, x: [{listed('$x', 5000)}]}}}}}}\n",
        "defaults": f"  b: {{parameters: [{{p: [{listed('$x', 5000)}]}}], layers: {{}}}}\n".replace(
            "layers: {}", "layers: {l: {kind: flatten, from: input}}"
        ),
    }
    assert 1000 <= len(examined(HEAD + USE, blocks=f"blocks:\n{blocks[part]}").errors) <= 1010


def test_findings_about_unknown_layers_are_bounded() -> None:
    text = HEAD + f"  c: {{kind: concat, from: [{listed('x%', 9000)}]}}\n"
    assert 5000 <= len(examined(text).errors) <= 5010


def test_shares_of_inputs_are_bounded_as_edges_are() -> None:
    inputs = "".join(f"  i{number}: {{kind: input, shape: [3]}}\n" for number in range(2000))
    groups = listed("g%", 256)
    found = examined(HEAD + inputs, groups)
    assert rules.TOO_MANY_EDGES in {error.rule for error in found.errors}


def test_what_is_assumed_of_blocks_stands_for_a_bounded_number_of_values() -> None:
    inside = "      l0: {kind: flatten, from: input}\n      l1: {kind: flatten, from: l0}\n"
    uses = "".join(f"  u{i}: {{kind: block, of: b, from: image}}\n" for i in range(100))
    assumed = f"assumed: {{from: x, values: [{listed('blocks.b.layers.l1.from', 2000)}]}}\n"
    made = examined(HEAD + uses + assumed, blocks=f"blocks:\n  b:\n    layers:\n{inside}").spec
    assert made is not None
    assert made.assumed is not None
    assert len(made.assumed.values) == mentions.MOST_PATHS + 1000


def test_uses_of_a_block_with_a_fault_are_counted_each_as_one_layer() -> None:
    """59,049 uses of b0, which stand for themselves: before they were counted, for nothing at all."""

    def chain(block: str) -> str:
        reads = ["input", *(f"x{number}" for number in range(8))]
        return ", ".join(f"x{n}: {{kind: block, of: {block}, from: {name}}}" for n, name in enumerate(reads))

    blocks = "blocks:\n  b0: {layers: {x: {kind: flatten, from: nothing}}, colour: red}\n"
    blocks += "".join(f"  b{i}: {{layers: {{{chain(f'b{i - 1}')}}}}}\n" for i in range(1, 6))
    found = examined(HEAD + "  all: {kind: block, of: b5, from: image}\n", blocks=blocks)
    assert rules.TOO_LARGE.code in [diagnostic.code for diagnostic in found.diagnostics]
