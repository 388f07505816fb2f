"""What a file lacks and a mapping's constants give, prefixes, and what is said where nothing fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import nn

from specnet.testing.comparing import assert_equal
from support.weights_files import SPEC, State, assert_taken, merged, state_of

Cli = Callable[..., Any]

ONE_GROUP = """\
specnet: 1
name: normed
layers:
  image: {kind: input, shape: [2, 5, 4]}
  conv1: {kind: conv, from: image, filters: 4, kernel: 2, bias: none}
  bn1: {kind: batch_norm, from: conv1}
  out: {kind: dense, from: bn1, units: 3}
"""


class Net(nn.Module):
    """The same, as it is written by hand."""

    def __init__(self, **options: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(4, **options)
        self.out = nn.Linear(48, 3)


def canonical(model: nn.Module, **more: Any) -> dict[str, Any]:
    """The module's state under canonical names."""
    found = {
        f"{name.rpartition('.')[0]}.gpu0.{name.rpartition('.')[2]}": values.numpy()
        for name, values in model.state_dict().items()
        if "num_batches" not in name
    }
    return {**found, **{f"bn1.gpu0.{role}": np.full(4, value, np.float32) for role, value in more.items()}}


def saved(model: Any, path: Path, prefix: str = "", more: Mapping[str, torch.Tensor] | None = None) -> Path:
    tensors = {prefix + name: values for name, values in model.state_dict().items()}
    save_file({**tensors, **(more or {})}, path)
    return path


def without(state: Mapping[str, Any], *ends: str) -> dict[str, Any]:
    return {name: values for name, values in state.items() if not name.endswith(ends)}


def test_a_batch_norm_without_parameters_has_weight_1_and_bias_0(take: Any, tmp_path: Path) -> None:
    model = Net(affine=False)
    done = take(saved(model, tmp_path / "x.safetensors"), text=ONE_GROUP)
    assert "a weight or bias, which is the same as bn1.gpu0.weight = 1, bn1.gpu0.bias = 0" in done.out
    assert_taken(done, tmp_path / "run", canonical(model, weight=1, bias=0))


@pytest.mark.parametrize("role", ["weight", "bias"])
def test_so_has_one_that_lacks_one_of_them_by_a_mapping_too(take: Any, tmp_path: Path, role: str) -> None:
    state = state_of()
    value = {"weight": 1, "bias": 0}[role]
    theirs = {name.replace("norm", "bn"): values for name, values in state.items()}
    expected = {
        n: np.full_like(v, value) if n in (f"norm.a.{role}", f"norm.b.{role}") else v
        for n, v in state.items()
    }
    done = take(
        without(theirs, f"bn.a.{role}", f"bn.b.{role}"), "weights: 1\ntensors: {bn.a: norm.a, bn.b: norm.b}"
    )
    assert f"norm.a.{role} = {value}, norm.b.{role} = {value}" in done.out
    assert_taken(done, tmp_path / "run", expected)


@pytest.mark.parametrize("change", ["ignored", "renamed", "no mean", "beside"])
def test_nothing_is_made_up_where_a_file_may_have_it(take: Any, change: str) -> None:
    state = without(state_of(), "norm.a.weight")
    weight = state_of()["norm.a.weight"]
    said = "weights: 1\n"
    if change == "ignored":
        state, said = state_of(), f"{said}ignore: [norm.a.weight]"
    elif change == "renamed":
        state |= {"mean": state.pop("norm.a.running_mean")}
        said += "tensors: {mean: norm.a.running_mean}"
    elif change == "no mean":
        del state["norm.a.running_mean"]
    else:
        state |= {"norm.a.scale": weight}
        said += "ignore: [norm.a.scale]"
    done = take(state, said)
    assert done.code == 1
    assert "SN706: the file has nothing for the network's 'norm.a.weight'" in done.err
    assert "constants: {norm.weight: 1}" in done.err


def test_constants_fill_what_no_tensor_gives(take: Any, tmp_path: Path) -> None:
    state = state_of()
    said = "weights: 1\nconstants: {norm.running_mean: 0.5, norm.a.running_var: 2, fc.bias: -1e-3}\n"
    left = without(
        state, "norm.a.running_mean", "norm.b.running_mean", "norm.a.running_var", "fc.a.bias", "fc.b.bias"
    )
    expected = dict(state)
    for name, value in {
        "norm.a.running_mean": 0.5,
        "norm.b.running_mean": 0.5,
        "norm.a.running_var": 2,
        "fc.a.bias": -1e-3,
        "fc.b.bias": -1e-3,
    }.items():
        expected[name] = np.full_like(state[name], value)
    done = take(left, said)
    assert "which is the same" not in done.out
    assert_taken(done, tmp_path / "run", expected)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "constants: {nrom.weight: 1}",
            "map.yaml:2:13: error SN701: constants: the network has no parameter",
        ),
        ("constants: {norm: 1}", "no parameter called 'norm'"),
        ("constants: {norm.weight: one}", "expected a number, got the text 'one'"),
        ("constants: {norm.weight: .inf}", "SN2"),
        ("constants: {norm.a.weight: 1}", "SN708: 'norm.a.weight' is given twice, by 'constants'"),
    ],
)
def test_what_is_wrong_with_constants(take: Any, line: str, message: str) -> None:
    done = take(state_of(), f"weights: 1\n{line}\n")
    assert done.code == 1
    assert message in done.err


def test_constants_stay_out_of_an_export(take: Any, cli: Cli, tmp_path: Path) -> None:
    """It goes back to the module without them; once trained they are no constants any more."""
    model = Net(affine=False)
    assert take(saved(model, tmp_path / "x.safetensors"), text=ONE_GROUP).code == 0
    output, said = tmp_path / "back.safetensors", tmp_path / "said.yaml"
    said.write_text(
        "weights: 1\nprefix: module.\nconstants: {bn1.weight: 1, bn1.bias: 0}\n"
        "tensors: {conv1: conv1, bn1: bn1, out: out}\n"
    )
    assert cli("weights", "export", tmp_path / "run", "-o", output, "--map", said).code == 0
    back = load_file(output)
    theirs = {f"module.{n}": v.numpy() for n, v in model.state_dict().items() if "num_batches" not in n}
    assert set(back) == set(theirs)
    assert_equal(back, theirs)
    said.write_text(said.read_text().replace("bn1.weight: 1", "bn1.weight: 2"))
    done = cli("weights", "export", tmp_path / "run", "-o", output, "--map", said)
    assert done.code == 2
    assert "'bn1.gpu0.weight' is no longer 2 everywhere" in done.err


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "backbone.", "model.", "_orig_mod.module.", "state_dict.model."]
)
@pytest.mark.parametrize("said", [False, True])
def test_a_prefix_on_every_name_is_left_out(take: Any, tmp_path: Path, prefix: str, said: bool) -> None:
    model = Net()
    file = saved(model, tmp_path / "x.safetensors", prefix)
    line = f"weights: 1\nprefix: {prefix}\n" if said else None
    assert_taken(take(file, line, text=ONE_GROUP), tmp_path / "run", canonical(model))


@pytest.mark.slow
def test_real_wrappers_are_left_out(take: Any, tmp_path: Path) -> None:
    """Their names are PyTorch's own: compiled, in parallel."""
    model = Net()
    wrapped = torch.compile(nn.DataParallel(model), backend="eager")
    file = saved(wrapped, tmp_path / "x.safetensors")
    assert_taken(take(file, text=ONE_GROUP), tmp_path / "run", canonical(model))


@pytest.mark.parametrize("prefix", ["backbone.", "backbone"])
def test_a_prefix_on_some_names_is_one_line(take: Any, tmp_path: Path, prefix: str) -> None:
    model = Net()
    more = {"head.weight": torch.ones(2, 2), "n_averaged": torch.tensor(3)}
    file = saved(model, tmp_path / "x.safetensors", "backbone.", more)
    refused = take(file, text=ONE_GROUP)
    assert refused.code == 1
    assert "write 'prefix: backbone.' in a mapping file (--map)" in refused.err
    line = f"weights: 1\nprefix: {prefix}\nignore: [head, n_averaged]\n"
    assert_taken(take(file, line, text=ONE_GROUP), tmp_path / "run", canonical(model))


@pytest.mark.parametrize("start", ["", "module."])
@pytest.mark.parametrize("line", [True, False])
def test_a_mapping_speaks_with_or_without_the_prefix(
    take: Any, tmp_path: Path, start: str, line: bool
) -> None:
    state = state_of()
    theirs = {f"module.{name.replace('fc', 'top')}": v for name, v in merged(state).items()}
    theirs["module.ema.weight"] = np.ones(3, np.float32)
    said = f"weights: 1\ntensors: {{{start}top: fc}}\nignore: [{start}ema]\n"
    assert_taken(take(theirs, said + "prefix: module.\n" * line), tmp_path / "run", state)


def test_a_prefix_that_no_name_bears_is_refused(take: Any) -> None:
    theirs = {f"module.{name}": values for name, values in state_of().items()}
    done = take(theirs, "weights: 1\nprefix: modul.\n")
    assert done.code == 1
    assert "map.yaml:2:9: error SN705: no tensor of the file has a name that begins with 'modul.'" in done.err
    assert "did you mean 'module.'?" in done.err


def test_a_layer_on_every_name_is_no_prefix(take: Any, tmp_path: Path) -> None:
    text = "specnet: 1\nname: one\nlayers:\n  image: {kind: input, shape: [3]}\n"
    text += "  fc: {kind: dense, from: image, units: 2}\n"
    state: State = {"fc.weight": np.ones((2, 3), np.float32), "fc.bias": np.ones(2, np.float32)}
    expected = {name.replace("fc", "fc.gpu0"): values for name, values in state.items()}
    assert_taken(take(state, text=text), tmp_path / "run", expected)


@pytest.mark.parametrize("name", ["conv1", "features.0"])
def test_a_bias_where_the_spec_has_none(take: Any, tmp_path: Path, name: str) -> None:
    model = {key.replace("conv1", name): values for key, values in Net().state_dict().items()}
    save_file({**model, f"{name}.bias": torch.zeros(4)}, tmp_path / "x.safetensors")
    said = f"weights: 1\ntensors: {{{name}: conv1}}\n" if name != "conv1" else None
    done = take(tmp_path / "x.safetensors", said, text=ONE_GROUP)
    assert done.code == 1
    assert f"SN707: the file has '{name}.bias', and 'conv1' has no biases (bias: none)" in done.err
    assert "take 'bias: none' out of the spec" in done.err
    assert "bn1" not in done.err


def test_names_are_suggested_only_if_nothing_fills_them(take: Any) -> None:
    state = state_of()
    done = take({**state, "fc.c.bias": np.ones(3, np.float32)})
    assert "every parameter has its tensor" in done.err
    state["fcc.b.bias"] = state.pop("fc.b.bias")
    done = take(state)
    assert "did you mean 'fc.b.bias'?" in done.err
    assert "no biases there, write bias: none for fc, or constants: {fc.bias: 0}" in done.err


def test_a_module_that_lacks_a_bias_is_told_so_and_no_other_name(take: Any) -> None:
    """conv.bias would be near, and is somebody else's."""
    theirs = {name.replace("conv.", "cnv."): values for name, values in merged(state_of()).items()}
    text = SPEC.replace("kernel: 2", "kernel: 2, bias: 1")  # where they start is not what they are without
    done = take(without(theirs, "cnv.bias"), "weights: 1\ntensors: {cnv: conv}\n", text=text)
    assert done.code == 1
    assert "SN704: the file has no tensor 'cnv.bias'" in done.err
    assert "no biases there, write bias: none for conv, or constants: {conv.bias: 0}" in done.err
    assert "did you mean" not in done.err


def test_a_role_that_a_layer_does_not_have(take: Any) -> None:
    done = take({**state_of(), "conv.a.running_mean": np.ones(2, np.float32)})
    assert done.code == 1
    assert "the file has 'conv.a.running_mean', and the parameters of 'conv' are weight, bias" in done.err
