"""The native PyTorch model, used as PyTorch code uses any other, without a Trainer."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from torch.nn import functional

import specnet
from support.native_models import DENSE, FROZEN, SPEC, images

LABELS = torch.arange(4)


@pytest.fixture
def model() -> Any:
    return specnet.compile(SPEC, devices="cpu").eval()


@pytest.fixture
def x() -> torch.Tensor:
    return torch.from_numpy(images(4))


@pytest.fixture(autouse=True)
def _fresh_compiler() -> None:
    torch._dynamo.reset()


def test_parameters_and_submodules_are_named_by_layer_and_group(model: Any) -> None:
    assert [name for name in model.state_dict() if name.startswith(("conv.", "norm.b"))] == [
        "conv.a.weight",
        "conv.a.bias",
        "conv.b.weight",
        "conv.b.bias",
        "norm.b.weight",
        "norm.b.bias",
        "norm.b.running_mean",
        "norm.b.running_var",
    ]
    assert set(dict(model.named_buffers())) == {
        f"norm.{group}.running_{what}" for group in "ab" for what in ("mean", "var")
    }
    assert model.get_submodule("fc.b").weight.shape == (8, 32)
    assert "(b): Share(dense, activation=relu, units=8)" in str(model)


def test_parameters_of_frozen_layers_need_no_gradient() -> None:
    model = specnet.compile(FROZEN, devices="cpu")
    asked = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert asked == {f"{share}.{role}" for share in ("fc.a", "fc.b", "out.a") for role in ("weight", "bias")}


def test_states_are_saved_and_loaded(model: Any, x: torch.Tensor) -> None:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = specnet.compile(SPEC, devices="cpu", seed=1).eval()
    assert not torch.equal(other(x), model(x))
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(x), model(x))


def test_a_copy_is_on_its_own(model: Any, x: torch.Tensor) -> None:
    before = model(x)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert torch.equal(model(x), before)
    assert not torch.equal(other(x), before)


def test_the_precision_can_be_changed(model: Any, x: torch.Tensor) -> None:
    expected = model(x)
    double = copy.deepcopy(model).to(torch.float64)(x.double())
    assert double.dtype == torch.float64
    # Measured: 1.8e-7.
    assert (double - expected).abs().max() / expected.abs().max() < 1e-6
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(x)
    # Measured: 5.1e-3; bfloat16 has 8 bits.
    assert mixed.dtype == torch.bfloat16
    assert (mixed - expected).abs().max() / expected.abs().max() < 2e-2


def test_dropout_draws_its_own_masks_in_training_only(model: Any, x: torch.Tensor) -> None:
    assert torch.equal(model(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_plain_optimizer_trains_it(model: Any, x: torch.Tensor, compiled: bool) -> None:
    torch.manual_seed(0)
    model.train()
    run = torch.compile(model, backend="aot_eager", fullgraph=True) if compiled else model
    mean = model.get_buffer("norm.a.running_mean").clone()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss: Any = functional.cross_entropy(run(x), LABELS)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert not torch.equal(model.get_buffer("norm.a.running_mean"), mean)


def test_the_compiler_takes_it_whole(model: Any, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It compiles the plain ways, so those are what it is compared with."""
    monkeypatch.setenv("SPECNET_FAST_PATHS", "0")
    compiled: Any = torch.compile(model, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(x), model(x))


# PyTorch's own: its compiler calls a function of torch.jit that is on the way out.
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_the_compiler_generates_code_for_it() -> None:
    """Two dense layers only: the C++ compiler takes its time."""
    model = specnet.compile(DENSE, devices="cpu")
    x = torch.from_numpy(images(4))
    expected = model(x)
    compiled: Any = torch.compile(model)
    # Measured: 0.
    assert (compiled(x) - expected).abs().max() / expected.abs().max() < 1e-6


@pytest.mark.parametrize("strict", [False, True])
def test_it_is_exported_for_any_number_of_images(
    model: Any, x: torch.Tensor, strict: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECNET_FAST_PATHS", "0")
    shapes = {"image": {0: torch.export.Dim("n")}}
    exported = torch.export.export(model, (x,), strict=strict, dynamic_shapes=shapes)
    assert set(exported.state_dict) == set(model.state_dict())
    assert torch.equal(exported.module()(x[:3]), model(x[:3]))


def test_it_is_a_function_of_its_parameters(model: Any, x: torch.Tensor) -> None:
    state = {name: 2 * values for name, values in model.state_dict().items()}
    other = specnet.compile(SPEC, devices="cpu", seed=1).eval()
    other.load_state_dict(state)
    assert torch.equal(torch.func.functional_call(model, state, (x,)), other(x))


def test_it_can_be_moved(model: Any) -> None:
    """`.to` puts all groups on one device, transfers and all."""
    moved = model.to("meta")
    assert moved(torch.empty(2, 1, 9, 9, device="meta")).device.type == "meta"
