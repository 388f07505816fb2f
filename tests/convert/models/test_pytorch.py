"""Models as their authors write them in PyTorch, read as specs: names, parameters and answers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import specnet
from specnet.convert.models.importing import Imported, import_bytes, import_model
from specnet.testing import relative_error
from support.answers import answers
from support.torch_modules import MODELS, LeNet

pytestmark = pytest.mark.slow


def settled(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with parameters and statistics that say something: none is where it starts."""
    draw = torch.Generator().manual_seed(seed)
    for name, values in model.state_dict().items():
        if name.endswith("running_var"):
            values.copy_(torch.rand(values.shape, generator=draw) + 0.5)
        elif values.is_floating_point() and values.ndim == 1:
            values.add_(0.1 * torch.randn(values.shape, generator=draw))
        elif values.is_floating_point() and name.endswith("gamma"):
            values.copy_(torch.randn(values.shape, generator=draw))
    return model.eval()


def count(spec: Imported) -> int:
    """Parameters that training changes: a constant gain is none."""
    return sum(w.size for share in spec.network.shares.values() for w in share.trained().values())


@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_answers_are_the_models(name: str) -> None:
    """The largest error measured is in docs/convert.md; PyTorch computes in float32."""
    make, shape, parameters = MODELS[name]
    torch.manual_seed(0)
    model = settled(make())
    spec = import_model(model, shape=shape)
    assert count(spec) == (parameters or sum(p.numel() for p in model.parameters())), spec.text
    assert not spec.network.warnings
    images = np.random.default_rng(1).standard_normal((2, *shape)).astype(np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(images)).numpy()
    (found,) = answers(spec.network, spec.weights(), images)
    error = relative_error(found.reshape(expected.shape), expected)
    print(f"{name}: {error:.1e}")
    assert error < 1e-5


def test_layers_have_the_modules_names() -> None:
    make, shape, _ = MODELS["resnet18"]
    text = import_model(make(), shape=shape).text
    assert (
        "layer2.0.downsample.0: {kind: conv, from: layer1.1.add, filters: 128, kernel: 1, stride: 2" in text
    )
    assert "fc: {kind: dense, from: avgpool, units: 1000}" in text


def archive(model: nn.Module, *shape: int, batch: Any = None) -> bytes:
    written = io.BytesIO()
    program = torch.export.export(model.eval(), (torch.zeros(2, *shape),), dynamic_shapes=batch)
    torch.export.save(program, written)
    return written.getvalue()


def test_a_file_is_read_without_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.pt2").write_bytes(archive(LeNet(), 1, 28, 28))
    monkeypatch.setattr(torch.export, "load", lambda *_: pytest.fail("PyTorch has read it"))
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("PyTorch has read it"))
    spec = import_model(tmp_path / "net.pt2")
    assert count(spec) == 61_706
    assert spec.weights()["conv1.gpu0.weight"].shape == (6, 1, 5, 5)


def test_the_batch_may_be_left_open() -> None:
    open_ = import_bytes(archive(LeNet(), 1, 28, 28, batch=({0: torch.export.Dim("batch")},)), "net.pt2")
    assert open_.text == import_bytes(archive(LeNet(), 1, 28, 28), "net.pt2").text


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Any) -> Any:
        return self.conv(self.conv(x))


class Other(nn.Module):
    def __init__(self, call: Any) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: Any) -> Any:
        return self.call(x)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Twice(), "module 'conv' (aten.conv2d.default): its 'weight', conv.weight, is used by"),
        (Other(torch.cos), "(aten.cos.default): this operator has no meaning in a spec"),
        (nn.Sequential(nn.PixelShuffle(1)), "module '0' (aten.pixel_shuffle.default)"),
        (nn.Sequential(nn.ReflectionPad2d(1)), "padding by anything else than zeros"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(5)), "its windows differ in size"),
        (nn.Sequential(nn.MaxPool2d(2, dilation=2)), "a pool with dilation"),
        (nn.Sequential(nn.Softmax(dim=2)), "not along the channels"),
        (nn.Sequential(nn.Hardtanh()), "between -1.0 and 1.0"),
        (Other(lambda x: x.view(1, -1)), "values of several images"),
        (Other(lambda x: x.permute(0, 1, 3, 2)), "dimensions in the order [0, 1, 3, 2]"),
        (Other(lambda x: torch.cat([x, x], 0)), "something else than channels"),
        (Other(lambda x: x[:, ::2]), "leaves out what lies between"),
    ],
)
def test_what_has_no_meaning_is_refused_with_its_place(model: nn.Module, message: str) -> None:
    with pytest.raises(specnet.SpecError) as caught:
        import_model(model, shape=(3, 8, 8))
    assert any(message in finding.message for finding in caught.value.diagnostics), str(caught.value)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(specnet.UsageError, match="a dict is no model that is known"):
        import_model({"a": 1})
    with pytest.raises(specnet.UsageError, match="does not say which images it reads"):
        import_model(LeNet())
    with pytest.raises(specnet.UsageError, match=r"torch\.export cannot follow LeNet"):
        import_model(LeNet(), shape=(3, 5, 5))


def test_a_module_is_as_it_was_afterwards() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    before = {name: values.clone() for name, values in model.state_dict().items()}
    import_model(model, shape=(3, 8, 8))
    assert model.training
    assert all(torch.equal(values, before[name]) for name, values in model.state_dict().items())


def rewritten(data: bytes, change: Any) -> bytes:
    """The archive with its members changed by a function of name and bytes; None drops one."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            content = change(info.filename, old.read(info))
            if content is not None:
                new.writestr(info.filename, content)
    return made.getvalue()


def test_pickles_are_never_read() -> None:
    """Weights that are marked as pickles are refused, and the sample inputs, which are one, not touched."""
    data = archive(LeNet(), 1, 28, 28)
    here, there = b'"use_pickle": false', b'"use_pickle": true'
    marked = rewritten(data, lambda name, content: content.replace(here, there))
    spec = import_bytes(marked, "net.pt2")
    with pytest.raises(specnet.UsageError, match="a pickle, which is not read"):
        spec.weights()
    canary = rewritten(
        data, lambda name, content: b"cos\nsystem\n." if name.endswith("model.pt") else content
    )
    assert import_bytes(canary, "net.pt2").weights()


@pytest.mark.parametrize("what", ["graph", "weights", "truncated", "size", "nested"])
def test_damage_is_one_error(what: str) -> None:
    data = archive(LeNet(), 1, 28, 28)
    changes: dict[str, Any] = {
        "graph": lambda name, content: b"{}" if name.endswith("model.json") else content,
        "weights": lambda name, content: None if name.endswith("weight_0") else content,
        "size": lambda name, content: content[:8] if name.endswith("weight_0") else content,
        "nested": lambda name, content: b"[" * 100_000 if name.endswith("model.json") else content,
    }
    broken = data[:-500] if what == "truncated" else rewritten(data, changes[what])
    with pytest.raises(specnet.UsageError):
        import_bytes(broken, "net.pt2").weights()
