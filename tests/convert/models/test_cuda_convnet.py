"""Layer files of cuda-convnet and their parameters as specs, written after the parsers of its `layer.py`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from conftest import Outcome
from specnet.convert.models.importing import Imported, import_bytes
from specnet.diagnostics.errors import SpecError, UsageError

HEAD = "[probs]\ntype=softmax\ninputs=fc\n[logprob]\ntype=cost.logreg\ninputs=labels,probs\n"
DATA = "[data]\ntype=data\ndataIdx=0\n[labels]\ntype=data\ndataIdx=1\n"
FC = "[fc]\ntype=fc\ninputs=data\noutputs=10\ninitW=0.01\n"
PARAMS = "[fc]\nepsW=0.001\nepsB=0.002\nmomW=0.9\nmomB=0.9\nwc=0.004\n[logprob]\ncoeff=1\n"


def section(name: str, **options: Any) -> str:
    return f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in options.items())


def conv(name: str, inputs: str, **options: Any) -> str:
    usual: dict[str, Any] = {"type": "conv", "inputs": inputs, "padding": 1, "filterSize": 3, "initW": 0.01}
    return section(name, **usual | options)


def imported(text: str, params: str = "", size: tuple[int | None, int, int] = (None, 12, 12)) -> Imported:
    given: dict[str, Any] = {"params": (params.encode(), "params.cfg")} if params else {}
    return import_bytes(text.encode(), "layers.cfg", image_size=size, **given)


def line(spec: Imported, key: str) -> str:
    found = re.search(rf"^  {re.escape(key)}: (.*)$", spec.text, flags=re.MULTILINE)
    return found[1] if found else ""


def one(body: str, params: str = "") -> Imported:
    """A layer `x`, read by nothing, of images of 4 channels and 12 x 12 pixels."""
    return imported(DATA + body, params, (4, 12, 12))


LAYERS = {
    "conv": (
        conv("x", "data", channels=4, filters=16, stride=2, neuron="relu", initB=1, sumWidth=4, partialSum=4),
        "{kind: conv, from: data, filters: 16, kernel: 3, stride: 2, padding: 1, rounding: ceil, "
        "weights: {kind: normal, std: 0.01}, bias: 1, activation: relu}",
    ),
    "conv in groups": (
        conv("x", "data", channels=4, filters=16, groups=2),
        "{kind: conv, from: data, filters: 32, kernel: 3, padding: 1, groups: 2, "
        "weights: {kind: normal, std: 0.01}}",
    ),
    "local": (
        conv("x", "data", type="local", channels=4, filters=16),
        "{kind: conv, from: data, filters: 16, kernel: 3, padding: 1, "
        "weights: {kind: normal, std: 0.01}, shared: false}",
    ),
    "random": (
        conv("x", "data", channels=4, filters=16, groups=2, randSparse=1, filterChannels=2),
        "{kind: random_connections, from: data, filters: 32, kernel: 3, padding: 1, groups: 2, "
        "weights: {kind: normal, std: 0.01}, connections: 2}",
    ),
    "max pool": (
        section("x", type="pool", pool="max", inputs="data", channels=4, sizeX=3, stride=2),
        "{kind: max_pool, from: data, kernel: 3, stride: 2, rounding: ceil}",
    ),
    "mean, begun outside": (
        section(
            "x", type="pool", pool="avg", inputs="data", channels=4, sizeX=3, stride=2, start=-1, outputsX=6
        ),
        "{kind: avg_pool, from: data, kernel: 3, stride: 2, padding: [1, 0, 1, 0]}",
    ),
    "more pools than fit": (
        section("x", type="pool", pool="max", inputs="data", channels=4, sizeX=5, stride=3, outputsX=4),
        "{kind: max_pool, from: data, kernel: 5, stride: 3, rounding: ceil}",
    ),
    "maxout": (
        section("x", type="cmpool", pool="max", inputs="data", channels=4, size=2, stride=2, outputs=2),
        "{kind: maxout, from: data, pieces: 2}",
    ),
    "nailbed": (
        section("x", type="nailbed", inputs="data", channels=4, stride=5),
        "{kind: subsample, from: data, stride: 5, start: 1}",
    ),
    "blur": (
        section("x", type="blur", inputs="data", channels=4, filterSize=5, stdev=2),
        "{kind: blur, from: data, size: 5, std: 2}",
    ),
    "crop": (
        section("x", type="crop", inputs="data", channels=4, startX=1, startY=2, sizeX=8),
        "{kind: pad, from: data, padding: [-2, -2, -1, -3]}",
    ),
    "sum": (section("x", type="eltsum", inputs="data,data"), "{kind: add, from: [data, data]}"),
    "concat": (section("x", type="concat", inputs="data,data"), "{kind: concat, from: [data, data]}"),
    "tanh": (
        section("x", type="neuron", inputs="data", neuron="tanh[1.7, 0.5]"),
        "{kind: activation, from: data, function: {kind: scaled_tanh, amplitude: 1.7, slope: 0.5}}",
    ),
    "tanh of one": (
        section("x", type="neuron", inputs="data", neuron="tanh[1,1]"),
        "{kind: activation, from: data, function: tanh}",
    ),
    "linear": (
        section("x", type="neuron", inputs="data", neuron="linear[2,-1]"),
        "{kind: scale, from: data, gain: 2, offset: -1, trainable: false}",
    ),
    "logistic": (
        section("x", type="neuron", inputs="data", neuron="logistic"),
        "{kind: activation, from: data, function: sigmoid}",
    ),
    "softrelu": (
        section("x", type="neuron", inputs="data", neuron="softrelu"),
        "{kind: activation, from: data, function: softplus}",
    ),
    "brelu": (
        section("x", type="neuron", inputs="data", neuron="brelu[6]"),
        "{kind: activation, from: data, function: relu6}",
    ),
    "dropout": (section("x", type="dropout", inputs="data"), "{kind: dropout, from: data, rate: 0.5}"),
    "dropout2": (
        section("x", type="dropout2", inputs="data"),
        "{kind: dropout, from: data, rate: 0.5, scale_at: test}",
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layers_are_said_in_the_words_of_the_language(case: str) -> None:
    body, written = LAYERS[case]
    spec = one(body)
    assert line(spec, "x") == written
    assert spec.network.spec.layers


@pytest.mark.parametrize(
    ("body", "params", "written"),
    [
        (
            section("x", type="cmrnorm", inputs="data", channels=4, size=3),
            "[x]\nscale=0.001\npow=0.75\nminDiv=2\n",
            "{kind: lrn, from: data, size: 3, k: 2, alpha: 0.001, beta: 0.75, alpha_over: size}",
        ),
        (
            section("x", type="rnorm", inputs="data", channels=4, size=3),
            "[x]\nscale=0.001\npow=0.5\n",
            "{kind: lrn, from: data, size: 3, k: 1, alpha: 0.001, beta: 0.5, alpha_over: size, "
            "region: within}",
        ),
        (
            section("x", type="dropout", inputs="data"),
            "[x]\nkeep=0.7\n",
            "{kind: dropout, from: data, rate: 0.3}",
        ),
    ],
)
def test_some_of_a_layer_is_among_the_parameters(body: str, params: str, written: str) -> None:
    text = DATA + body + FC.replace("inputs=data", "inputs=x") + HEAD
    assert line(imported(text, PARAMS + params, (4, 12, 12)), "x") == written


def test_dropout_that_is_off_is_left_out() -> None:
    text = DATA + section("x", type="dropout", inputs="data") + FC.replace("inputs=data", "inputs=x") + HEAD
    assert "dropout" not in imported(text, PARAMS + "[x]\nenable=false\n", (4, 12, 12)).text


def test_dropout_of_the_first_version_is_a_layer_behind() -> None:
    spec = imported(DATA + FC + HEAD, PARAMS.replace("[logprob]", "dropout=0.3\n[logprob]"), (4, 12, 12))
    assert line(spec, "fc_dropout") == "{kind: dropout, from: fc, rate: 0.3, scale_at: test}"


REFUSED = {
    "unknown": (section("x", type="rgb2yuv", inputs="data"), "a layer of the type rgb2yuv"),
    "contrast": (section("x", type="cnorm", inputs="data"), "a layer of the type cnorm"),
    "neuron": (section("x", type="neuron", inputs="data", neuron="square"), "the neuron square"),
    "maxabs": (
        section("x", type="pool", pool="maxabs", inputs="data", channels=4, sizeX=3, stride=2),
        "the maximum and the mean",
    ),
    "begun inside": (
        section("x", type="pool", pool="max", inputs="data", channels=4, sizeX=3, stride=2, start=1),
        "begin inside",
    ),
    "channels": (conv("x", "data", channels=3, filters=16), "'data' gives 4x12x12, not images of 3 channels"),
    "biases": (conv("x", "data", channels=4, filters=16, sharedBiases=0), "biases of each pixel"),
    "shared": (conv("x", "data", channels=4, filters=16, weightSource="y"), "shares weights"),
    "sizes": (conv("x", "data", channels=4, filters=16, modulesX=30), "it gives 30 rows"),
    "missing": (section("x", type="fc", inputs="data"), "layer 'x' has no outputs"),
    "no number": (conv("x", "data", channels=4, filters="many"), "filters is a list of whole numbers"),
    "later": (section("x", type="fc", inputs="y", outputs=3), "it reads 'y', which no layer before it is"),
    "labels": (section("x", type="fc", inputs="labels", outputs=3), "it reads labels"),
    "norm alone": (
        section("x", type="cmrnorm", inputs="data", channels=4, size=3),
        "in the file of parameters",
    ),
    "blocks": (section("x", type="cmrnorm", inputs="data", channels=4, size=3, blocked=1), "blocks of maps"),
    "no softmax": (section("x", type="cost.logreg", inputs="labels,data"), "the labels and a softmax"),
    "other sides": (
        conv("x", "data,data", channels="4,4", filters="16,16", filterSize="3,5"),
        "filterSize differs between its inputs",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused_with_its_place(case: str) -> None:
    body, message = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        one(body)
    (finding,) = caught.value.diagnostics
    assert message in finding.message
    assert finding.position is not None
    assert finding.position.line > 6


def test_the_size_of_images_is_asked_for() -> None:
    with pytest.raises(SpecError, match="the size of its images is that of the data"):
        import_bytes((DATA + FC).encode(), "layers.cfg")


def test_channels_are_those_that_the_first_layer_says() -> None:
    assert (
        line(imported(DATA + conv("x", "data", channels=1, filters=16)), "data")
        == "{kind: input, shape: [1, 12, 12]}"
    )


TOWERS = (
    DATA
    + conv("a", "data", channels=3, filters=16, gpu=0)
    + conv("b", "data", channels=3, filters=16, gpu=1)
    + conv(
        "c",
        "a,b",
        channels="16,16",
        filters="16,16",
        padding="1,1",
        filterSize="3,3",
        initW="0.03,0.03",
        gpu=0,
    )
    + conv("d", "b", channels=16, filters=16)
    + section("fc", type="fc", inputs="d,c", outputs=10, initW="0.01,0.01", gpu=0)
    + HEAD
)


def test_gpus_are_groups_and_what_is_read_of_another_one_crosses() -> None:
    spec = imported(TOWERS)
    assert "\ngroups: [gpu0, gpu1]\n" in spec.text
    assert "group: gpu0" in line(spec, "a")
    assert "group: gpu1" in line(spec, "b")
    assert line(spec, "c").startswith("{kind: conv, from: [a, b], cross_group: true, filters: 16")
    assert "group" not in line(spec, "d")
    assert line(spec, "fc").startswith("{kind: dense, from: [d, c], group: gpu0, cross_group: true")
    assert not spec.network.warnings


def test_parameters_are_the_recipe() -> None:
    spec = imported(DATA + FC + HEAD, PARAMS)
    assert line(spec, "loss") == "{kind: softmax_cross_entropy, from: fc}"
    assert line(spec, "optimizer") == (
        "{kind: sgd, learning_rate: 0.001, momentum: 0.9, weight_decay: 0.004, "
        "biases: {learning_rate: 0.002, weight_decay: 0}}"
    )
    assert line(spec, "weights") == "{kind: normal, std: 0.01}"
    assert line(spec, "values") == "[layers.data.shape, training.batch_size, training.epochs]"
    assert spec.network.spec.training is not None


def test_layers_have_rates_and_decays_of_their_own() -> None:
    more = "".join(
        FC.replace("[fc]", f"[{n}]").replace("inputs=data", f"inputs={i}")
        for n, i in (("p", "data"), ("q", "p"))
    )
    text = DATA + more + FC.replace("inputs=data", "inputs=q") + HEAD
    usual = PARAMS.replace("[logprob]\ncoeff=1\n", "")
    params = (
        PARAMS
        + usual.replace("[fc]", "[p]")
        + usual.replace("[fc]", "[q]").replace("wc=0.004", "wc=0.01").replace("0.002", "0.02")
    )
    spec = imported(text, params)
    assert (
        "rates: [{layers: q, role: weight, weight_decay: 0.01}, {layers: q, role: bias, learning_rate: 0.02}]"
        in line(spec, "optimizer")
    )
    assert spec.network.spec.training is not None


def test_schedules_of_the_second_version_are_said_to_be_lost() -> None:
    spec = imported(
        DATA + FC + HEAD, PARAMS.replace("epsW=0.001", "epsW=dexp[base=0.01;tgtFactor=250;numSteps=4]")
    )
    assert "learning_rate: 0.01" in line(spec, "optimizer")
    assert "# The rates fall by 'dexp[base=0.01;tgtFactor=250;numSteps=4]' over the epochs" in spec.text


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("[x]\na=1\n", "the file of parameters has nothing for 'fc'"),
        (PARAMS.replace("epsW=0.001", "epsW=fast"), "epsW is a rate"),
        (PARAMS.replace("momW=0.9\n", ""), "layer 'fc' has no momW"),
        (PARAMS.replace("momW=0.9", "momW=2").replace("momB=0.9", "momB=2"), "as a recipe it is not sound"),
    ],
)
def test_parameters_that_cannot_be_said_are_refused(params: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        imported(DATA + FC + HEAD, params)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no \\[layer\\]"),
        ("[a]\nb=1\n", "its layers have no types"),
        ("type=data", "layers.cfg:1:1: a \\[layer\\] or an option=value was expected"),
        ("[a]\n  words", "layers.cfg:2:3: a \\[layer\\]"),
        ("[a]\n[a]\n", "the layer 'a' stands twice"),
        ("[a]\ntype=%(b)s\n", "values that are filled in"),
    ],
)
def test_what_is_no_layer_file_is_said_to_be_none(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        import_bytes(text.encode(), "layers.cfg")


def test_comments_and_letters_are_as_in_python() -> None:
    text = "# one\n; two\n" + DATA + FC.replace("outputs=10", "OUTPUTS : 10 ; three")
    assert "units: 10" in line(imported(text), "fc")


ALEXNET = (
    DATA
    + conv("conv1", "data", channels=3, filters=64, padding=0, stride=4, filterSize=11)
    + section("pool1", type="pool", pool="max", inputs="conv1", sizeX=3, stride=2, channels=64, neuron="relu")
    + conv("conv2", "pool1", channels=64, filters=192, padding=2, filterSize=5, neuron="relu")
    + section("pool2", type="pool", pool="max", inputs="conv2", sizeX=3, stride=2, channels=192)
    + conv("conv3", "pool2", channels=192, filters=384, neuron="relu")
    + conv("conv4", "conv3", channels=384, filters=256, neuron="relu")
    + conv("conv5", "conv4", channels=256, filters=256)
    + section(
        "pool3", type="pool", pool="max", inputs="conv5", sizeX=3, stride=2, channels=256, neuron="relu"
    )
    + section("fc6", type="fc", inputs="pool3", outputs=4096, neuron="relu")
    + section("fc7", type="fc", inputs="fc6", outputs=4096, neuron="relu")
    + section("fc", type="fc", inputs="fc7", outputs=1000)
    + HEAD
)


def test_alexnet_on_one_gpu_has_every_parameter() -> None:
    """61,100,840, as torchvision's copy of Krizhevsky 2014 has them."""
    shares = imported(ALEXNET, size=(None, 224, 224)).network.shares.values()
    assert sum(w.size for s in shares for w in s.parameters().values()) == 61_100_840


def test_the_command_takes_both_files(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "layers.cfg").write_text(DATA + FC + HEAD)
    (tmp_path / "params.cfg").write_text(PARAMS)
    outcome: Outcome = cli(
        *("import", str(tmp_path / "layers.cfg"), "--params", str(tmp_path / "params.cfg")),
        *("--image-size", "12", "-o", str(tmp_path / "out.yaml")),
    )
    assert "2 layers, 4,330 parameters" in outcome.out
