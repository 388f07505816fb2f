"""ONNX's operators: those with a meaning here answer as ONNX Runtime does, and the others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from specnet.convert.models.importing import Imported, import_bytes
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.testing import relative_error
from support.answers import answers
from support.onnx_models import model, run

CONV = {"w": (6, 4, 3, 3), "b": (6,)}
BN = {"g": (4,), "o": (4,), "m": (4,), "var": (4,)}
KNOWN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "conv": ("y = Conv(x, w, b)", CONV, {}),
    "conv without bias": ("y = Conv <pads=[1,0,2,1], strides=[2,1]> (x, w)", {"w": (6, 4, 3, 2)}, {}),
    "conv in blocks": ("y = Conv <group=2, dilations=[2,1]> (x, w)", {"w": (6, 2, 3, 3)}, {}),
    "conv same": ('y = Conv <auto_pad="SAME_UPPER", strides=[2,2]> (x, w, b)', CONV, {}),
    "conv valid": ('y = Conv <auto_pad="VALID", kernel_shape=[3,3]> (x, w, b)', CONV, {}),
    "conv and sum": ("a = Conv(x, w)\ny = Add(a, c)", {"w": (6, 4, 3, 3), "c": (6, 1, 1)}, {}),
    "max pool": ("y = MaxPool <kernel_shape=[3,3], strides=[2,2]> (x)", {}, {}),
    "max pool, step 1": ("y = MaxPool <kernel_shape=[2,3]> (x)", {}, {}),
    "max pool, ceil": ("y = MaxPool <kernel_shape=[2,2], strides=[2,2], ceil_mode=1> (x)", {}, {}),
    "max pool, ceil and padded": (
        "y = MaxPool <kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1], ceil_mode=1> (x)",
        {},
        {},
    ),
    "mean": ("y = AveragePool <kernel_shape=[3,2], strides=[2,2], pads=[1,0,1,0]> (x)", {}, {}),
    "mean with zeros": (
        "y = AveragePool <kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1], count_include_pad=1> (x)",
        {},
        {},
    ),
    "mean of all": ("y = AveragePool <kernel_shape=[9,8]> (x)", {}, {}),
    "global mean": ("a = GlobalAveragePool(x)\ny = Flatten(a)", {}, {}),
    "global mean of one pixel": ("a = GlobalAveragePool(x)\ny = Conv(a, w)", {"w": (6, 4, 1, 1)}, {}),
    "global maximum": ("y = GlobalMaxPool(x)", {}, {}),
    "mean by reduction": ("y = ReduceMean <axes=[2,3], keepdims=0> (x)", {}, {}),
    "mean by reduction, 18": ("y = ReduceMean(x, a)", {"a": np.array([-1, -2])}, {"opset": 18}),
    "lrn": ("y = LRN <size=3, alpha=0.1, beta=0.5, bias=2.0> (x)", {}, {}),
    "batch norm": ("y = BatchNormalization <epsilon=0.01> (x, g, o, m, var)", BN, {}),
    "batch norm, gain and offset": (
        "a = BatchNormalization(x, g, o, m, var)\nb = Mul(a, p)\ny = Add(q, b)",
        {**BN, "p": (4, 1, 1), "q": (1, 4, 1, 1)},
        {},
    ),
    "a gain": ("y = Mul(x, p)", {"p": (4, 1, 1)}, {}),
    "a gain and an offset": ("a = Mul(x, p)\ny = Add(a, q)", {"p": (4, 1, 1), "q": (4, 1, 1)}, {}),
    "a number": ("a = Div(x, p)\ny = Sub(a, q)", {"p": np.float32(3), "q": np.float32(0.5)}, {}),
    "a gain read twice": (
        "a = BatchNormalization(x, g, o, m, var)\nb = Mul(a, p)\ny = Add(a, b)",
        {**BN, "p": (4, 1, 1)},
        {},
    ),
    "gemm": ("a = Flatten(x)\ny = Gemm(a, w, b)", {"w": (288, 5), "b": (5,)}, {}),
    "gemm transposed": ("a = Flatten(x)\ny = Gemm <transB=1> (a, w)", {"w": (5, 288)}, {}),
    "gemm with one bias": ("a = Flatten(x)\ny = Gemm(a, w, b)", {"w": (288, 5), "b": (1,)}, {}),
    "matmul and sum": ("a = Flatten(x)\nb = MatMul(a, w)\ny = Add(b, c)", {"w": (288, 5), "c": (5,)}, {}),
    "reshape to a row": ("a = Reshape(x, s)\ny = MatMul(a, w)", {"s": np.array([2, -1]), "w": (288, 5)}, {}),
    "reshape by zero": ("y = Reshape(x, s)", {"s": np.array([0, 288])}, {}),
    "reshape by shape": (
        "s = Shape(x)\nn = Gather(s, zero)\nm = Unsqueeze(n, zeros)\nr = Concat <axis=0> (m, rest)\n"
        "y = Reshape(x, r)",
        {"zero": np.array(0), "zeros": np.array([0]), "rest": np.array([-1])},
        {},
    ),
    "channels last": (
        "a = Transpose <perm=[0,2,3,1]> (x)\nb = Reshape(a, s)\ny = MatMul(b, w)",
        {"s": np.array([2, -1]), "w": (288, 5)},
        {},
    ),
    "there and back": (
        "a = Transpose <perm=[0,2,3,1]> (x)\nb = Relu(a)\ny = Transpose <perm=[0,3,1,2]> (b)",
        {},
        {},
    ),
    "input with channels last": (
        "a = Transpose <perm=[0,3,1,2]> (x)\ny = Conv(a, w)",
        {"w": (6, 8, 3, 3)},
        {},
    ),
    "shuffle": (
        "a = Reshape(x, s)\nb = Transpose <perm=[0,2,1,3,4]> (a)\ny = Reshape(b, t)",
        {"s": np.array([2, 2, 2, 9, 8]), "t": np.array([2, 4, 9, 8])},
        {},
    ),
    "concat": ("a = Relu(x)\ny = Concat <axis=1> (a, x, a)", {}, {}),
    "split": ("a, b = Split <axis=1> (x, s)\nc = Relu(a)\ny = Add(c, b)", {"s": np.array([2, 2])}, {}),
    "split of old": ("a, b = Split <axis=1, split=[1,3]> (x)\ny = Concat <axis=1> (b, a)", {}, {"opset": 11}),
    "slice of channels": (
        "y = Slice(x, s, e, a)",
        {"s": np.array([1]), "e": np.array([3]), "a": np.array([1])},
        {},
    ),
    "slice of pixels": (
        "y = Slice(x, s, e, a)",
        {"s": np.array([1, 2]), "e": np.array([-1, 2**62]), "a": np.array([2, 3])},
        {},
    ),
    "slice of old": ("y = Slice <starts=[1], ends=[3], axes=[1]> (x)", {}, {"opset": 9}),
    "pad": ("y = Pad(x, p)", {"p": np.array([0, 0, 1, 2, 0, 0, 3, 0])}, {}),
    "pad of old": ("a = Pad <pads=[0,0,1,1,0,0,1,1]> (x)\ny = Conv(a, w, b)", CONV, {"opset": 9}),
    "pad of a maximum": (
        "a = Pad(x, p)\ny = MaxPool <kernel_shape=[2,2]> (a)",
        {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])},
        {},
    ),
    "add": ("a = Relu(x)\ny = Add(a, x)", {}, {}),
    "sum of three": ("a = Relu(x)\nb = Tanh(x)\ny = Sum(a, b, x)", {}, {}),
    "gate": ("a = GlobalAveragePool(x)\nb = Sigmoid(a)\ny = Mul(b, x)", {}, {}),
    "relu": ("y = Relu(x)", {}, {}),
    "sigmoid": ("y = Sigmoid(x)", {}, {}),
    "tanh": ("y = Tanh(x)", {}, {}),
    "softplus": ("y = Softplus(x)", {}, {}),
    "leaky relu": ("y = LeakyRelu <alpha=0.3> (x)", {}, {}),
    "elu": ("y = Elu <alpha=1.5> (x)", {}, {}),
    "hard sigmoid": ("y = HardSigmoid <alpha=0.16666667, beta=0.5> (x)", {}, {}),
    "hard swish": ("y = HardSwish(x)", {}, {"opset": 14}),
    "hard swish of two": ("a = HardSigmoid <alpha=0.16666667> (x)\ny = Mul(x, a)", {}, {}),
    "silu": ("a = Sigmoid(x)\ny = Mul(x, a)", {}, {}),
    "gelu": ("y = Gelu(x)", {}, {"opset": 20}),
    "gelu by tanh": ('y = Gelu <approximate="tanh"> (x)', {}, {"opset": 20}),
    "relu6": ("y = Clip(x, a, b)", {"a": np.float32(0), "b": np.float32(6)}, {}),
    "relu6 of old": ("y = Clip <min=0.0, max=6.0> (x)", {}, {"opset": 9}),
    "softmax": ("a = Flatten(x)\ny = Softmax(a)", {}, {}),
    "softmax of channels": ("y = Softmax <axis=1> (x)", {}, {}),
    "dropout": ("a = Dropout(x, r)\ny = Relu(a)", {"r": np.float32(0.3)}, {}),
    "dropout of old": ("y = Dropout <ratio=0.4> (x)", {}, {"opset": 9}),
    "identity": ("a = Identity(x)\nb = Cast <to=1> (a)\ny = Relu(b)", {}, {}),
    "squeeze": ("a = GlobalAveragePool(x)\ny = Squeeze(a, s)", {"s": np.array([2, 3])}, {}),
    "a constant": ("w = ConstantOfShape(s)\ny = Conv(x, w)", {"s": np.array([6, 4, 3, 3])}, {}),
    "turned weights": (
        "v = Transpose <perm=[1,0]> (w)\na = Flatten(x)\ny = MatMul(a, v)",
        {"w": (5, 288)},
        {},
    ),
}


def imported(nodes: str, constants: dict[str, Any], **how: Any) -> tuple[Imported, Any]:
    made = model(nodes, constants, **how)
    return import_bytes(made.SerializeToString(), "made.onnx"), made


@pytest.mark.slow
@pytest.mark.parametrize("case", KNOWN)
def test_the_answer_is_that_of_onnx_runtime(case: str) -> None:
    """The largest error measured is 2.4e-7, of `gelu`; ONNX Runtime computes in float32."""
    nodes, constants, how = KNOWN[case]
    spec, made = imported(nodes, constants, **how)
    images = np.random.default_rng(0).standard_normal((2, 4, 9, 8)).astype(np.float32)
    expected = run(made, images)[0]
    first_last = "with channels last" in case
    found = answers(spec.network, spec.weights(), images.transpose(0, 3, 1, 2) if first_last else images)[0]
    assert found.size == expected.size
    error = relative_error(found.reshape(expected.shape), expected)
    assert error < 1e-6, spec.text


@pytest.mark.parametrize(
    ("case", "written"),
    [
        ("pad of old", '"y": {kind: conv, from: x, filters: 6, kernel: 3, padding: 1}'),
        ("batch norm, gain and offset", "a: {kind: batch_norm, from: x}"),
        ("matmul and sum", "b: {kind: dense, from: x, units: 5}"),
        ("conv same", '"y": {kind: conv, from: x, filters: 6, kernel: 3, stride: 2, padding: same}'),
        ("max pool", '"y": {kind: max_pool, from: x, kernel: 3, stride: 2, rounding: floor}'),
        ("shuffle", '"y": {kind: channel_shuffle, from: x, groups: 2}'),
        ("hard swish of two", '"y": {kind: activation, from: x, function: hard_swish}'),
        ("a number", "a: {kind: scale, from: x, gain: 0.3333333, offset: -0.5, trainable: false}"),
    ],
)
def test_it_is_said_in_as_few_words_as_it_can(case: str, written: str) -> None:
    nodes, constants, how = KNOWN[case]
    assert written in imported(nodes, constants, **how)[0].text


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown": (
        "y = DepthToSpace <blocksize=2> (x)",
        {},
        "(DepthToSpace): this operator has no meaning",
    ),
    "same lower": ('y = Conv <auto_pad="SAME_LOWER"> (x, w, b)', CONV, "SAME_LOWER"),
    "alpha": ("a = Flatten(x)\ny = Gemm <alpha=0.5> (a, w)", {"w": (288, 5)}, "its alpha is 0.5"),
    "beta": ("a = Flatten(x)\ny = Gemm <beta=2.0> (a, w, b)", {"w": (288, 5), "b": (5,)}, "its beta is 2"),
    "turned input": ("a = Flatten(x)\ny = Gemm <transA=1> (a, w)", {"w": (2, 5)}, "exchanged"),
    "computed weights": ("y = Conv(x, x)", {}, "is computed"),
    "dilated pool": ("y = MaxPool <kernel_shape=[2,2], dilations=[2,2]> (x)", {}, "dilation"),
    "even lrn": ("y = LRN <size=4> (x)", {}, "4 maps"),
    "training": ("y = BatchNormalization <training_mode=1> (x, g, o, m, var)", BN, "step of training"),
    "reflection": ('y = Pad <mode="reflect"> (x, p)', {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}, "reflect"),
    "clip": ("y = Clip(x, a, b)", {"a": np.float32(-1), "b": np.float32(1)}, "between -1.0 and 1.0"),
    "other constants": ("y = Add(x, c)", {"c": (9, 8)}, "constants of other sizes"),
    "images joined": ("y = Concat <axis=0> (x, x)", {}, "something else than channels"),
    "images mixed": ("y = Reshape(x, s)", {"s": np.array([1, -1])}, "several images"),
    "weights that do not fit": ("y = Conv(x, w)", {"w": (6, 3, 3, 3)}, "values, where 6 x 4 x 3 x 3 fit"),
    "too small": ("y = MaxPool <kernel_shape=[20,20]> (x)", {}, "does not fit into 4x9x8"),
    "nothing makes it": ("y = Relu(z)", {}, "reads 'z', which nothing before it makes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused_with_its_place(case: str) -> None:
    nodes, constants, message = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        imported(nodes, constants)
    (finding,) = caught.value.diagnostics
    assert message in finding.message
    assert finding.message.startswith("node 'y' (")


@pytest.mark.parametrize("image", ["N,4,H,W", "2,4,9", "2,4,9,8,7"])
def test_sizes_that_are_left_open_are_refused(image: str) -> None:
    with pytest.raises(SpecError, match="input 'x'"):
        imported("y = Relu(x)", {}, image=image)


def test_every_refusal_is_told_at_once_and_what_follows_is_passed_over() -> None:
    with pytest.raises(SpecError) as caught:
        imported("a = Det(x)\nb = Relu(a)\nc = Size(x)\ny = Add(b, c)", {})
    assert [finding.message.split(":")[0] for finding in caught.value.diagnostics] == [
        "node 'a' (Det)",
        "node 'c' (Size)",
    ]


@pytest.mark.parametrize("data", [b"", b"\x08\x03", b"\xff" * 100, b"specnet: 1\n"])
def test_what_is_no_model_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UsageError, match="no ONNX file"):
        import_bytes(data, "made.onnx")


def test_weights_beside_the_file_are_not_opened() -> None:
    made = model("y = Conv(x, w)", {"w": (6, 4, 3, 3)})
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="/etc/passwd")
    spec = import_bytes(made.SerializeToString(), "made.onnx")
    with pytest.raises(UsageError, match="another file, which is not opened"):
        spec.weights()
