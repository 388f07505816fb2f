"""The schema: what a spec may say, and what is said about one that says something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.network.network import examine
from specnet.runs.stored_spec import as_text
from specnet.schema.fields import shown
from specnet.spec import spec
from specnet.syntax import document

GOOD = """\
specnet: 1
name: small
groups: [left, right]
layers:
  image: {kind: input, shape: [3, 12, 12]}
  conv1: {kind: conv, from: image, filters: 8, kernel: 3, padding: 1, activation: relu}
  pool1: {kind: max_pool, from: conv1, kernel: 2}
  fc: {kind: dense, from: pool1, cross_group: true, group: left, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""


def found(text: str) -> list[Diagnostic]:
    """All findings about a text."""
    try:
        return list(examine(document.parse(text, "x.yaml")).diagnostics)
    except SpecError as error:
        return error.diagnostics


def errors(text: str) -> list[Diagnostic]:
    """All findings but the warnings: that of the group on which no layer lives, say."""
    return [d for d in found(text) if d.severity == "error"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (
            "filters: 6, kernel: 3",
            "filters: 6, kernel: (3, 3)",
            6,
            "'(3, 3)' is not a list: a list has square brackets: [3, 3]",
        ),
        (
            "filters: 6, kernel: 3",
            "filters: 6, kernel: 3, padding: (1, 1, 1, 1)",
            6,
            "square brackets: [1, 1, 1, 1]",
        ),
        ("[3, 9, 9]", "(3, 9, 9)", 5, "square brackets: [3, 9, 9]"),
        ("from: image", "from: (image, image)", 6, "square brackets: [image, image]"),
        (
            "filters: 6, kernel: 3",
            "filters: 6, kernel: 3, bias: 0,1",
            6,
            "'0,1' is not a number: write 0.1, with a point",
        ),
        ("filters: 6, kernel: 3", "filters: 6, kernel: 3,5", 6, "or write [3, 5] for two numbers"),
        ("filters: 6, kernel: 3", "filters: 6, kernel: 3x5", 6, "'3x5' is not a size: write [3, 5]"),
        ("rate: 0.1}", "rate: 0,1}", 10, "'0,1' is not a number: write 0.1, with a point"),
        ("rate: 0.1}", "rate: 0,5e-3}", 10, "write 0.5e-3, with a point"),
        ("rate: 0.1}", "rate: 0.1, momentum: 0,9}", 10, "write 0.9, with a point"),
        (
            "{kind: sgd, learning_rate: 0.1}",
            "\n    kind: sgd\n    learning_rate: 0,1",
            12,
            "write 0.1, with a point",
        ),
        ("specnet: 1\n", "", 1, "the key 'specnet' is missing: start with 'specnet: 1'"),
        ("layers:", "data: {path: /d}\nlayers:", 4, "--data KIND:PATH"),
        ("layers:", "data: /d\nlayers:", 4, "--data KIND:PATH"),
        ("layers:", "data: {kind: image_folder, root: /d}\nlayers:", 4, "--data image_folder:PATH"),
        ("layers:", "data: {kind: digits, path: /d}\nlayers:", 4, "the dataset 'digits' has no path"),
        ("learning_rate: 0.1", "lr: 0.1", 10, "unknown key 'lr': did you mean 'learning_rate'?"),
        ("rate: 0.1}", "rate: 0.1, wd: 0}", 10, "did you mean 'weight_decay'?"),
        ("rate: 0.1}", "rate: 0.1, weight-decay: 0}", 10, "did you mean 'weight_decay'?"),
        ("kernel: 3", "kernel_size: 3", 6, "did you mean 'kernel'?"),
        ("kind: conv", "type: conv", 6, "did you mean 'kind'?"),
    ],
)
def test_habits_are_told_the_languages_way(old: str, new: str, line: int, words: str) -> None:
    text = HABITS.replace(old, new, 1)
    assert text != HABITS
    (finding,) = found(text)
    assert finding.position is not None
    assert finding.position.line == line
    assert words in f"{finding.message}: {finding.hint}"


HABITS = """\
specnet: 1
name: small
groups: [a]
layers:
  image: {kind: input, shape: [3, 9, 9]}
  conv: {kind: conv, from: image, filters: 6, kernel: 3}
  fc: {kind: dense, from: conv, units: 2}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""
RECIPE = """\
specnet: 1
name: small
groups: [a, b]
layers:
  image: {kind: input, shape: [1, 8, 8]}
  fc: LAYER
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""
DENSE = "{kind: dense, from: image, group: a, units: 2}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sgd, learning_rate: 0.1", "adadelta, learning_rate: -1, gamma: 1", "SN204 SN207"),
        ("sgd, learning_rate: 0.1", "adadelta, learning_rate: 1, momentm: 1", "SN204 SN201"),
        ("sgd, learning_rate: 0.1", "sgdd, beta1: 0, biases: {weight_decay: x}", "SN204 SN201 SN203"),
        ("kind: sgd, learning_rate: 0.1", "learning_rate: -1", "SN204 SN207"),
        ("kind: sgd, learning_rate: 0.1", "kidn: sgd, learning_rate: -1", "SN201 SN207"),
        ("cross_entropy, from: fc", "loss, from: fd", "SN204 SN601"),
        ("0.1}\n", "0.1}\n  schedule: {kind: one_cycle, factor: 3, restarts: x}\n", "SN204 SN207"),
        ("0.1}\n", "0.1}\n  weights: {kind: variance_scaling, std: -1}\n", "SN204 SN207"),
        ("0.1}\n", "0.1}\n  normalize: {kind: divide, scale: -1}\n", "SN204 SN207"),
        ("0.1}\n", "0.1}\n  evaluate: {kind: five_crop, size: 0}\n", "SN204 SN207"),
        ("0.1}\n", "0.1}\n  augment: [{kind: posterize, size: x}, {kind: pca_color}]\n", "SN204 SN203 SN202"),
        ("layers:", "data: {kind: mnist, size: -1}\nlayers:", "SN204 SN207"),
        ("dense, from: image, group: a", "linear, from: imag, group: c", "SN204 SN301 SN501"),
        ("dense, from: image, group: a", "linear, from: 3, cross_group: yes", "SN204 SN203 SN203"),
        (
            "dense, from: image, group: a",
            "linear, from: imag, group: c, cross_group: yes",
            "SN204 SN301 SN501 SN203",
        ),
        ("dense, from: image, group: a, units: 2", "dence, from: imag, units: x", "SN204 SN301 SN203"),
        ("kind: dense, from: image, group: a", "from: imag, group: c", "SN204 SN301 SN501"),
        ("from: image, group: a, units: 2", "from: imag, group: c, units: x", "SN301 SN501 SN203"),
    ],
)
def test_an_unknown_kind_hides_no_other_fault(old: str, new: str, expected: str) -> None:
    """In the order of the places. A key that the unknown kind may have is no fault."""
    text = RECIPE.replace("LAYER", DENSE)
    assert old in text
    assert " ".join(d.code for d in errors(text.replace(old, new, 1))) == expected


AUGMENTATIONS = (
    "augmentation kinds: brightness, color_jitter, cutout, horizontal_flip, mixup, pad, pca_color, "
    "random_crop, random_resized_crop, rotation"
)
SCHEDULES = "constant, cosine, exponential, inv, inverse_time, linear, multistep, plateau, polynomial, step"
INITIALIZERS = (
    "constant, glorot_normal, glorot_uniform, he_normal, he_uniform, lecun_normal, lecun_uniform, normal, "
    "orthogonal, truncated_normal, uniform"
)


@pytest.mark.parametrize(
    ("key", "kind", "listed"),
    [
        ("augment", "random_erasing", AUGMENTATIONS),
        ("augment", "vertical_flip", AUGMENTATIONS),
        ("evaluate", "five_crop", "evaluation kinds: center_crop, ten_crop"),
        ("schedule", "one_cycle", f"schedule kinds: {SCHEDULES}"),
        ("weights", "variance_scaling", f"initializer kinds: {INITIALIZERS}"),
        ("weights", "he_uniform_out", f"initializer kinds: {INITIALIZERS}"),
    ],
)
def test_a_recipes_kinds_are_listed_and_none_is_guessed(key: str, kind: str, listed: str) -> None:
    part = f"{{kind: {kind}}}" if key != "augment" else f"[{{kind: {kind}}}]"
    (finding,) = errors(RECIPE.replace("LAYER", DENSE) + f"  {key}: {part}\n")
    assert finding.hint == f"{listed}; a plugin's kind is there once its package is installed"


@pytest.mark.parametrize(
    ("key", "kind", "meant"),
    [("schedule", "plateu", "plateau"), ("schedule", "Steps", "step"), ("evaluate", "tne_crop", "ten_crop")],
)
def test_a_slip_in_a_kind_is_guessed(key: str, kind: str, meant: str) -> None:
    hints = [d.hint for d in found(RECIPE.replace("LAYER", DENSE) + f"  {key}: {{kind: {kind}}}\n")]
    assert any(hint and hint.startswith(f"did you mean '{meant}'? ") for hint in hints)


def test_the_good_spec_is_good() -> None:
    assert found(GOOD) == []


def test_options_that_are_not_set_are_not_written() -> None:
    """So that the resolved spec of a run, and its hash, stay what they were before an option came."""
    made = spec.load(document.parse(GOOD, "x.yaml")).as_yaml()["training"]["optimizer"]
    assert made == {
        "kind": "sgd",
        "learning_rate": 0.1,
        "momentum": 0.0,
        "nesterov": False,
        "rate": "inside",
        "weight_decay": 0.0,
    }
    text = GOOD.replace("0.1}", "0.1, biases: {weight_decay: 0}, clip_norm: 5}")
    made = spec.load(document.parse(text, "x.yaml")).as_yaml()["training"]["optimizer"]
    assert (made["biases"], made["clip_norm"]) == ({"weight_decay": 0.0}, 5.0)


CASES: list[tuple[str, str, str, int, str]] = [
    # what is replaced, by what, code, line, words of message or hint
    ("filters: 8", "filter: 8", "SN201", 6, "did you mean 'filters'?"),
    ("groups:", "group:", "SN201", 3, "did you mean 'groups'?"),
    ("learning_rate", "learningrate", "SN201", 11, "did you mean 'learning_rate'?"),
    ("kind: conv", "kind: convolution", "SN204", 6, "unknown layer kind 'convolution'"),
    ("kind: sgd", "kind: lion", "SN204", 11, "unknown optimizer kind 'lion'"),
    ("kind: conv, ", "", "SN204", 6, "the key 'kind' is missing"),
    ("filters: 8, ", "", "SN202", 6, "the key 'filters' is missing"),
    ("from: image, ", "", "SN202", 6, "the key 'from' is missing"),
    ("specnet: 1\n", "", "SN202", 1, "the key 'specnet' is missing"),
    ("specnet: 1", "specnet: 2", "SN206", 1, "version 2"),
    ("filters: 8", "filters: eight", "SN203", 6, "expected a whole number, got the text 'eight'"),
    ("filters: 8", "filters: true", "SN203", 6, "expected a whole number, got true"),
    ("filters: 8", "filters: 8.5", "SN203", 6, "expected a whole number, got 8.5"),
    ("filters: 8", "filters: '8'", "SN203", 6, "expected a whole number, got the text '8'"),
    ("filters: 8", "filters: 0", "SN207", 6, "filters must be greater than or equal to 1, not 0"),
    ("filters: 8", "filters: 1000000000000", "SN207", 6, "filters must be less than or equal to"),
    ("kernel: 3", "kernel: [3, 3, 3]", "SN203", 6, "[height, width]"),
    ("0.1", "1e300", "SN207", 11, "learning_rate must be less than or equal to 1000000000, not 1e+300"),
    ("0.1", "0.1, clip_norm: -1", "SN207", 11, "clip_norm must be greater than 0, not -1"),
    ("0.1", "0.1, biases: {}", "SN207", 11, "name learning_rate, weight_decay or both"),
    ("0.1}", "0.1}\n  schedule: {kind: multistep, factor: 0.1, at: [2, 2]}", "SN207", 12, "[2, 2]"),
    ("0.1}", "0.1}\n  schedule: {kind: multistep, factor: 0.1, at: [0]}", "SN207", 12, "at[0] must be"),
    ("padding: 1", "padding: SAME", "SN203", 6, "did you mean 'same'?"),
    ("filters: 8", "filters: '8'", "SN203", 6, "write 8, without quotes"),
    ("cross_group: true", "cross_group: yes", "SN203", 8, "write true"),
    ("activation: relu", "activation: ReLU", "SN206", 6, "did you mean 'relu'?"),
    ("{kind: sgd, learning_rate: 0.1}", "sgd", "SN204", 11, "write {kind: sgd}"),
    ("padding: 1", "padding: valid", "SN203", 6, "leave it out for no padding"),
    ("padding: 1", "padding: -1", "SN203", 6, "expected a number of pixels"),
    ("activation: relu", "activation: rleu", "SN206", 6, "did you mean 'relu'?"),
    ("learning_rate: 0.1", "learning_rate: .inf", "SN207", 11, "finite"),
    ("learning_rate: 0.1", "learning_rate: fast", "SN203", 11, "expected a number, got the text 'fast'"),
    ("cross_group: true", "cross_group: yes", "SN203", 8, "expected true or false, got the text 'yes'"),
    ("shape: [3, 12, 12]", "shape: 3", "SN203", 5, "[channels, height, width]"),
    ("kind: input, ", "kind: input, from: conv1, ", "SN203", 5, "an input reads nothing"),
    ("  conv1:", "  conv 1:", "SN205", 6, "is not a name"),
    ("name: small", "name: a/b", "SN205", 2, "is not a name"),
    ("[left, right]", "[left, left]", "SN505", 3, "named twice"),
    ("  conv1: {kind: conv, from: image, filters: 8, kernel: 3, padding: 1, activation: relu}", "  conv1: 3",
     "SN204", 6, "expected a mapping with a 'kind', got 3"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "line", "words"), CASES)
def test_schema_findings(old: str, new: str, code: str, line: int, words: str) -> None:
    assert GOOD.count(old) >= 1
    (finding, *others) = found(GOOD.replace(old, new, 1))
    assert finding.position is not None
    assert (finding.code, finding.position.line) == (code, line)
    assert words in f"{finding.message} {finding.hint}"
    assert [d.code for d in others if d.code != "SN301"] == [], "nothing else is reported"


EMPTY_KEYS = """\
specnet: 1
name: x
data:
layers:
  image: {kind: input, shape: [4]}
  d: {kind: dense, from: image, units: 2, bias: null, activation: ~}
  e: {kind: , from: d, units: 3}
  f:
training:
  loss: {kind: softmax_cross_entropy, from: d}
  optimizer: {kind: sgd, learning_rate: 0.1, biases: , clip_norm: }
assumed:
"""


def test_a_key_without_a_value_is_a_finding_everywhere() -> None:
    found = examine(document.parse(EMPTY_KEYS, "x.yaml")).diagnostics
    keys = [("data", 3, 1), ("bias", 6, 43), ("activation", 6, 55), ("kind", 7, 7), ("f", 8, 3)]
    keys += [("biases", 11, 46), ("clip_norm", 11, 56), ("assumed", 12, 1)]
    places = [(d.message, d.position.line, d.position.column) for d in found if d.position]
    assert places == [(f"'{key}' has no value", line, column) for key, line, column in keys]
    assert found[-1].hint == "remove the key or give it one"


def test_one_empty_key_is_found_in_a_spec_that_is_good_otherwise() -> None:
    text = EMPTY_KEYS.split("data:", maxsplit=1)[0] + EMPTY_LAST
    (finding,) = examine(document.parse(text, "x.yaml")).diagnostics
    assert (finding.code, finding.message) == ("SN203", "'training' has no value")


EMPTY_LAST = (
    "layers:\n  image: {kind: input, shape: [4]}\n  d: {kind: dense, from: image, units: 2}\ntraining:\n"
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (10**99, "a number of 100 digits"),
        ("-" + "9" * 5000, "a number of 5,000 digits"),
        ("9" * 7, "the text '9999999'"),
        (["d", None, True], "the list [d, nothing, true]"),
    ],
)
def test_values_in_words(value: object, words: str) -> None:
    assert shown(value) == words


def test_findings_of_schema_and_graph_come_together() -> None:
    text = GOOD.replace("filters: 8", "filter: 8").replace("from: pool1", "from: pool2")
    assert [d.code for d in found(text)] == ["SN201", "SN301"]


def test_a_finding_reads_like_a_compilers() -> None:
    (finding,) = found(GOOD.replace("activation: relu", "activation: rleu"))
    assert str(finding) == (
        "x.yaml:6:85: error SN206: activation: the text 'rleu' is not one of "
        "elu, gelu, gelu_tanh, hard_sigmoid, hard_swish, leaky_relu, relu, relu6, scaled_tanh, "
        "sigmoid, silu, softmax, softplus, tanh\n"
        "  6 |   conv1: {kind: conv, from: image, filters: 8, kernel: 3, padding: 1, activation: rleu}\n"
        "    |                                                                                   ^^^^\n"
        "  hint: did you mean 'relu'?"
    ).replace("6:85", f"6:{finding.position.column if finding.position else 0}")


def test_a_spec_from_a_mapping() -> None:
    data: dict[str, Any] = {
        "specnet": 1,
        "name": "tiny",
        "layers": {
            "image": {"kind": "input", "shape": [4]},
            "fc": {"kind": "dense", "from": "image", "units": 2},
        },
    }
    assert spec.load(data).groups == ("gpu0",)
    data["layers"]["fc"]["units"] = "2"
    with pytest.raises(SpecError, match=r"layers\.fc\.units: .*expected a whole number"):
        spec.load(data)


def test_resolved_specs_are_read_back(specs: Any) -> None:
    paths = sorted(specs.glob("*.yaml"))
    assert len(paths) >= 7
    for path in paths:
        loaded = spec.load(path)
        again = spec.load(document.parse(as_text(loaded)))
        assert again.as_yaml() == loaded.as_yaml(), path.name


def test_numbers_are_one_meaning_however_they_are_written() -> None:
    plain: Callable[[str], Any] = lambda text: spec.load(document.parse(text)).as_yaml()  # noqa: E731
    assert plain(GOOD.replace("padding: 1", "padding: [1, 1, 1, 1]")) == plain(GOOD)
    assert plain(GOOD.replace("kernel: 2}", "kernel: [2, 2], stride: 2}")) == plain(GOOD)
