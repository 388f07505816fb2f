"""Known nets of Caffe and their solvers: every parameter is there, and the recipe says what they do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Outcome
from specnet.convert.models.importing import Imported, import_bytes, read_model
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.testing import relative_error
from support import caffe_layers, caffe_nets, caffe_proto
from support.answers import answers
from support.caffe_nets import GAUSSIAN, SOLVER, both, dense, given, layer, losses, place

PARAMETERS = {
    "AlexNet": (caffe_nets.alexnet(), 60_965_224),
    "AlexNet, deployed": (caffe_nets.alexnet(deploy=True), 60_965_224),
    "CaffeNet": (caffe_nets.alexnet(norm_first=False), 60_965_224),
    "GoogLeNet": (caffe_nets.googlenet(), 13_378_280),
    "GoogLeNet, deployed": (caffe_nets.googlenet(deploy=True), 6_998_552),
    "LeNet, deployed": (caffe_nets.lenet(deploy=True), 431_080),
    "CIFAR-10 quick": (caffe_nets.cifar(full=False), 145_578),
    "CIFAR-10 full": (caffe_nets.cifar(full=True), 89_578),
}
"""The published numbers of parameters. By hand, LeNet has 20 * 25 + 20, 50 * 500 + 50, 500 * 800 + 500 and
10 * 500 + 10; CIFAR-10 full 32 * 75 + 32, 32 * 800 + 32, 64 * 800 + 64 and 10 * 1,024 + 10; quick the first
three of these, 64 * 1,024 + 64 and 10 * 64 + 10."""


def imported(text: str, solver: str = "", **options: Any) -> Imported:
    options |= {"solver": (solver.encode(), "solver.prototxt")} if solver else {}
    return import_bytes(text.encode(), "net.prototxt", **options)


def section(spec: Imported, key: str) -> str:
    """The line of a recipe, or of a layer."""
    found = re.search(rf"^  \"?{re.escape(key)}\"?: (.*)$", spec.text, flags=re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("case", PARAMETERS)
def test_every_parameter_is_there(case: str) -> None:
    text, count = PARAMETERS[case]
    shares = imported(text).network.shares.values()
    assert sum(w.size for s in shares for w in s.parameters().values() if w.trainable) == count


@pytest.mark.slow
@pytest.mark.parametrize("case", ["LeNet, deployed", "CIFAR-10 quick", "CIFAR-10 full"])
def test_the_answers_are_those_of_the_documentation(case: str) -> None:
    """Measured: 2.6e-16, 1.2e-16 and 2.0e-12, where alpha is the float32 next to 5e-5."""
    net = caffe_layers.with_random_weights(caffe_proto.net(PARAMETERS[case][0]), 1)
    spec = import_bytes(net.SerializeToString(), "net.caffemodel")
    (image,) = (part.shape for part in spec.draft.parts if part.kind == "input")
    images = np.random.default_rng(2).standard_normal((2, *image))
    (found,) = answers(spec.network, spec.weights(), images)
    assert relative_error(found, caffe_layers.forward(net, images)["prob"]) < 1e-10


def test_alexnet_with_its_solver_is_what_a_person_would_write() -> None:
    spec = imported(caffe_nets.alexnet(), SOLVER, train_images=1_281_167)
    assert "\nname: AlexNet\n" in spec.text
    assert section(spec, "conv2") == (
        "{kind: conv, from: pool1, filters: 256, kernel: 5, padding: 2, groups: 2, bias: 0.1, "
        "activation: relu}"
    )
    assert section(spec, "fc7").endswith(
        "units: 4096, weights: {kind: normal, std: 0.005}, bias: 0.1, activation: relu}"
    )
    assert section(spec, "loss") == "{kind: softmax_cross_entropy, from: fc8}"
    assert section(spec, "optimizer") == (
        "{kind: sgd, learning_rate: 0.01, momentum: 0.9, weight_decay: 0.0005, "
        "biases: {learning_rate: 0.02, weight_decay: 0}}"
    )
    assert section(spec, "weights") == "{kind: normal, std: 0.01}"
    assert section(spec, "schedule") == "{kind: step, factor: 0.1, every: 100000, unit: step}"
    assert section(spec, "normalize") == "{kind: mean_image}"
    assert section(spec, "augment") == "[{kind: random_crop, size: 227}, {kind: horizontal_flip}]"
    assert section(spec, "evaluate") == "{kind: center_crop, size: 227}"
    assert section(spec, "batch_size") == "256"
    assert section(spec, "epochs") == "90"  # 450,000 steps of 256 images are 89.9 times 1,281,167
    assert section(spec, "values") == "[layers.data.shape]"


def test_losses_of_auxiliary_heads_are_a_sum_behind_the_answer() -> None:
    spec = imported(caffe_nets.googlenet(), SOLVER, train_images=1_000)
    assert section(spec, "loss") == (
        "{kind: sum, of: [{kind: softmax_cross_entropy, from: classifier}, "
        "{kind: softmax_cross_entropy, from: loss1.classifier, weight: 0.3}, "
        "{kind: softmax_cross_entropy, from: loss2.classifier, weight: 0.3}]}"
    )
    assert section(spec, "normalize") == "{kind: constants, mean: [123, 117, 104]}"  # red, green, blue
    assert (
        "Only the network's answer is measured here, not what 'loss1/top-5', 'loss2/top-5' did." in spec.text
    )
    assert not spec.network.warnings


def test_it_is_compared_with_the_paper(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "alexnet.prototxt"
    path.write_text(caffe_nets.alexnet())
    outcome: Outcome = cli("diff", str(path), "specs/alexnet.yaml")
    assert "~ layers.{norm1, norm2}.k: 1 -> 2" in outcome.out
    assert "~ layers.conv1.rounding: floor -> ceil" in outcome.out
    assert "filters" not in outcome.out


SMALL = (
    both(10, "crop_size: 8", "")
    + dense("a", "data", 4, GAUSSIAN.format(0.1, 0))
    + dense("b", "a", 3)
    + losses("b")
)


def rates(first: str, second: str) -> str:
    text = both(10, "crop_size: 8", "")
    for name, bottom, params in (("a", "data", first), ("b", "a", second)):
        text += layer(
            "InnerProduct", name, bottom, options=f"{params} inner_product_param {{ num_output: 4 }}"
        )
    return text + losses("b")


def said(*multipliers: tuple[float, float]) -> str:
    return " ".join(f"param {{ lr_mult: {rate} decay_mult: {decay} }}" for rate, decay in multipliers)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("", "", ""),
        (said((1, 1), (2, 0)), said((1, 1), (2, 0)), "biases: {learning_rate: 0.02, weight_decay: 0}"),
        (said((1, 1), (2, 1)), said((1, 1), (2, 1)), "biases: {learning_rate: 0.02}"),
        (
            said((1, 1), (2, 0)),
            said((10, 1), (20, 0)),
            "biases: {learning_rate: 0.02, weight_decay: 0}, rates: [{layers: b, role: weight, "
            "learning_rate: 0.1}, {layers: b, role: bias, learning_rate: 0.2}]",
        ),
        (
            said((1, 1), (1, 1)),
            said((5, 2), (5, 2)),
            "rates: [{layers: b, learning_rate: 0.05, weight_decay: 0.001}]",
        ),
        (said((0, 1), (1, 1)), "", "rates: [{layers: a, role: weight, learning_rate: 0}]"),
    ],
)
def test_multipliers_are_rates(first: str, second: str, expected: str) -> None:
    spec = imported(rates(first, second), SOLVER)
    rule = section(spec, "optimizer").removeprefix(
        "{kind: sgd, learning_rate: 0.01, momentum: 0.9, weight_decay: 0.0005"
    )
    assert rule == (f", {expected}}}" if expected else "}")
    assert spec.network.spec.training is not None


def test_what_has_no_rate_is_frozen() -> None:
    spec = imported(rates(said((0, 0), (0, 0)), ""), SOLVER)
    assert "trainable: false" in section(spec, "a")
    assert "trainable" not in section(spec, "b")


FILLERS = {
    'type: "constant" value: 0.5': "{kind: constant, value: 0.5}",
    'type: "gaussian" std: 0.02': "{kind: normal, std: 0.02}",
    'type: "uniform" min: -0.1 max: 0.2': "{kind: uniform, low: -0.1, high: 0.2}",
    'type: "xavier"': "{kind: lecun_uniform}",
    'type: "xavier" variance_norm: AVERAGE': "{kind: glorot_uniform}",
    # sqrt(3 / 48): fan_out is 12 filters of 2 x 2
    'type: "xavier" variance_norm: FAN_OUT': "{kind: uniform, low: -0.25, high: 0.25}",
    'type: "msra"': "{kind: he_normal}",
    'type: "msra" variance_norm: FAN_OUT': "{kind: he_normal, fan: out}",
    # sqrt(2 / ((16 + 48) / 2))
    'type: "msra" variance_norm: AVERAGE': "{kind: normal, std: 0.25}",
}


@pytest.mark.parametrize("filler", FILLERS)
def test_fillers_are_initial_values(filler: str) -> None:
    options = f"convolution_param {{ num_output: 12 kernel_size: 2 weight_filler {{ {filler} }} }}"
    spec = imported(given(1, 4, 8, 8) + layer("Convolution", "y", "data", options=options))
    assert f"weights: {FILLERS[filler]}" in section(spec, "y")


@pytest.mark.parametrize(
    ("filler", "written"),
    [
        ('type: "xavier"', "{kind: uniform, low: -0.5, high: 0.5}"),  # sqrt(3 / 12), of the 12 units
        ('type: "msra"', "{kind: he_normal, fan: out}"),
        ('type: "msra" variance_norm: FAN_OUT', "{kind: he_normal}"),
    ],
)
def test_fillers_of_turned_weights_have_their_sizes_exchanged(filler: str, written: str) -> None:
    options = f"inner_product_param {{ num_output: 12 transpose: true weight_filler {{ {filler} }} }}"
    spec = imported(given(1, 4, 8, 8) + layer("InnerProduct", "y", "data", options=options))
    assert f"weights: {written}" in section(spec, "y")


@pytest.mark.parametrize(
    "filler", ['type: "bilinear"', 'type: "gaussian" mean: 1', 'type: "gaussian" sparse: 3']
)
def test_fillers_that_no_kind_has_are_said_to_be_lost(filler: str) -> None:
    options = f"convolution_param {{ num_output: 12 kernel_size: 2 weight_filler {{ {filler} }} }}"
    spec = imported(given(1, 4, 8, 8) + layer("Convolution", "y", "data", options=options))
    assert "# The initial values of 'y' cannot be said." in spec.text
    assert "weights" not in section(spec, "y")


def test_fillers_that_make_no_sense_are_refused() -> None:
    options = 'convolution_param { num_output: 12 kernel_size: 2 weight_filler { type: "gaussian" std: -1 } }'
    with pytest.raises(SpecError, match=r"weights\.std"):
        imported(given(1, 4, 8, 8) + layer("Convolution", "y", "data", options=options))


RULES = {
    "momentum: 0.9": "{kind: sgd, learning_rate: 0.1, momentum: 0.9}",
    'type: "Nesterov" momentum: 0.9': "{kind: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true}",
    "solver_type: NESTEROV momentum: 0.5": "{kind: sgd, learning_rate: 0.1, momentum: 0.5, nesterov: true}",
    'type: "Adam" momentum: 0.9 momentum2: 0.99': "{kind: adam, learning_rate: 0.1, beta2: 0.99}",
    'type: "Adam" delta: 1e-6': "{kind: adam, learning_rate: 0.1, beta1: 0, epsilon: 1e-6}",
    'type: "RMSProp"': "{kind: rmsprop, learning_rate: 0.1, rho: 0.99}",
    'type: "RMSProp" rms_decay: 0.9 delta: 1e-5': "{kind: rmsprop, learning_rate: 0.1, epsilon: 1e-5}",
    'type: "AdaGrad"': "{kind: adagrad, learning_rate: 0.1, epsilon: 1e-8}",
    "weight_decay: 0.004 clip_gradients: 35": (
        "{kind: sgd, learning_rate: 0.1, weight_decay: 0.004, clip_norm: 35}"
    ),
    "clip_gradients: 10 iter_size: 4": "{kind: sgd, learning_rate: 0.1, clip_norm: 2.5}",
}


@pytest.mark.parametrize("rule", RULES)
def test_solvers_are_optimizers(rule: str) -> None:
    spec = imported(SMALL.replace("lr_mult: 2 decay_mult: 0", ""), f'base_lr: 0.1 lr_policy: "fixed" {rule}')
    assert section(spec, "optimizer") == RULES[rule]
    assert section(spec, "schedule") == ""
    assert section(spec, "batch_size") == ("40" if "iter_size" in rule else "10")
    assert spec.network.spec.training is not None


POLICIES = {
    'lr_policy: "step" gamma: 0.5 stepsize: 10': "{kind: step, factor: 0.5, every: 10, unit: step}",
    'lr_policy: "multistep" gamma: 0.1 stepvalue: 5 stepvalue: 9': (
        "{kind: multistep, factor: 0.1, at: [5, 9], unit: step}"
    ),
    'lr_policy: "exp" gamma: 0.99': "{kind: exponential, factor: 0.99, unit: step}",
    'lr_policy: "inv" gamma: 0.0001 power: 0.75': "{kind: inv, gamma: 0.0001, power: 0.75}",
    'lr_policy: "poly" power: 0.5 max_iter: 1000': "{kind: polynomial, power: 0.5, over: 1000, unit: step}",
}


@pytest.mark.parametrize("policy", POLICIES)
def test_policies_are_schedules(policy: str) -> None:
    spec = imported(SMALL, f"base_lr: 0.1 {policy}")
    assert section(spec, "schedule") == POLICIES[policy]
    assert spec.network.spec.training is not None


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        ('base_lr: 1 lr_policy: "sigmoid" gamma: 1 stepsize: 1', "the policy 'sigmoid' has no meaning"),
        ("base_lr: 1", "has no lr_policy"),
        ('lr_policy: "fixed" momentum: 0.9', "has no base_lr"),
        ('base_lr: 1 lr_policy: "step" gamma: 1', "needs a stepsize"),
        ('base_lr: 1 lr_policy: "step" gamma: 2 stepsize: 3', "as a recipe it is not sound: schedule"),
        ('base_lr: 1 lr_policy: "fixed" type: "AdaDelta"', "the rule AdaDelta has no meaning"),
        ('base_lr: 1 lr_policy: "fixed" regularization_type: "L1"', "a decay other than L2"),
        ('base_lr: 1 lr_policy: "fixed" type: "RMSProp" momentum: 0.9', "takes no momentum with RMSProp"),
        ('base_lr: 1 lr_policy: "fixed" clip_gradients: 0', "cut to nothing"),
        ('base_lr: 1 lr_policy: "fixed" train_state { stage: "x" }', "of a stage"),
        ('base_lr: 1 lr_policy: "fixed" warmup: 3', "Caffe has no field 'warmup'"),
    ],
)
def test_recipes_that_cannot_be_said_are_refused_where_they_stand(solver: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        imported(SMALL, solver)
    (finding,) = caught.value.diagnostics
    assert message in finding.message
    assert finding.position is not None
    assert finding.position.file == "solver.prototxt"


@pytest.mark.parametrize(
    ("transform", "normalize"),
    [
        ('crop_size: 8 mean_file: "m" scale: 0.5', "{kind: mean_image, scale: 0.5}"),
        ("crop_size: 8 scale: 0.00390625", "{kind: constants, std: 256}"),
        ("crop_size: 8 mean_value: 100", "{kind: constants, mean: 100}"),
        (
            "crop_size: 8 mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.5",
            "{kind: constants, mean: [3, 2, 1], std: 2}",
        ),
        ("crop_size: 8", ""),
    ],
)
def test_what_is_done_to_pixels_is_the_normalization(transform: str, normalize: str) -> None:
    spec = imported(SMALL.replace("crop_size: 8", transform), SOLVER)
    assert section(spec, "normalize") == normalize


def test_top_k_that_is_not_measured_anyway_is_a_metric() -> None:
    top = "include { phase: TEST } accuracy_param { top_k: 2 }"
    spec = imported(SMALL + layer("Accuracy", "top2", ["b", "label"], options=top), SOLVER)
    assert section(spec, "metrics") == "[{kind: top_k, k: 2}]"


def test_epochs_that_are_not_said_are_assumed() -> None:
    spec = imported(SMALL, SOLVER)
    assert (
        "# It trains for 450,000 steps of 10 images; epochs follow from the training set's size" in spec.text
    )
    assert "training.epochs" in section(spec, "values")


def test_a_net_without_its_solver_says_where_the_recipe_is() -> None:
    spec = imported(caffe_nets.alexnet())
    assert spec.draft.training is None
    assert "# A net of Caffe; its recipe is in its solver, which --solver names." in spec.text


def test_sizes_that_the_net_leaves_to_its_data_are_asked_for() -> None:
    with pytest.raises(SpecError, match="the sizes of its images are those of its data"):
        imported(caffe_nets.lenet())
    assert (
        section(imported(caffe_nets.lenet(), image_size=(1, 28, 28)), "data")
        == "{kind: input, shape: [1, 28, 28]}"
    )
    assert section(imported(caffe_nets.lenet(), image_size=(None, 28, 28)), "values") == "[layers.data.shape]"


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ('input: "data" input_dim: 1 input_dim: 3 input_dim: 9 input_dim: 8', [3, 9, 8]),
        ('input: "data" input_shape { dim: 1 dim: 3 dim: 9 dim: 8 }', [3, 9, 8]),
        (
            'layer { name: "d" type: "DummyData" top: "data" dummy_data_param { shape { dim: 2 dim: 7 } } }',
            [7],
        ),
        (
            'layer { name: "d" type: "DummyData" top: "data"'
            " dummy_data_param { num: 2 channels: 3 height: 9 width: 8 } }",
            [3, 9, 8],
        ),
        (
            'layer { name: "d" type: "MemoryData" top: "data" top: "label"'
            " memory_data_param { batch_size: 2 channels: 3 height: 9 width: 8 } }",
            [3, 9, 8],
        ),
        (
            'layer { name: "d" type: "ImageData" top: "data" top: "label"'
            " image_data_param { new_height: 9 new_width: 8 is_color: false } }",
            [1, 9, 8],
        ),
        (
            'layers { name: "d" type: DATA top: "data" top: "label"'
            " data_param { crop_size: 9 batch_size: 4 } }",
            [3, 9, 9],
        ),
        ('layer { name: "d" type: "HDF5Data" top: "data" top: "label" }', [3, 9, 8]),
    ],
)
def test_images_come_from_any_source(source: str, shape: list[int]) -> None:
    options = "inner_product_param { num_output: 2 }"
    text = f"{source}\n" + layer("InnerProduct", "y", "data", options=options)
    if source.startswith("layers"):
        text = f'{source} layers {{ name: "y" type: INNER_PRODUCT bottom: "data" top: "y" {options} }}'
    size: dict[str, Any] = {"image_size": (3, 9, 8)} if "HDF5" in source else {}
    spec = imported(text, **size)
    assert section(spec, "data") == f"{{kind: input, shape: {shape}}}"


OLD = """
name: "old"
layers { name: "data" type: DATA top: "data" top: "label" include { phase: TRAIN }
  data_param { crop_size: 8 mirror: true mean_file: "m" batch_size: 4 } }
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1 blobs_lr: 2 weight_decay: 1
  weight_decay: 0 convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: "xavier" } } }
layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
layers { name: "fc" type: INNER_PRODUCT bottom: "conv" top: "fc" blobs_lr: 1 blobs_lr: 2 weight_decay: 1
  weight_decay: 0 inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layers { name: "loss" type: SOFTMAX_LOSS bottom: "fc" bottom: "label" }
layers { name: "accuracy" type: ACCURACY bottom: "fc" bottom: "label" include { phase: TEST } }
"""


def test_nets_of_the_first_version_are_the_same_in_other_words() -> None:
    spec = imported(OLD, SOLVER)
    assert section(spec, "conv") == "{kind: conv, from: data, filters: 2, kernel: 3, activation: relu}"
    assert section(spec, "weights") == "{kind: lecun_uniform}"
    assert "biases: {learning_rate: 0.02, weight_decay: 0}" in section(spec, "optimizer")
    assert section(spec, "normalize") == "{kind: mean_image}"
    assert section(spec, "augment") == "[{kind: random_crop, size: 8}, {kind: horizontal_flip}]"


def test_weights_of_the_first_version_are_read() -> None:
    net = caffe_proto.net(OLD)
    weights = np.arange(54, dtype=np.float32)
    blob = net.layers[1].blobs.add(num=2, channels=3, height=3, width=3)
    blob.data.extend(weights)
    net.layers[1].blobs.add(num=1, channels=1, height=1, width=2).data.extend([1, 2])
    spec = import_bytes(net.SerializeToString(), "old.caffemodel")
    state = spec.weights()
    np.testing.assert_array_equal(state["conv.gpu0.weight"].reshape(-1), weights)
    np.testing.assert_array_equal(state["conv.gpu0.bias"], [1, 2])


def trained() -> tuple[str, bytes]:
    """A net to deploy, and its weights as training wrote them."""
    net = caffe_layers.with_random_weights(caffe_proto.net(caffe_nets.lenet(deploy=True)), 3)
    return caffe_nets.lenet(deploy=True), net.SerializeToString()


def test_weights_beside_the_net_are_found_by_name(tmp_path: Path) -> None:
    text, weights = trained()
    (tmp_path / "lenet.prototxt").write_text(text)
    (tmp_path / "lenet.caffemodel").write_bytes(weights)
    beside = read_model(tmp_path / "lenet.prototxt", caffemodel=tmp_path / "lenet.caffemodel")
    alone = read_model(tmp_path / "lenet.caffemodel").weights()
    for name, values in beside.weights().items():
        np.testing.assert_array_equal(values, alone[name])
    assert len(alone) == 8


def test_layers_without_weights_are_named() -> None:
    text, weights = trained()
    text = text.replace('name: "ip2"', 'name: "other"')
    spec = imported(text, caffemodel=(weights, "lenet.caffemodel"))
    assert "# lenet.caffemodel has no weights for 'other'." in spec.text
    assert "other.gpu0.weight" not in spec.weights()


def test_the_channels_of_images_are_those_of_the_first_weights() -> None:
    _, weights = trained()
    spec = imported(caffe_nets.lenet(), caffemodel=(weights, "lenet.caffemodel"), image_size=(None, 28, 28))
    assert section(spec, "data") == "{kind: input, shape: [1, 28, 28]}"
    assert not spec.draft.assumed


def test_a_batch_norm_of_stored_statistics_is_frozen_where_it_is_trained() -> None:
    text = both(4, "crop_size: 8", "") + place(
        "BatchNorm", "bn", "data", "batch_norm_param { use_global_stats: true }"
    )
    text += (
        layer("Scale", "s", "data", options="scale_param { bias_term: true }")
        + dense("b", "s", 3)
        + losses("b")
    )
    spec = imported(text, SOLVER)
    assert "trainable: false" in section(spec, "bn")
    assert section(spec, "s") == "{kind: scale, from: bn, offset: 0}"


def test_a_gradient_that_is_stopped_is_said_to_go_on() -> None:
    text = SMALL.replace('name: "b"', 'propagate_down: false name: "b"')
    assert "# No gradient goes through 'b' (propagate_down), and here it does." in imported(text, SOLVER).text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOLVER, "is a solver, and its net is another file"),
        ("", "no layers"),
        ('layer { name: "a" type: "ReLU" } layers { name: "b" type: RELU }', "both 'layer' and 'layers'"),
        ('name: "a', r"net.prototxt:1:7: a text has no end"),
    ],
)
def test_what_is_no_net_is_said_to_be_none(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        imported(text)


def test_a_solver_that_holds_its_net_is_both() -> None:
    text = f'base_lr: 0.1 lr_policy: "fixed" net_param {{ {SMALL} }}'
    assert section(imported(text), "optimizer").startswith("{kind: sgd, learning_rate: 0.1")


@pytest.mark.parametrize("size", ["0", "8x", "1x2x3x4", "-8", "eight"])
def test_sizes_are_checked(size: str, tmp_path: Path) -> None:
    (tmp_path / "a.prototxt").write_text(SMALL)
    with pytest.raises(UsageError, match="--image-size is a size in pixels"):
        read_model(tmp_path / "a.prototxt", image_size=size)


def test_options_of_other_formats_are_refused() -> None:
    with pytest.raises(UsageError, match="--solver is not for models in ONNX"):
        import_bytes(b"", "a.onnx", solver=(b"", "s"))


def test_the_command_writes_a_spec_and_its_weights(cli: Any, tmp_path: Path) -> None:
    text, weights = trained()
    (tmp_path / "lenet.prototxt").write_text(text)
    (tmp_path / "lenet.caffemodel").write_bytes(weights)
    outcome: Outcome = cli(
        *("import", str(tmp_path / "lenet.prototxt"), "--caffemodel", str(tmp_path / "lenet.caffemodel")),
        *("-o", str(tmp_path / "lenet.yaml"), "--weights", str(tmp_path / "lenet.safetensors")),
    )
    assert "7 layers, 431,080 parameters" in outcome.out
    assert (tmp_path / "lenet.safetensors").stat().st_size > 431_080 * 4
