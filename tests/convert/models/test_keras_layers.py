"""Layers of Keras: what each becomes, and what is refused, from configurations alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import SpecError
from support.keras_configs import functional, layer, sequential

ROW = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 12]}}


def text_of(model: Any) -> str:
    return import_bytes(json.dumps(model).encode(), "model.json").text


KNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "conv": (
        layer(
            "Conv2D",
            filters=6,
            kernel_size=[3, 2],
            strides=[2, 2],
            padding="same",
            dilation_rate=[1, 1],
            groups=2,
            activation="relu",
            use_bias=False,
        ),
        '"y": {kind: conv, from: x, filters: 6, kernel: [3, 2], stride: 2, padding: same, groups: 2, '
        "bias: none, activation: relu}",
    ),
    "dilated": (
        layer("Conv2D", filters=6, kernel_size=3, dilation_rate=2),
        '"y": {kind: conv, from: x, filters: 6, kernel: 3, dilation: 2}',
    ),
    "depthwise": (
        layer("DepthwiseConv2D", kernel_size=[3, 3], depth_multiplier=2),
        '"y": {kind: conv, from: x, filters: 8, kernel: 3, groups: 4}',
    ),
    "max pool": (
        layer("MaxPooling2D", pool_size=[2, 2], strides=None),
        '"y": {kind: max_pool, from: x, kernel: 2, rounding: floor}',
    ),
    "mean": (
        layer("AveragePooling2D", pool_size=[3, 2], strides=[1, 1], padding="same"),
        '"y": {kind: avg_pool, from: x, kernel: [3, 2], stride: 1, padding: same}',
    ),
    "global mean": (layer("GlobalAveragePooling2D"), '"y": {kind: global_avg_pool, from: x}'),
    "global maximum kept": (
        layer("GlobalMaxPooling2D", keepdims=True),
        '"y": {kind: global_max_pool, from: x, keep_dims: true}',
    ),
    "batch norm": (
        layer(
            "BatchNormalization", axis=[3], momentum=0.9, epsilon=1e-5, center=False, scale=True, fused=True
        ),
        '"y": {kind: batch_norm, from: x, shift: false}',
    ),
    "layer norm": (
        layer("LayerNormalization", axis=-1, epsilon=0.001, center=True, scale=False),
        '"y": {kind: layer_norm, from: x, epsilon: 0.001, scale: false}',
    ),
    "dense of pixels": (layer("Dense", units=5), '"y": {kind: conv, from: x, filters: 5, kernel: 1}'),
    "dropout": (
        layer("Dropout", rate=0.25, noise_shape=None, seed=3),
        '"y": {kind: dropout, from: x, rate: 0.25}',
    ),
    "relu": (layer("ReLU"), '"y": {kind: activation, from: x, function: relu}'),
    "relu6": (layer("ReLU", max_value=6.0), '"y": {kind: activation, from: x, function: relu6}'),
    "leaky relu": (
        layer("LeakyReLU", alpha=0.20000000298023224),
        '"y": {kind: activation, from: x, function: {kind: leaky_relu, slope: 0.2}}',
    ),
    "leaky relu of its own": (
        layer("LeakyReLU"),
        '"y": {kind: activation, from: x, function: {kind: leaky_relu, slope: 0.3}}',
    ),
    "elu": (layer("ELU", alpha=1.5), '"y": {kind: activation, from: x, function: {kind: elu, alpha: 1.5}}'),
    "softmax": (layer("Softmax", axis=-1), '"y": {kind: activation, from: x, function: softmax}'),
    "leaky by name": (
        layer("Activation", activation="leaky_relu"),
        '"y": {kind: activation, from: x, function: {kind: leaky_relu, slope: 0.2}}',
    ),
    "a function as an object": (
        layer(
            "Activation", activation={"class_name": "function", "config": "swish", "registered_name": "swish"}
        ),
        '"y": {kind: activation, from: x, function: silu}',
    ),
    "hard sigmoid": (
        layer("Activation", activation="hard_sigmoid"),
        '"y": {kind: activation, from: x, function: hard_sigmoid}',
    ),
    "zeros": (
        layer("ZeroPadding2D", padding=[[1, 0], [2, 3]]),
        '"y": {kind: pad, from: x, padding: [1, 0, 2, 3]}',
    ),
    "zeros of one number": (layer("ZeroPadding2D", padding=2), '"y": {kind: pad, from: x, padding: 2}'),
    "cut": (layer("Cropping2D", cropping=[1, 2]), '"y": {kind: pad, from: x, padding: [-1, -1, -2, -2]}'),
    "rescaling": (
        layer("Rescaling", scale=0.5, offset=-1.0),
        '"y": {kind: scale, from: x, gain: 0.5, offset: -1, trainable: false}',
    ),
    "normalization": (
        layer("Normalization", axis=[-1], mean=2.0, variance=4.0, invert=False),
        '"y": {kind: scale, from: x, gain: 0.5, offset: -1, trainable: false}',
    ),
    "reshape": (layer("Reshape", target_shape=[-1]), '"y": {kind: flatten, from: x}'),
    "frozen": (
        layer("Conv2D", filters=2, kernel_size=1, trainable=False),
        '"y": {kind: conv, from: x, filters: 2, kernel: 1, trainable: false}',
    ),
}


@pytest.mark.parametrize("case", KNOWN)
def test_it_is_said_as_a_person_would(case: str) -> None:
    entry, written = KNOWN[case]
    assert f"  {written}\n" in text_of(sequential(entry))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": (layer("UpSampling2D", size=2), "no meaning in a spec"),
    "lambda": (layer("Lambda", function=["4wEA", None, None]), "it holds code, which is not run"),
    "custom": ({**layer("Mine"), "module": "mine", "registered_name": "mine>Mine"}, "'mine>Mine', a class"),
    "custom that has a name of Keras's": (
        {**layer("Conv2D", filters=1, kernel_size=1), "registered_name": "Custom>Conv2D"},
        "a class of somebody's",
    ),
    "another package": (
        {**layer("Dense", units=2), "module": "os.path"},
        "'os.path', which is not Keras's own",
    ),
    "an operation": ({**layer("Roll"), "module": "keras.src.ops.numpy"}, "the operation of"),
    "permute": (layer("Permute", dims=[2, 1, 3]), "other orders"),
    "prelu": (layer("PReLU"), "a slope for each pixel"),
    "spatial dropout": (layer("SpatialDropout2D", rate=0.1), "whole channels"),
    "noise shape": (layer("Dropout", rate=0.1, noise_shape=[None, 1, 1, 4]), "dropped together"),
    "channels first among others": (
        layer("MaxPooling2D", "z", pool_size=2, data_format="channels_first"),
        "its data_format is channels_first",
    ),
    "causal": (layer("Conv2D", filters=1, kernel_size=1, padding="causal"), "its padding is causal"),
    "a window of three": (layer("Conv2D", filters=1, kernel_size=[1, 1, 1]), "its kernel_size are not those"),
    "no filters": (layer("Conv2D", kernel_size=1), "its filters is no whole number, but null"),
    "an activation": (layer("Dense", units=2, activation="selu"), "its activation 'selu' is not known here"),
    "a function with options": (
        layer("Dense", units=2, activation={"class_name": "LeakyReLU", "config": {"negative_slope": 0.1}}),
        "a function with options",
    ),
    "a function of somebody's": (
        layer(
            "Dense", units=2, activation={"class_name": "function", "config": "f", "registered_name": "a>f"}
        ),
        "somebody's own, 'a>f'",
    ),
    "an axis": (layer("BatchNormalization", axis=1), "its axis is 1"),
    "two axes": (layer("LayerNormalization", axis=[1, 2, 3]), "and only the channels"),
    "renorm": (layer("BatchNormalization", renorm=True), "its renorm is True"),
    "rms": (layer("LayerNormalization", rms_scaling=True), "its rms_scaling is True"),
    "a limit": (layer("ReLU", max_value=1.0), "between 0 and 1.0"),
    "a threshold": (layer("ReLU", threshold=0.5), "its threshold is 0.5"),
    "an option that is not known": (
        layer("Dense", units=2, quantization_config={"bits": 8}),
        "its quantization_config",
    ),
    "a shape": (layer("Reshape", target_shape=[3, 3, 32]), "cannot be put into other sizes"),
    "a shape of other values": (layer("Reshape", target_shape=[7]), "it makes [7] of 288 values"),
    "too large a window": (layer("Conv2D", filters=1, kernel_size=20), "does not fit into 4x9x8"),
    "numbers without end": (layer("Rescaling", scale=10**400), "its scale is no number"),
    "huge sizes": (layer("Dense", units=10**12), "as a conv it is not sound"),
    "a mean for each pixel": (
        layer("Normalization", mean=[1.0, 2.0], variance=[1.0, 1.0]),
        "a number for each of 4",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused_with_its_place(case: str) -> None:
    entry, message = REFUSED[case]
    first = layer("AveragePooling2D", "first", pool_size=1, data_format="channels_last")
    with pytest.raises(SpecError) as caught:
        text_of(sequential(first, entry))
    (finding,) = caught.value.diagnostics
    assert message in finding.message
    assert finding.message.startswith(f"layer '{entry['config']['name']}' ({entry['class_name']}): ")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"batch_shape": [None, None, None, 3]}, "its sizes are left open"),
        ({"batch_shape": [None, 3, 9, 9, 9]}, "images have 4 dimensions"),
        ({}, "its shape is null"),
    ],
)
def test_sizes_that_are_left_open_are_refused(image: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match="layer 'x'") as caught:
        text_of(sequential(image={"class_name": "InputLayer", "config": {"name": "x", **image}}))
    assert message in str(caught.value)


def test_hard_sigmoid_of_keras_2_is_another_function() -> None:
    entry = layer("Activation", activation="hard_sigmoid")
    with pytest.raises(SpecError, match="hard_sigmoid before Keras 3"):
        text_of(sequential(entry, keras_version="2.15.0"))


def test_layers_with_weights_that_are_called_twice_are_refused_and_others_are_two() -> None:
    conv = layer("Conv2D", "conv", filters=4, kernel_size=1)
    relu = layer("ReLU", "relu")
    with pytest.raises(SpecError, match=r"layer 'conv' \(Conv2D\): it is called 2 times"):
        text_of(functional((conv, [[["x", 0, 0, {}]], [["conv", 0, 0, {}]]]), outputs=[["conv", 1, 0]]))
    once = (conv, [[["relu", 0, 0, {}]]])
    text = text_of(
        functional((relu, [[["x", 0, 0, {}]], [["conv", 0, 0, {}]]]), once, outputs=[["relu", 1, 0]])
    )
    assert "  relu: {kind: activation, from: x, function: relu}\n" in text
    assert "  conv: {kind: conv, from: relu, filters: 4, kernel: 1, activation: relu}\n" in text


def test_calls_in_training_and_other_arguments_are_refused() -> None:
    drop = layer("Dropout", "drop", rate=0.5)
    for arguments, message in (({"training": True}, "training=True"), ({"mask": ["x", 0, 0]}, "given mask")):
        with pytest.raises(SpecError, match=message):
            text_of(functional((drop, [[["x", 0, 0, arguments]]]), outputs=[["drop", 0, 0]]))
    text = text_of(functional((drop, [[["x", 0, 0, {"training": False}]]]), outputs=[["drop", 0, 0]]))
    assert "called with training=False" in text


def test_what_waits_for_itself_or_is_not_there_is_refused() -> None:
    add, relu = layer("Add", "add"), layer("ReLU", "relu")
    loop = [(add, [[["x", 0, 0, {}], ["relu", 0, 0, {}]]]), (relu, [[["add", 0, 0, {}]]])]
    with pytest.raises(SpecError, match="its output 'relu' is computed by none"):
        text_of(functional(*loop, outputs=[["relu", 0, 0]]))
    with pytest.raises(
        SpecError, match=r"layer 'relu' \(ReLU\): it reads 'y', which nothing before it makes"
    ):
        text_of(functional((relu, [[["y", 0, 0, {}]]]), outputs=[["relu", 0, 0]]))


def test_every_refusal_is_told_at_once_and_what_follows_is_passed_over() -> None:
    with pytest.raises(SpecError) as caught:
        text_of(
            functional(
                (layer("Lambda", "a"), [[["x", 0, 0, {}]]]),
                (layer("ReLU", "b"), [[["a", 0, 0, {}]]]),
                (layer("PReLU", "c"), [[["x", 0, 0, {}]]]),
                (layer("Add", "d"), [[["b", 0, 0, {}], ["c", 0, 0, {}]]]),
                outputs=[["d", 0, 0]],
            )
        )
    assert [str(finding.message).split(":")[0] for finding in caught.value.diagnostics] == [
        "layer 'a' (Lambda)",
        "layer 'c' (PReLU)",
    ]


def test_channels_first_is_said_by_the_layers() -> None:
    conv = layer("Conv2D", "conv", filters=2, kernel_size=3, data_format="channels_first")
    text = text_of(sequential(conv, layer("BatchNormalization", "norm", axis=1)))
    assert "  x: {kind: input, shape: [9, 8, 4]}\n" in text
    with pytest.raises(SpecError, match="its axis is -1"):
        text_of(sequential(conv, layer("BatchNormalization", "norm", axis=-1)))
    with pytest.raises(SpecError, match="over the columns"):
        text_of(sequential(conv, layer("Activation", "s", activation="softmax")))


def test_an_input_may_stand_in_the_first_layers_configuration() -> None:
    first = layer("Dense", "fc", units=3, batch_input_shape=[None, 12], dtype="float32")
    model = {"class_name": "Sequential", "config": [first]}
    assert (
        "  fc_input: {kind: input, shape: [12]}\n  fc: {kind: dense, from: fc_input, units: 3}\n"
        in text_of(model)
    )


SGD = {
    "class_name": "SGD",
    "config": {"learning_rate": 0.009999999776482582, "momentum": 0.9, "nesterov": True},
}
LOGITS = {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True, "name": "x"}}


def test_a_recipe_that_can_be_said_exactly_is_one() -> None:
    fc = layer("Dense", "fc", units=3)
    text = text_of(sequential(fc, image=ROW, compile_config={"optimizer": SGD, "loss": LOGITS}))
    assert text.endswith(
        "training:\n"
        "  loss: {kind: softmax_cross_entropy, from: fc}\n"
        "  optimizer: {kind: sgd, learning_rate: 0.01, momentum: 0.9, nesterov: true}\n"
        "  batch_size: 32\n"
        "  epochs: 1\n"
        "\n"
        "assumed:\n"
        '  from: "model.json, which does not say it"\n'
        "  values: [training.batch_size, training.epochs]\n"
    )
    tanh = layer("Activation", "t", activation="tanh")
    text = text_of(sequential(fc, tanh, image=ROW, compile_config={"optimizer": SGD, "loss": "mse"}))
    assert "  loss: {kind: mean_squared_error, from: fc}\n" in text


@pytest.mark.parametrize(
    ("optimizer", "loss", "reason"),
    [
        (
            {"class_name": "Adam", "config": {"learning_rate": 0.001}},
            LOGITS,
            "the optimizer Adam has no exact",
        ),
        (
            {"class_name": "SGD", "config": {"learning_rate": 0.1, "weight_decay": 0.1}},
            LOGITS,
            "weight_decay 0.1",
        ),
        ({"class_name": "SGD", "config": {"learning_rate": {"class_name": "X"}}}, LOGITS, "a learning rate"),
        (SGD, "sparse_categorical_crossentropy", "of probabilities is another function"),
        (SGD, "binary_crossentropy", "the loss binary_crossentropy has no exact counterpart"),
        (SGD, {"a": "mse"}, "is not read"),
    ],
)
def test_a_recipe_that_cannot_is_said_to_be_lost(optimizer: Any, loss: Any, reason: str) -> None:
    compiled = {"optimizer": optimizer, "loss": loss}
    text = text_of(sequential(layer("Dense", "fc", units=3), image=ROW, compile_config=compiled))
    assert "training:" not in text
    assert reason in next(line for line in text.splitlines() if line.startswith("# Its recipe is lost"))


def test_what_is_lost_is_said() -> None:
    regularized: Any = {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}}}
    started: Any = {"kernel_initializer": {"class_name": "HeNormal", "config": {}}}
    text = text_of(sequential(layer("Conv2D", filters=2, kernel_size=1, **regularized, **started)))
    assert "# y: trained with a regularizer or a constraint, which is lost.\n" in text
    assert "# y: started from HeNormal, which is lost.\n" in text
