"""The native PyTorch model under PyTorch's own tracers and exporters: one signature, one tensor each."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import specnet
from specnet.spec.spec import Spec
from specnet.testing import relative_error
from specnet_torch import TorchModel
from specnet_torch.signature import arguments
from support.native_models import SPEC

# PyTorch's own: jit.trace, and the exporter that is built on it, are on the way out; the other exporter calls
# what is on the way out. Both tell what they leave as it is.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit:DeprecationWarning",
    "ignore:You are using the legacy:DeprecationWarning",
    "ignore:The feature will be removed:DeprecationWarning",
    "ignore:`isinstance.treespec, LeafSpec:FutureWarning",
    "ignore:Constant folding:UserWarning",
    "ignore:# 'dynamic_axes' is not recommended:UserWarning",
    "ignore:# The axis name:UserWarning",
)

LAYERS: dict[str, Any] = {
    "conv": {"kind": "conv", "from": "image", "filters": 8, "kernel": 3, "activation": "relu"},
    "norm": {"kind": "lrn", "from": "conv", "size": 3, "k": 2, "alpha": 0.1, "beta": 0.75},
    "bn": {"kind": "batch_norm", "from": "norm"},
    "padded": {"kind": "pad", "from": "bn", "padding": [1, 2, -1, 0]},
    "shuffled": {"kind": "channel_shuffle", "from": "padded", "groups": 2},
    "scaled": {"kind": "scale", "from": "shuffled", "gain": 0.5, "offset": 0.25},
    "squeezed": {"kind": "global_avg_pool", "from": "scaled"},
    "loudest": {"kind": "global_max_pool", "from": "scaled"},
    "gate": {"kind": "dense", "from": ["squeezed", "loudest"], "units": 8, "activation": "sigmoid"},
    "gated": {"kind": "multiply", "from": ["scaled", "gate"]},
    "depth": {"kind": "stochastic_depth", "from": "gated", "rate": 0.25},
    "top": {"kind": "max_pool", "from": "depth", "kernel": 2, "stride": 2, "rounding": "ceil"},
    "mean": {"kind": "avg_pool", "from": "depth", "kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"},
    "eye": {"kind": "dense", "from": "top", "units": 6, "activation": "tanh"},
    "drop": {"kind": "dropout", "from": "eye", "rate": 0.5},
    "other": {"kind": "dense", "from": "mean", "units": 6},
}
TWO: dict[str, Any] = {
    "image": {"kind": "input", "shape": [3, 9, 9]},
    "left-eye": {"kind": "input", "shape": [5]},
    "class": {"kind": "input", "shape": [5]},
}


def spec(groups: int, inputs: int) -> Spec:
    """A small network with every kind that PyTorch is asked for in several ways."""
    layers: dict[str, Any] = {"image": TWO["image"]} if inputs == 1 else dict(TWO)
    more = ["drop", "other"]
    layers |= LAYERS
    if inputs > 1:
        layers["both"] = {"kind": "add", "from": ["left-eye", "class"]}
        layers["lift"] = {"kind": "dense", "from": "both", "units": 6}
        more.append("lift")
    layers["joined"] = {"kind": "dense", "from": more, "units": 12, "group": "a"}
    if groups == 2:
        layers["joined"]["cross_group"] = True
    layers["largest"] = {"kind": "maxout", "from": "joined", "pieces": 2}
    layers["normal"] = {"kind": "layer_norm", "from": "largest"}
    layers["out"] = {"kind": "slice", "from": "normal", "channels": [1, 5]}
    names = ["a", "b"][:groups]
    return specnet.load({"specnet": 1, "name": "traced", "groups": names, "layers": layers})


@pytest.fixture(params=[(1, 1), (2, 1), (1, 3), (2, 3)], ids=lambda p: f"{p[0]} groups, {p[1]} inputs")
def model(request: pytest.FixtureRequest) -> TorchModel:
    made: TorchModel = specnet.compile(spec(*request.param), devices="cpu")
    with torch.no_grad():  # or the biases, which are zero, would hide what is wrong with them
        for parameter in made.parameters():
            parameter.add_(0.1)
    return made.eval()


def inputs(model: TorchModel, count: int = 4) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(count)
    return tuple(torch.randn(count, *shape, generator=random) for shape in model.plan.inputs.values())


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    yield
    torch._dynamo.reset()


ROUNDING = 2e-6
"""Of the plain ways beside the fast ones. Measured: at most 2e-7."""


def assert_alike(found: Any, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    assert relative_error(found.detach().numpy(), expected.detach().numpy()) < ROUNDING


def test_arguments_are_named_by_their_layers(model: TorchModel) -> None:
    named = list(inspect.signature(model.forward).parameters)
    assert named == ["image", "left_eye", "class_"][: len(named)]
    assert len(named) == len(model.plan.inputs)
    x = inputs(model)
    by_name = dict(zip(named, x, strict=True))
    assert torch.equal(model(**by_name), model(*x))
    with pytest.raises(TypeError, match="masks"):
        model(*x, masks={})


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["a-b", "a_b", "a_b_"], ["a_b__", "a_b", "a_b_"]),
        (["2d", "_2d"], ["_2d_", "_2d"]),
        (["self", "__debug__", "None", "lambda"], ["self_", "__debug___", "None_", "lambda_"]),
        (["-", "_", "--"], ["__", "_", "___"]),
        (["forward", "input", "images"], ["forward", "input", "images"]),
    ],
)
def test_every_layer_gets_an_argument(layers: list[str], expected: list[str]) -> None:
    assert list(arguments(layers).values()) == expected


def test_an_input_may_bear_any_name() -> None:
    layers: dict[str, Any] = {
        name: {"kind": "input", "shape": [2]} for name in ("self", "run", "forward", "0", "-")
    }
    layers["out"] = {"kind": "add", "from": list(layers)}
    model = specnet.compile({"specnet": 1, "name": "odd", "layers": layers}, devices="cpu")
    x = torch.ones(3, 2)
    assert torch.equal(model(self_=x, run=x, forward=x, _0=x, _=x), 5 * x)


def test_fx(model: TorchModel) -> None:
    traced = torch.fx.symbolic_trace(model)
    for count in (4, 7):
        assert_alike(traced(*inputs(model, count)), model(*inputs(model, count)))


def test_jit(model: TorchModel) -> None:
    traced: Any = torch.jit.trace(model, inputs(model))  # type: ignore[no-untyped-call]
    for count in (4, 7):
        assert_alike(traced(*inputs(model, count)), model(*inputs(model, count)))


def test_export(model: TorchModel) -> None:
    count = torch.export.Dim("count")
    shapes = {name: {0: count} for name in arguments(model.plan.inputs).values()}
    exported = torch.export.export(model, inputs(model), dynamic_shapes=shapes).module()
    assert_alike(exported(*inputs(model, 7)), model(*inputs(model, 7)))


@pytest.mark.parametrize("how", ["fx", "jit", "export"])
def test_in_training_mode(model: TorchModel, how: str) -> None:
    """The same masks from the same seed, and the running statistics move on.

    TorchScript may carry out two dropouts in another order: masks are then those of the other group.
    """
    model.train()
    x = inputs(model)
    if how == "fx":
        traced: Any = torch.fx.symbolic_trace(copy.deepcopy(model))
    elif how == "jit":
        twin = copy.deepcopy(model)
        traced = torch.jit.trace(twin, x, check_trace=False)  # type: ignore[no-untyped-call]
        traced.load_state_dict(model.state_dict())  # tracing is a step, too
    else:
        traced = torch.export.export(copy.deepcopy(model), x).module()
    for _ in range(2):
        found = []
        for tried in (traced, model):
            torch.manual_seed(0)
            found.append(tried(*x))
        if how != "jit" or len(model.plan.groups) == 1:
            assert_alike(*found)
    for name, values in model.state_dict().items():
        assert_alike(traced.get_buffer(name) if "running" in name else traced.state_dict()[name], values)


def test_onnx(model: TorchModel, tmp_path: Path) -> None:
    """By the exporter that traces."""
    pytest.importorskip("onnx", reason="needs onnx")
    names = list(arguments(model.plan.inputs).values())
    axes = {name: {0: "count"} for name in names}
    options: Any = {"input_names": names, "dynamic_axes": axes, "dynamo": False}
    torch.onnx.export(model, inputs(model), tmp_path / "traced.onnx", **options)
    assert_exported(model, tmp_path / "traced.onnx", names)


@pytest.mark.parametrize("form", ["dynamic_shapes", "dynamic_axes"])
@pytest.mark.filterwarnings("ignore:from_dynamic_axes_to_dynamic_shapes is deprecated:DeprecationWarning")
def test_onnx_by_way_of_torch_export(tmp_path: Path, form: str) -> None:
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package, reason=f"needs {package}")
    model = specnet.compile(spec(2, 3), devices="cpu").eval()
    names = list(arguments(model.plan.inputs).values())
    count: Any = torch.export.Dim("count") if form == "dynamic_shapes" else "count"
    options: Any = {form: {name: {0: count} for name in names}}
    options |= {"input_names": names, "dynamo": True, "verbose": False}
    torch.onnx.export(model, inputs(model), tmp_path / "traced.onnx", **options)
    assert_exported(model, tmp_path / "traced.onnx", names)


def assert_exported(model: TorchModel, exported: Path, names: list[str]) -> None:
    """ONNX's own interpreter finds the same outputs for another number of images."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    x = inputs(model, 7)
    found = ReferenceEvaluator(onnx.load(exported)).run(
        None, dict(zip(names, (tensor.numpy() for tensor in x), strict=True))
    )[0]
    # Measured: 3e-7.
    assert relative_error(found, model(*x).detach().numpy()) < 1e-5


@pytest.mark.parametrize("how", ["pickle", "deepcopy", "torch.save"])
def test_a_copy_computes_the_same(model: TorchModel, how: str) -> None:
    if how == "pickle":
        other: TorchModel = pickle.loads(pickle.dumps(model))
    elif how == "deepcopy":
        other = copy.deepcopy(model)
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        other = torch.load(file, weights_only=False)
    x = inputs(model)
    assert isinstance(other, TorchModel)
    assert type(other) is type(model)
    assert other.plan == model.plan
    assert inspect.signature(other.forward) == inspect.signature(model.forward)
    assert list(other.state_dict()) == list(model.state_dict())
    assert torch.equal(other(*x), model(*x))
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert not torch.equal(other(*x), model(*x))


def test_a_model_is_a_torch_model() -> None:
    model = specnet.compile(SPEC, devices="cpu")
    assert isinstance(model, TorchModel)
    assert str(model).startswith("TorchModel(")


class Doubled(TorchModel):
    """Somebody's own model, with what the network computes as a part of it."""

    def run(self, *arguments: Any) -> Any:
        return 2 * super().run(*arguments)  # type: ignore[operator]


class Summed(TorchModel):
    """One with a signature of its own."""

    def forward(self, *images: torch.Tensor) -> Any:
        return self.run(dict(zip(self.plan.inputs, images, strict=True))).sum()  # type: ignore[union-attr]


def test_classes_of_ones_own() -> None:
    model = specnet.compile(spec(1, 3), devices="cpu").eval()
    x = inputs(model)
    for cls, expected in ((Doubled, 2 * model(*x)), (Summed, model(*x).sum())):
        own = cls(model.plan, dict.fromkeys(model.plan.groups, "cpu"), torch.float32).eval()
        own.load_state_dict(model.state_dict())
        for other in (own, copy.deepcopy(own), pickle.loads(pickle.dumps(own))):
            assert isinstance(other, cls)
            assert torch.equal(other(*x), expected)
    again = type(model)(specnet.compile(SPEC, devices="cpu").plan, {"a": "cpu", "b": "cpu"}, torch.float32)
    assert list(inspect.signature(again.forward).parameters) == ["image"]
