"""Layers of Caffe: those with a meaning here answer as its documentation says, and the others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from specnet.convert.models.importing import Imported, import_bytes
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.testing import relative_error
from support import caffe_layers, caffe_proto
from support.answers import answers
from support.caffe_nets import given, layer, place

IMAGE = (2, 4, 9, 8)


def one(kind: str, options: str = "", **more: Any) -> str:
    return layer(kind, "y", more.get("bottom", "data"), options=options)


def convolution(options: str) -> str:
    return one("Convolution", f"convolution_param {{ {options} }}")


def pooling(options: str) -> str:
    return one("Pooling", f"pooling_param {{ {options} }}")


BN = layer("BatchNorm", "bn", "data")
SLICE = 'layer { name: "cut" type: "Slice" bottom: "data" top: "a" top: "b" slice_param { %s } }\n'
KNOWN: dict[str, str] = {
    "conv": convolution("num_output: 6 kernel_size: 3"),
    "conv without bias": convolution("num_output: 6 kernel_size: 3 bias_term: false"),
    "conv of other sides": convolution(
        "num_output: 6 kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1 pad_h: 1 pad_w: 2"
    ),
    "conv of lists": convolution("num_output: 6 kernel_size: [3, 2] stride: [1, 2] pad: 1 pad: 0"),
    "conv in blocks": convolution("num_output: 6 kernel_size: 3 group: 2 dilation: 2 pad: 2"),
    "conv, rounded down": convolution("num_output: 3 kernel_size: 3 stride: 4"),
    "max pool": pooling("kernel_size: 3 stride: 2"),
    "max pool, step 1": pooling("kernel_h: 2 kernel_w: 3"),
    "max pool, padded": pooling("kernel_size: 3 stride: 2 pad: 1"),
    "max pool, clipped": pooling("kernel_size: 2 stride: 2 pad: 1"),
    "max pool, down": pooling("kernel_size: 2 stride: 2 round_mode: FLOOR"),
    "mean": pooling("pool: AVE kernel_size: 3 stride: 2"),
    "mean, padded": pooling("pool: AVE kernel_size: 3 stride: 2 pad: 1"),
    "mean, padded otherwise": pooling("pool: AVE kernel_size: 3 stride: 3 pad_h: 2 pad_w: 1"),
    "mean of all": pooling("pool: AVE kernel_h: 9 kernel_w: 8"),
    "global mean": pooling("pool: AVE global_pooling: true"),
    "global maximum": pooling("global_pooling: true"),
    "lrn": one("LRN", "lrn_param { local_size: 3 alpha: 0.1 beta: 0.5 k: 2 }"),
    "lrn by default": one("LRN"),
    "lrn within": one("LRN", "lrn_param { local_size: 3 alpha: 0.5 norm_region: WITHIN_CHANNEL }"),
    "lrn within, k": one("LRN", "lrn_param { local_size: 3 alpha: 0.5 norm_region: WITHIN_CHANNEL k: 3 }"),
    "inner product": one("InnerProduct", "inner_product_param { num_output: 5 }"),
    "inner product, bare": one(
        "InnerProduct", "inner_product_param { num_output: 5 bias_term: false axis: -3 }"
    ),
    "inner product, turned": one("InnerProduct", "inner_product_param { num_output: 5 transpose: true }"),
    "batch norm": one("BatchNorm", "batch_norm_param { eps: 0.01 }"),
    "batch norm, scaled": BN + layer("Scale", "y", "bn", options="scale_param { bias_term: true }"),
    "batch norm, gain alone": BN + layer("Scale", "y", "bn"),
    "batch norm in place": place("BatchNorm", "bn", "data") + layer("Scale", "y", "data"),
    "batch norm read twice": BN
    + layer("Scale", "s", "bn", options="scale_param { bias_term: true }")
    + layer("Eltwise", "y", ["bn", "s"]),
    "batch norm, copied": BN
    + 'layer { name: "copy" type: "Split" bottom: "bn" top: "p" top: "q" }\n'
    + layer("Scale", "s", "p")
    + layer("Concat", "y", ["q", "s"]),
    "scale": one("Scale", "scale_param { bias_term: true }"),
    "bias": one("Bias"),
    "power": one("Power", "power_param { scale: 0.5 shift: -2 }"),
    "gate": pooling("pool: AVE global_pooling: true").replace('"y"', '"m"')
    + layer("Reshape", "r", "m", options="reshape_param { shape { dim: 0 dim: -1 } }")
    + layer("Sigmoid", "g", "r")
    + layer("Scale", "y", ["data", "g"], options="scale_param { axis: 0 }"),
    "relu": one("ReLU"),
    "leaky relu": one("ReLU", "relu_param { negative_slope: 0.2 }"),
    "elu": one("ELU", "elu_param { alpha: 0.5 }"),
    "tanh": one("TanH"),
    "sigmoid": one("Sigmoid"),
    "softplus": one("BNLL"),
    "softmax": one("Softmax"),
    "softmax of a mean": pooling("pool: AVE global_pooling: true").replace('"y"', '"m"')
    + layer("Softmax", "y", "m"),
    "dropout": one("Dropout", "dropout_param { dropout_ratio: 0.3 }") + place("ReLU", "z", "y"),
    "concat": layer("TanH", "t", "data") + layer("Concat", "y", ["t", "data", "t"]),
    "concat, of old": layer("Concat", "y", ["data", "data"], options="concat_param { concat_dim: 1 }"),
    "sum": layer("TanH", "t", "data") + layer("Eltwise", "y", ["t", "data"]),
    "sum, said": layer("TanH", "t", "data")
    + layer("Eltwise", "y", ["t", "data"], options="eltwise_param { operation: SUM coeff: 1 coeff: 1 }"),
    "product": layer("TanH", "t", "data")
    + layer("Eltwise", "y", ["t", "data"], options="eltwise_param { operation: PROD }"),
    "slice": SLICE % "slice_point: 1" + layer("Concat", "y", ["b", "a"]),
    "slice in halves": SLICE % "axis: -3" + layer("Eltwise", "y", ["b", "a"]),
    "slice of old": SLICE % "slice_dim: 1 slice_point: 2" + layer("Eltwise", "y", ["b", "a"]),
    "flatten": one("Flatten", "flatten_param { axis: 1 end_axis: -1 }"),
    "reshape": one("Reshape", "reshape_param { shape { dim: 0 dim: -1 } }"),
    "reshape to the same": one("Reshape", "reshape_param { shape { dim: 0 dim: 4 dim: -1 dim: 8 } }")
    + layer("ReLU", "z", "y"),
    "in place, read before": layer("TanH", "t", "data") + place("ReLU", "r", "data")
    + layer("Eltwise", "y", ["t", "data"]),
    "silence": SLICE % "" + layer("TanH", "y", "a") + 'layer { name: "s" type: "Silence" bottom: "b" }\n',
}  # fmt: skip


def imported(text: str) -> tuple[Imported, Any]:
    net = caffe_layers.with_random_weights(caffe_proto.net(given(*IMAGE) + text), 1)
    return import_bytes(net.SerializeToString(), "made.caffemodel"), net


@pytest.mark.slow
@pytest.mark.parametrize("case", KNOWN)
def test_the_answer_is_that_of_the_documentation(case: str) -> None:
    """The largest error measured is 2.0e-8, of `batch norm, scaled`: weights are read as float32."""
    spec, net = imported(KNOWN[case])
    images = np.random.default_rng(0).standard_normal(IMAGE)
    (found,) = answers(spec.network, spec.weights(), images)
    expected = caffe_layers.forward(net, images)[
        "z" if 'name: "z" type: "ReLU" bottom: "y" top: "z"' in KNOWN[case] else "y"
    ]
    assert relative_error(found.reshape(expected.shape), expected) < 1e-7, spec.text


@pytest.mark.parametrize("case", KNOWN)
def test_a_text_and_its_bytes_are_the_same_spec(case: str) -> None:
    spec, net = imported(KNOWN[case])
    text = import_bytes((given(*IMAGE) + KNOWN[case]).encode(), "made.prototxt").text
    assert text.splitlines()[1:] == spec.text.splitlines()[1:]
    assert net.layer[-1].name in KNOWN[case]


@pytest.mark.parametrize(
    ("case", "written"),
    [
        (
            "conv of lists",
            "conv, from: data, filters: 6, kernel: [3, 2], stride: [1, 2], padding: [1, 1, 0, 0]}",
        ),
        ("max pool", '"y": {kind: max_pool, from: data, kernel: 3, stride: 2, rounding: clip}'),
        ("max pool, clipped", '"y": {kind: max_pool, from: data, kernel: 2, padding: 1}'),
        ("mean, padded", "padding: 1, rounding: clip, count_padding: true}"),
        (
            "lrn by default",
            '"y": {kind: lrn, from: data, size: 5, k: 1, alpha: 1, beta: 0.75, alpha_over: size}',
        ),
        ("lrn within, k", "# 'y' has k 3, which Caffe takes for 1 within a channel."),
        ("batch norm, scaled", "bn: {kind: batch_norm, from: data, momentum: 0.999}"),
        ("batch norm, gain alone", "bn: {kind: batch_norm, from: data, momentum: 0.999, shift: false}"),
        ("batch norm read twice", "s: {kind: scale, from: bn, offset: 0}"),
        ("power", '"y": {kind: scale, from: data, gain: 0.5, offset: -2, trainable: false}'),
        ("leaky relu", "function: {kind: leaky_relu, slope: 0.2}"),
        ("slice", "a: {kind: slice, from: data, channels: [0, 1]}"),
    ],
)
def test_it_is_said_in_as_few_words_as_it_can(case: str, written: str) -> None:
    assert written in imported(KNOWN[case])[0].text


REFUSED: dict[str, tuple[str, str]] = {
    "unknown": (one("Deconvolution"), "a layer of the type Deconvolution has no meaning"),
    "prelu": (one("PReLU"), "a layer of the type PReLU has no meaning"),
    "code": (one("Python", 'python_param { module: "os" layer: "x" }'), "of the type Python"),
    "no type": ('layer { name: "y" bottom: "data" top: "y" }', "without a type"),
    "stochastic": (pooling("pool: STOCHASTIC kernel_size: 2"), "STOCHASTIC pooling"),
    "maxima": (pooling("kernel_size: 2").replace('top: "y"', 'top: "y" top: "m"'), "where the maxima are"),
    "no kernel": (pooling("stride: 2"), "its 'kernel_size' is missing"),
    "kernel of all": (pooling("global_pooling: true kernel_size: 2"), "no kernel of its own"),
    "beyond the image": (pooling("kernel_size: 1 stride: 5"), "which no rounding here does"),
    "said twice": (convolution("num_output: 2 kernel_size: 3 kernel_h: 3"), "say the same thing"),
    "three dimensions": (convolution("num_output: 2 kernel_size: [1, 2, 3]"), "it has 3 dimensions"),
    "other axis": (convolution("num_output: 2 kernel_size: 3 axis: 2"), "another dimension"),
    "even lrn": (one("LRN", "lrn_param { local_size: 4 }"), "over 4 maps"),
    "inner axis": (one("InnerProduct", "inner_product_param { num_output: 5 axis: 2 }"), "over all values"),
    "batch in evaluation": (
        one("BatchNorm", "batch_norm_param { use_global_stats: false }"),
        "in evaluation, too",
    ),
    "scale of pixels": (one("Scale", "scale_param { axis: 2 }"), "a gain for each channel"),
    "power 2": (one("Power", "power_param { power: 2 }"), "only a power of 1"),
    "maximum": (
        layer("Eltwise", "y", ["data", "data"], options="eltwise_param { operation: MAX }"),
        "a maximum of several layers",
    ),
    "difference": (
        layer("Eltwise", "y", ["data", "data"], options="eltwise_param { coeff: 1 coeff: -1 }"),
        "other coefficients than 1",
    ),
    "rows joined": (
        layer("Concat", "y", ["data", "data"], options="concat_param { axis: 2 }"),
        "something else than channels",
    ),
    "slice of rows": (SLICE % "axis: 2", "cuts something else than channels"),
    "slice out of order": (SLICE % "slice_point: 7", "do not cut 4 channels into 2 parts"),
    "softmax of rows": (one("Softmax", "softmax_param { axis: 2 }"), "along the channels"),
    "flatten of images": (one("Flatten", "flatten_param { axis: 0 }"), "are made a row here"),
    "images mixed": (one("Reshape", "reshape_param { shape { dim: 1 dim: -1 } }"), "several images into one"),
    "other sizes": (
        one("Reshape", "reshape_param { shape { dim: 0 dim: 3 dim: 100 } }"),
        "288 values do not make",
    ),
    "other shape": (
        one("Reshape", "reshape_param { shape { dim: 0 dim: 8 dim: -1 dim: 4 } }"),
        "it makes 8x9x4 of 4x9x8",
    ),
    "shared": (
        layer(
            "InnerProduct", "y", "data", options='param { name: "w" } inner_product_param { num_output: 5 }'
        ),
        "shares its weights by the name 'w'",
    ),
    "nothing makes it": (one("ReLU", bottom="other"), "reads 'other', which nothing before it makes"),
    "two inputs": (layer("ReLU", "y", ["data", "data"]), "it reads 2 blobs, not 1"),
    "too large": (pooling("kernel_size: 20"), "does not fit into 4x9x8"),
    "unknown field": (convolution("num_output: 2 kernel_size: 3 dilate: 2"), "Caffe has no field 'dilate'"),
    "relu between": (one("Clip", "clip_param { min: -1 max: 1 }"), "between -1.0 and 1.0"),
    "pixels": (layer("SoftmaxWithLoss", "y", ["data", "label"]), "for each pixel of 4x9x8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused_with_its_place(case: str) -> None:
    text, message = REFUSED[case]
    label = 'layer { name: "l" type: "DummyData" top: "label" }\n' if "label" in text else ""
    with pytest.raises(SpecError) as caught:
        import_bytes((given(*IMAGE) + label + text).encode(), "made.prototxt")
    (finding,) = caught.value.diagnostics
    assert message in finding.message
    assert finding.position is not None
    assert finding.position.line >= 2
    assert finding.position.source


def test_a_refusal_in_bytes_names_the_layer() -> None:
    net = caffe_proto.net(given(*IMAGE) + pooling("pool: STOCHASTIC kernel_size: 2"))
    with pytest.raises(SpecError, match=r"layer 'y': pool: STOCHASTIC pooling"):
        import_bytes(net.SerializeToString(), "made.caffemodel")


def test_every_refusal_is_told_at_once_and_what_follows_is_passed_over() -> None:
    text = layer("PReLU", "a", "data") + layer("ReLU", "b", "a") + layer("Crop", "c", "data")
    with pytest.raises(SpecError) as caught:
        import_bytes((given(*IMAGE) + text).encode(), "made.prototxt")
    told = [
        (finding.position.line, finding.position.text)
        for finding in caught.value.diagnostics
        if finding.position
    ]
    assert told == [(2, '"PReLU"'), (4, '"Crop"')]


def test_weights_of_other_sizes_are_refused() -> None:
    _, net = imported(convolution("num_output: 6 kernel_size: 3"))
    net.layer[1].convolution_param.num_output = 7
    with pytest.raises(SpecError, match="its weight has 6 x 4 x 3 x 3 values, where 7 x 4 x 3 x 3 fit"):
        import_bytes(net.SerializeToString(), "made.caffemodel")


def test_weights_that_are_too_few_are_damaged() -> None:
    _, net = imported(convolution("num_output: 6 kernel_size: 3"))
    del net.layer[1].blobs[0].data[-1]
    spec = import_bytes(net.SerializeToString(), "made.caffemodel")
    with pytest.raises(UsageError, match="a blob is damaged: it has 215 values for the sizes 6 x 4 x 3 x 3"):
        spec.weights()


def test_weights_in_double_and_in_four_sizes_are_read() -> None:
    _, net = imported(convolution("num_output: 6 kernel_size: 3"))
    before = import_bytes(net.SerializeToString(), "made.caffemodel").weights()
    bias = net.layer[1].blobs[1]
    bias.double_data.extend(bias.data)
    bias.ClearField("data")
    bias.ClearField("shape")
    bias.num, bias.channels, bias.height, bias.width = 1, 1, 1, 6
    after = import_bytes(net.SerializeToString(), "made.caffemodel").weights()
    np.testing.assert_array_equal(before["y.gpu0.bias"], after["y.gpu0.bias"])
    assert np.any(after["y.gpu0.bias"])


def test_statistics_of_no_steps_are_zero() -> None:
    _, net = imported(one("BatchNorm"))
    net.layer[1].blobs[2].data[0] = 0
    spec = import_bytes(net.SerializeToString(), "made.caffemodel")
    assert not np.any(spec.weights()["y.gpu0.running_var"])
