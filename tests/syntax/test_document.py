"""Reading YAML: YAML 1.2 scalars, positions, and everything that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from specnet.diagnostics.errors import SpecError, UsageError
from specnet.spec import overrides, spec
from specnet.syntax import document
from specnet.syntax.emit import written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E+2", 100.0),
        (".5", 0.5),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-3", -3),
        ("on", "on"),
        ("no", "no"),
        ("3:3", "3:3"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"1e-4"', "1e-4"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, value: Any) -> None:
    read = document.parse(f"key: {text}").data()["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("", "SN107", 1, 1),
        ("# only a comment\n", "SN107", 1, 1),
        ("- 1\n- 2", "SN106", 1, 1),
        ("word", "SN106", 1, 1),
        ("a: 1\nb: [1, 2\nc: 3", "SN101", 2, 4),
        ("a: 1\n\tb: 2", "SN101", 2, 1),
        ("a: b: c", "SN101", 1, 5),
        ("a: 1\nb: 2\na: 3", "SN102", 3, 1),
        ("a: {b: 1, b: 2}", "SN102", 1, 11),
        ("a: !!python/object:os.system x", "SN103", 1, 4),
        ("a: &x 1\nb: *x", "SN104", 2, 4),
        ("a: {<<: {b: 1}}", "SN104", 1, 5),
        ("1: a", "SN105", 1, 1),
        ("? [a, b]\n: c", "SN105", 1, 3),
        ("a: 1\nb: \x00", "SN108", 2, 4),
        ("---\na: 1\n---\nb: 2", "SN110", 3, 1),
        ("a: " + "[" * 40, "SN109", 1, 35),
    ],
)
def test_refused(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(SpecError) as caught:
        document.parse(text, "x.yaml")
    (finding,) = caught.value.diagnostics
    assert finding.position is not None
    assert (finding.code, finding.position.line, finding.position.column) == (code, line, column)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb: {x: 1\nc: 2\n", 2, 4, "'{' that opens here is not closed"),
        ("a: 1\nb: {x: 1,\nc: {y: 2}\n", 2, 4, "'{' that opens here"),
        ("l:\n  a: {x: 1,\n    y: 2\n  b: {x: 1}\nc: 1\n", 2, 6, "'{' that opens here"),
        ("l:\n  a: {x: [1, 2, y: 3}\n  b: 1\n", 2, 21, "close it with ']'"),
        ("a: {\n  x: [1, 2\n}\nb: 1\n", 2, 6, "'[' that opens here"),
        ("a: {x: 1", 1, 4, "add '}' where it ends"),
        ("a: {x: 1\n---\nb: 2\n", 1, 4, "'{' that opens here"),
        ('a: "x\nb: 1\n', 1, 4, "quote that opens here is not closed"),
        ("a: 'x\nb: 'y'\nc: 1\n", 1, 4, "quote that opens here closes on line 2 only"),
        ('l:\n  a: {k: "c, f: 1}\n  b: {k: "c"}\n', 2, 10, "closes on line 3"),
        ("a: {x: 1,\n  y: 2 # two\n  z: 3}\n", 2, 7, "a comma is missing at the end"),
        ("a: {x: 1,\n  y: [2]\n  z: 3}\n", 2, 9, "a comma is missing at the end"),
        ("a: {s: [1, 2] y: 3}\n", 1, 15, "a comma may be missing before it"),
        ("specnet 1\nname: x\n", 1, 1, "a key without ': '"),
        ("a: 1\nb:2\nc: 3\n", 2, 1, "a key without ': '"),
        ("l:\n  c\n    k: 1\n", 2, 3, "a key without ': '"),
        ("a:\n  b: 1\n   c: 2\n", 3, 4, "indented as if it went on with the value above"),
        ("a:\n  b: {x: 1}\n   c: 2\n", 3, 4, "check the indentation"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "check the indentation"),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1, "indent with spaces, not tabs"),
        ("a: {x: 1}}\nb: 2\n", 1, 10, "brackets"),
        ('a: "\\q"\n', 1, 5, "escape"),
        ("a: 1\n- b\n", 2, 1, "check the indentation"),
        ("layers:\n\u00a0 image: {k: 1}\n  c: {k: 1}\n", 2, 1, "U+00A0 NO-BREAK SPACE"),
    ],
)
def test_a_syntax_error_is_where_the_slip_is(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        document.parse(text, "x.yaml")
    (finding,) = caught.value.diagnostics
    assert finding.position is not None
    assert (finding.code, finding.position.line, finding.position.column) == ("SN101", line, column)
    assert words in f"{finding.message} {finding.hint}"


def test_bytes_that_are_not_utf8_are_placed() -> None:
    with pytest.raises(SpecError) as caught:
        document.parse(b"a: 1\nb: \xff", "x.yaml")
    place = caught.value.diagnostics[0].position
    assert place is not None
    assert (place.line, place.column) == (2, 4)


def test_all_findings_of_a_text_come_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        document.parse("a: 1\na: 2\nb: !x 3\nc: *d\n")
    assert [d.code for d in caught.value.diagnostics] == ["SN102", "SN103", "SN104"]


def test_a_byte_order_mark_is_no_content() -> None:
    assert document.parse(b"\xef\xbb\xbfa: 1").data() == {"a": 1}


def test_positions_of_keys_and_values() -> None:
    parsed = document.parse("layers:\n  conv1: {kind: conv,\n          filters: 96}\n", "x.yaml")
    value = parsed.locate(("layers", "conv1", "filters"))
    key = parsed.locate(("layers", "conv1", "filters"), key=True)
    missing = parsed.locate(("layers", "conv1", "kernel"))
    assert (value.line, value.column, value.width) == (3, 20, 2)
    assert (key.line, key.column, key.width) == (3, 11, 7)
    assert (missing.line, missing.column) == (2, 3)


def test_overrides_by_name() -> None:
    parsed = document.parse("layers: {conv1: {filters: 96, from: [a, b]}}")
    parsed.override("layers.conv1.filters=64")
    parsed.override("layers.conv1.from.1=c")
    parsed.override("layers.conv1.kernel=[3, 5]")
    assert parsed.data() == {"layers": {"conv1": {"filters": 64, "from": ["a", "c"], "kernel": [3, 5]}}}


def test_what_an_override_lacks_is_shown_in_the_option() -> None:
    parsed = document.parse("layers:\n  conv1: {filters: 96}\n", "x.yaml")
    parsed.override("layers.conv1={kind: dense}")
    place = parsed.locate(("layers", "conv1", "units"))
    assert (place.file, place.line, place.column, place.source) == (
        "--set layers.conv1",
        1,
        1,
        "{kind: dense}",
    )


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("layers.conv2.filters=64", "did you mean 'conv1'?"),
        ("layer.conv1.filters=64", "did you mean 'layers'?"),
        ("layers.conv1.filters.x=64", "single value"),
        ("layers.conv1.weights.std=0.1", "--set 'layers.conv1.weights={std: 0.1}'; there are filters, from"),
        ("training.loss.kind= x", "--set 'training={loss: {kind: x}}'"),
        ("layers.conv1.from.7=c", "items count from 0 to 1"),
        ("layers.conv1.filters", "PATH=VALUE"),
        ("=3", "PATH=VALUE"),
    ],
)
def test_an_unknown_override_is_an_error_with_a_suggestion(assignment: str, words: str) -> None:
    parsed = document.parse("layers: {conv1: {filters: 96, from: [a, b]}}")
    with pytest.raises(UsageError) as caught:
        parsed.override(assignment)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("conv1.filters=64", "did you mean --set 'layers.conv1.filters=64'?"),
        ("conv1.kernel_size=3", "did you mean --set 'layers.conv1.kernel=3'?"),
        ("conv1.stride=2", "did you mean --set 'layers.conv1.stride=2'?"),
        ("layers.conv1.strides=2", "did you mean --set 'layers.conv1.stride=2'?"),
        ("layers.conv9.filters=3", "did you mean 'conv"),
        ("optimizer.lr=0.1", "did you mean --set 'training.optimizer.learning_rate=0.1'?"),
        ("training.lr=0.1", "did you mean --set 'training.optimizer.learning_rate=0.1'?"),
        ("training.optmizer.lr=0.1", "did you mean --set 'training.optimizer.learning_rate=0.1'?"),
        ("learning-rate=0.1", "did you mean --set 'training.optimizer.learning_rate=0.1'?"),
        ("wd=0.1", "did you mean --set 'training.optimizer.weight_decay=0.1'?"),
        ("schedule.gamma=0.5", "did you mean --set 'training.schedule.factor=0.5'?"),
        ("epochs=3", "did you mean --set 'training.epochs=3'?"),
        ("bs=3", "did you mean --set 'training.batch_size=3'?"),
        (
            "optimizer.lookahead=true",
            "--set training.optimizer.lookahead: unknown key 'lookahead'\n  hint: valid keys: bia",
        ),
        ("filters=64", "name the layer, for example --set 'layers.conv1.filters=64'"),
        ("foo.bar=1", "a path starts with specnet, name, groups, data, blocks, layers, training, assumed"),
        ("loss=fc8", "a path starts with specnet"),
    ],
)
def test_a_part_of_a_path_is_told_the_whole(specs: Any, assignment: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        overrides.apply(document.read(specs / "alexnet.yaml"), [assignment])
    assert words in str(caught.value)
    hint = str(caught.value.hint)
    if hint.startswith("did you mean --set"):
        changed = document.read(specs / "alexnet.yaml")
        overrides.apply(changed, [hint.split("'")[1]])
        assert spec.load(changed), "what is suggested works"


def test_changes_build_on_one_another(specs: Any) -> None:
    """A path need not stand in the file: the one before may have made it."""
    changed = document.read(specs / "alexnet.yaml")
    overrides.apply(changed, ["layers.extra={kind: dense, from: fc8, units: 3}", "layers.extra.units=4"])
    assert changed.data()["layers"]["extra"]["units"] == 4


def test_a_missing_file_names_its_neighbour(specs: Any) -> None:
    with pytest.raises(UsageError, match=r"alexnet\.yaml"):
        document.read(specs / "alxnet.yaml")


@pytest.mark.parametrize(
    "value",
    [
        1,
        -2.5,
        1e-5,
        1e300,
        True,
        None,
        "text",
        "1e-4",
        "on",
        "null",
        "",
        "a: b",
        "ü\n",
        [1, [2.5, "x"]],
        {"k": {}},
    ],
)
def test_written_values_are_read_back(value: Any) -> None:
    assert document.parse(f"key: {written(value)}").data() == {"key": value}


def test_text_in_place_of_a_path_is_one_error() -> None:
    text = "specnet: 1\nname: " + "x" * 300 + "\nlayers:\n" + "  conv: {kind: conv}\n" * 100
    for given in (text, f"specs/{text}"):
        with pytest.raises(UsageError) as caught:
            document.read(given)
        assert "File name too long" in str(caught.value)
        assert len(str(caught.value)) < 1000
