"""Networks written as ONNX: ONNX Runtime answers as they do, and what is read back is the spec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import specnet
from specnet.convert.export.onnx.site import EMITTERS
from specnet.convert.export.onnx.writer import SPEC, onnx_bytes
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import UsageError
from specnet.diffs.diff import of_networks
from specnet.network.network import Network, examine
from specnet.plans import plan as plans
from specnet.plugins import names
from specnet.runs.stored_spec import as_text
from specnet.testing import relative_error
from specnet.testing.random_specs import network_of, random_batch, random_spec, random_state
from support.answers import answers
from support.onnx_models import run

SPECS = Path(__file__).parents[3] / "specs"
LARGEST = 30_000_000
"""Parameters of a spec that is written and read here; larger ones take memory and no other code."""


def written(network: Network, text: str = "") -> tuple[bytes, dict[str, Any]]:
    """The file of a network with random parameters, and these; full copies of a layer have the same."""
    plan, graph = plans.make(network), network.graph
    state = {name: v.astype(np.float32) for name, v in random_state(plan, 1).items()}
    for parameter in plan.parameters:
        if parameter.layer in graph.replicated:
            state[parameter.name] = state[f"{graph.nodes[parameter.layer][0]}.{parameter.role}"]
    return onnx_bytes(network, state, text or as_text(network.spec)), state


def without_spec(data: bytes) -> bytes:
    model = onnx.load_from_string(data)
    del model.metadata_props[:]
    return bytes(model.SerializeToString())


def test_every_kind_of_the_language_has_a_form() -> None:
    own = {name for name in names("specnet.layers") if not name.startswith("example")}
    assert own - {"input"} <= set(EMITTERS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_the_answers_are_the_networks_own(seed: int) -> None:
    """Random networks of every kind, on groups and off. The largest error measured is 9.0e-7, of 60 seeds."""
    network = network_of(random_spec(seed))
    data, state = written(network)
    images = random_batch(plans.make(network), seed, 2).images.astype(np.float32)
    found = run(onnx.load_from_string(data), images)
    expected = answers(network, state, images)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert relative_error(one.reshape(other.shape), other) < 1e-5
    back = import_bytes(data, "net.onnx")
    assert back.text == as_text(network.spec)
    weights = back.weights()
    assert weights.keys() == state.keys()
    assert all(np.array_equal(weights[name], state[name]) for name in state)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_operators_alone_say_the_same_network(seed: int) -> None:
    """Without the spec in the metadata: what is read from the operators, if it can be, computes the same."""
    network = network_of(random_spec(seed))
    data, state = written(network)
    images = random_batch(plans.make(network), seed, 2).images.astype(np.float32)
    unread = {"Einsum", "Pow"} & {node.op_type for node in onnx.load_from_string(data).graph.node}
    if unread:
        with pytest.raises(specnet.SpecError, match="|".join(unread)):
            import_bytes(without_spec(data), "net.onnx")
        return
    back = import_bytes(without_spec(data), "net.onnx")
    for one, other in zip(
        answers(back.network, back.weights(), images), answers(network, state, images), strict=True
    ):
        assert relative_error(one.reshape(other.shape), other) < 1e-5


def small_specs() -> list[str]:
    paths = [*SPECS.glob("*.yaml"), *SPECS.glob("variants/*.yaml"), *SPECS.glob("zoo/*.yaml")]
    return sorted(str(path.relative_to(SPECS)) for path in paths)


@pytest.mark.slow
@pytest.mark.parametrize("name", small_specs())
def test_a_spec_comes_back_as_it_was(name: str) -> None:
    network = examine(SPECS / name).valid()
    plan = plans.make(network)
    if sum(parameter.size for parameter in plan.parameters) > LARGEST:
        return
    text = (SPECS / name).read_text(encoding="utf-8")
    state = {p.name: np.full(p.shape, 0.5, np.float32) for p in plan.parameters}
    back = import_bytes(onnx_bytes(network, state, text), "net.onnx")
    assert back.text == text
    assert str(specnet.diff(SPECS / name, back.document().data())) == "no differences"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "zoo/densenet121", "zoo/googlenet", "zoo/shufflenet_v2_x1_0"])
def test_a_network_on_one_group_is_known_by_its_operators(name: str) -> None:
    """What ONNX cannot hold is the recipe; dropout that corrects its scale in training is nothing at test."""
    network = examine(SPECS / f"{name}.yaml").valid()
    state = {p.name: np.full(p.shape, 0.5, np.float32) for p in plans.make(network).parameters}
    back = import_bytes(without_spec(onnx_bytes(network, state, "")), "net.onnx")
    found = of_networks(network, back.network)
    assert found.consequences is not None
    assert found.consequences.same_network, [str(change) for change in found.changes]


def test_shares_are_joined_where_that_computes_the_same() -> None:
    network = examine(SPECS / "alexnet_digits.yaml").valid()
    model = onnx.load_from_string(written(network)[0])
    kinds = [node.op_type for node in model.graph.node]
    assert (kinds.count("Conv"), kinds.count("Gemm")) == (5, 3)
    assert [
        a.i
        for node in model.graph.node
        if node.op_type == "Conv"
        for a in node.attribute
        if a.name == "group"
    ] == [
        2,
        2,
        2,
    ]


def test_any_number_of_images_is_taken() -> None:
    network = examine(SPECS / "alexnet_digits.yaml").valid()
    data, state = written(network)
    images = random_batch(plans.make(network), 0, 5).images.astype(np.float32)
    for count in (1, 5):
        (found,), (expected,) = (
            run(onnx.load_from_string(data), images[:count]),
            answers(network, state, images[:count]),
        )
        assert relative_error(found, expected) < 1e-5


@pytest.mark.parametrize("change", ["stride", "operator", "constant", "text"])
def test_a_spec_that_the_graph_is_not_of_is_not_believed(change: str) -> None:
    network = examine(SPECS / "resnet18.yaml").valid()
    state = {p.name: np.full(p.shape, 0.5, np.float32) for p in plans.make(network).parameters}
    text = as_text(network.spec)
    if change == "text":
        text = text.replace("filters: 128", "filters: 64")
    model = onnx.load_from_string(onnx_bytes(network, state, text))
    if change == "stride":
        next(a for node in model.graph.node for a in node.attribute if a.name == "strides").ints[:] = [1, 1]
    if change == "operator":
        next(node for node in model.graph.node if node.op_type == "Relu").op_type = "Tanh"
    if change == "constant":
        model.graph.initializer.pop()
    try:
        back = import_bytes(model.SerializeToString(), "net.onnx")
    except specnet.SpecError:
        return
    assert back.text != text
    assert back.draft.spec is None


def test_weights_that_were_trained_elsewhere_are_read() -> None:
    network = examine(SPECS / "lenet5.yaml").valid()
    data, _ = written(network)
    model = onnx.load_from_string(data)
    tensor = next(t for t in model.graph.initializer if t.name == "conv1.bias")
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.full(tensor.dims, 7.0, np.float32), tensor.name))
    back = import_bytes(model.SerializeToString(), "net.onnx")
    assert back.draft.spec is not None
    assert np.all(back.weights()["conv1.gpu0.bias"] == 7)


def test_a_kind_without_a_form_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EMITTERS, "dense")
    with pytest.raises(UsageError, match="layer 'fc3' is of the kind 'dense', which is not written in ONNX"):
        written(examine(SPECS / "lenet5.yaml").valid())


@pytest.mark.slow
def test_the_command_writes_and_reads(cli: Callable[..., Any], tmp_path: Path) -> None:
    output = tmp_path / "net.onnx"
    made = cli("export", str(SPECS / "lenet5.yaml"), "-o", str(output))
    assert (made.code, made.err) == (0, "")
    assert "wrote" in made.out
    assert cli("diff", str(SPECS / "lenet5.yaml"), str(output)).out == "no differences\n"
    model = onnx.load(output)
    assert [entry.key for entry in model.metadata_props] == [SPEC]
    back = cli(
        "import", str(output), "-o", str(tmp_path / "net.yaml"), "--weights", str(tmp_path / "w.safetensors")
    )
    assert back.code == 0
    assert (tmp_path / "net.yaml").read_text() == (SPECS / "lenet5.yaml").read_text()
    assert (tmp_path / "w.safetensors").stat().st_size > 0


def test_another_suffix_is_asked_about(cli: Callable[..., Any], tmp_path: Path) -> None:
    made = cli("export", str(SPECS / "lenet5.yaml"), "-o", str(tmp_path / "net.bin"))
    assert made.code == 2
    assert "does not say which format is meant" in made.err
    assert not (tmp_path / "net.bin").exists()
