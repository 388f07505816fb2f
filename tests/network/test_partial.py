"""What is known of a network that is not valid: every shape that can be, and how far it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

import specnet
from specnet.network.network import Examination, examine
from specnet.network.partial import PartialNetwork
from specnet.syntax import document
from support.helpers import HEAD

ONE = "specnet: 1\nname: small\nlayers:\n  image: {kind: input, shape: [3, 9, 9]}\n"
CONV = "  conv: {kind: conv, from: image, filters: 8, kernel: 3}\n"
BROKEN = "  conv: {kind: conv, from: image, filters: 8, kernel: 99}\n"
REST = (
    "  pool: {kind: max_pool, from: conv, kernel: 7}\n"
    "  fc: {kind: dense, from: pool, units: 10}\n"
    "  relu: {kind: activation, from: fc, function: relu}\n"
    "  out: {kind: dense, from: relu, units: 4}\n"
)


def examined(layers: str, head: str = ONE) -> Examination:
    return examine(document.parse(head + layers, "x.yaml"))


def partial(layers: str, head: str = ONE) -> PartialNetwork:
    made = examined(layers, head)
    assert made.network is None
    assert made.errors
    return made.partial


def shapes(layers: str, head: str = ONE) -> dict[str, tuple[int, ...] | None]:
    return {name: state.shape for name, state in partial(layers, head).layers.items()}


def test_a_valid_network_is_known_altogether() -> None:
    made = examined(CONV + REST)
    assert made.network is not None
    assert made.partial.graph is made.network.graph
    states = made.partial.layers
    assert {state.standing for state in states.values()} == {"sound"}
    assert all(state.certain for state in states.values())
    assert states["conv"].shape == (8, 7, 7)
    assert {name: state.shape for name, state in states.items()} == {
        name: made.network.output_shape(name) for name in states
    }


def test_a_dense_layer_below_a_fault_is_known_again_and_so_is_what_follows() -> None:
    states = partial(BROKEN + REST).layers
    assert [(s.name, s.shape, s.standing, s.certain) for s in states.values()] == [
        ("image", (3, 9, 9), "sound", True),
        ("conv", None, "at fault", False),
        ("pool", None, "below a fault", False),
        ("fc", (10,), "below a fault", True),
        ("relu", (10,), "below a fault", True),
        ("out", (4,), "below a fault", True),
    ]


def test_the_last_known_shapes_are_those_of_the_nearest_layers_above() -> None:
    side = "  side: {kind: conv, from: image, filters: 2, kernel: 3, stride: 3}\n"
    both = "  both: {kind: add, from: [pool, side]}\n"
    known = partial(BROKEN + REST + side + both)
    assert known.last_known("conv") == {"image": (3, 9, 9)}
    assert known.last_known("pool") == {"image": (3, 9, 9)}
    assert known.last_known("both") == {"image": (3, 9, 9), "side": (2, 3, 3)}
    assert known.last_known("fc") == {}, "it is known"


def test_what_is_wrong_below_a_layer_that_is_known_again_is_said() -> None:
    wrong = BROKEN + REST + "  last: {kind: max_pool, from: relu, kernel: 2}\n"
    assert [d.code for d in examined(wrong).errors] == ["SN402", "SN403"]
    assert [d.code for d in examined(wrong.replace("from: relu", "from: pool")).errors] == ["SN402"]


@pytest.mark.parametrize(
    ("fault", "known"),
    [
        ("  conv: {kind: conv, from: imag, filters: 8, kernel: 3}\n", None),  # SN301
        ("  conv: {kind: conv, from: image, filtres: 8, kernel: 3}\n", None),  # SN201
        ("  conv: {kind: conf, from: image, filters: 8, kernel: 3}\n", None),  # SN204
        ("  conv: {kind: conv, from: conv, filters: 8, kernel: 3}\n", None),  # SN302
        ("  conv: {kind: conv}\n", None),
        ("  conv: 5\n", None),
        ("  conv: {kind: dense, from: image, units: 6, activation: rely}\n", (6,)),  # SN206, units are sound
        ("  conv: {kind: dense, from: conv, units: 6}\n", (6,)),
        ("  conv: {kind: dense, from: image, units: x}\n", None),
    ],
)
def test_every_kind_of_fault(fault: str, known: tuple[int, ...] | None) -> None:
    states = partial(fault + REST.replace("max_pool, from: conv, kernel: 7", "flatten, from: conv")).layers
    assert (states["conv"].shape, states["conv"].standing) == (known, "at fault")
    assert states["pool"].standing == "below a fault"
    assert not states["pool"].certain
    assert (states["fc"].shape, states["fc"].certain) == ((10,), True)
    assert (states["out"].shape, states["out"].certain) == ((4,), True)
    assert states["image"].standing == "sound"


def test_layers_behind_a_cycle_are_known_again() -> None:
    cycle = "  a: {kind: flatten, from: b}\n  b: {kind: flatten, from: a}\n"
    states = partial(cycle + "  fc: {kind: dense, from: a, units: 5}\n").layers
    assert (states["a"].shape, states["a"].standing) == (None, "at fault")
    assert (states["b"].shape, states["b"].certain) == (None, False)
    assert (states["fc"].shape, states["fc"].standing) == ((5,), "below a fault")


def test_a_layer_on_the_wrong_groups_keeps_its_full_shape() -> None:
    """7x7 from 8x8 pixels and a kernel of 2; 5 filters cannot be shared out over two groups."""
    odd = "  conv: {kind: conv, from: image, filters: 5, kernel: 2}\n"
    after = "  flat: {kind: flatten, from: conv}\n  fc: {kind: dense, from: flat, group: a, units: 3}\n"
    known = shapes(odd + after, HEAD)
    assert known == {"image": (4, 8, 8), "conv": (5, 7, 7), "flat": (245,), "fc": (3,)}
    nowhere = odd.replace("filters: 5", "filters: 5, group: c")
    assert shapes(nowhere + after, HEAD) == known
    states = partial(nowhere + after, HEAD).layers
    assert (states["conv"].groups, states["flat"].groups, states["fc"].groups) == (None, None, ("a",))
    assert not states["conv"].certain


def test_nothing_is_said_of_a_layer_that_another_ones_error_may_have_misplaced() -> None:
    """The loss would read a split layer, but only because conv is on no group that there is."""
    text = (
        "  conv: {kind: conv, from: image, group: c, filters: 4, kernel: 3}\n"
        "  fc: {kind: dense, from: conv, units: 3}\n"
        "training:\n  loss: {kind: softmax_cross_entropy, from: fc}\n"
        "  optimizer: {kind: sgd, learning_rate: 1}\n"
    )
    assert [d.code for d in examined(text, HEAD).errors] == ["SN501"]


def test_text_without_layers() -> None:
    for text in ("specnet: 1\nname: x\n", "specnet: 1\nname: x\nlayers: 5\n", "specnet: 1\nlayers: {}\n"):
        made = examine(document.parse(text))
        assert made.partial.layers == {}
        assert made.errors


def test_unknown_groups_leave_what_needs_none() -> None:
    states = partial(CONV + REST, ONE.replace("layers:", "groups: 5\nlayers:")).layers
    assert states["fc"].shape == (10,)
    assert states["fc"].groups is None


def test_a_long_chain_below_a_fault_is_no_recursion_and_takes_no_square_of_time() -> None:
    chain = "".join(f"  l{i}: {{kind: flatten, from: {f'l{i - 1}' if i else 'conv'}}}\n" for i in range(5000))
    known = partial(BROKEN + chain)
    assert known.layers["l4999"].shape is None
    assert known.last_known("l4999") == {"image": (3, 9, 9)}


def test_the_public_function_takes_what_all_of_them_take(specs: Path) -> None:
    """The example of docs/python.md: alexnet with a kernel of 99 in conv2, on 27x27 pixels."""
    data = specnet.load(specs / "alexnet.yaml").as_yaml()
    data["layers"]["conv2"]["kernel"] = 99
    examination = specnet.examine(data)
    assert examination.network is None
    assert [d.code for d in examination.diagnostics] == ["SN402"]
    layers = examination.partial.layers
    assert {name for name, layer in layers.items() if layer.shape is None} == {
        "conv2", "norm2", "pool2", "conv3", "conv4", "conv5", "pool5"
    }  # fmt: skip
    assert (
        examination.partial.last_known("pool5") == {"pool1": layers["pool1"].shape} == {"pool1": (96, 27, 27)}
    )
    assert (layers["fc6"].shape, layers["fc8"].shape) == ((4096,), (1000,))
    path = specs / "alexnet.yaml"
    for source in (path, str(path), specnet.load(path)):
        made = specnet.examine(source)
        assert made.network == specnet.examine(path).network
        assert made.diagnostics == specnet.validate(source) == []
        assert made.spec == specnet.load(path)
