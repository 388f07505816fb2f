"""Runs into files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from specnet.convert.weights.files import open_tensors
from specnet.testing.comparing import assert_equal
from support.weights_files import SPEC, merged, state_of

Cli = Callable[..., Any]


def test_what_is_exported_is_what_the_run_holds(take: Any, cli: Cli, tmp_path: Path) -> None:
    state = state_of()
    assert take(state).code == 0
    run, newest = tmp_path / "run", tmp_path / "run" / "checkpoints" / "step-00000000"
    for source, options in ((run, ()), (newest, ()), (run, ("--format", "torch"))):
        done = cli("weights", "export", source, "-o", tmp_path / "out.safetensors", *options)
        assert (done.code, done.err) == (0, "")
        assert "18 parameters of step 0" in done.out
        found = load_file(tmp_path / "out.safetensors")
        assert set(found) == set(state)
        assert_equal(found, state)
    assert b'"format":"pt"' in (tmp_path / "out.safetensors").read_bytes()


@pytest.mark.slow
def test_every_export_is_read_again(take: Any, cli: Cli, tmp_path: Path) -> None:
    """The library fills headers up to eight bytes: their lengths have 32 first bytes, 0x80 among them."""
    assert take(state_of()).code == 0
    output, seen = tmp_path / "out.safetensors", set()
    for extra in range(0, 256, 4):
        long = "conv" + "v" * extra
        (tmp_path / "map.yaml").write_text(f"weights: 1\ntensors:\n  {long}.weight: conv.weight\n")
        said = ("--map", tmp_path / "map.yaml")
        assert cli("weights", "export", tmp_path / "run", "-o", output, *said).code == 0
        seen.add(output.read_bytes()[0])
        with open_tensors(output) as opened:
            assert np.array_equal(opened.read(f"{long}.weight"), merged(state_of())["conv.weight"])
    assert seen == set(range(0, 256, 8))


def test_the_order_of_groups_travels_along(take: Any, cli: Cli, tmp_path: Path) -> None:
    """fc reads the shares of norm in group order, so its columns mean something else in another order."""
    assert take(state_of()).code == 0
    output = tmp_path / "out.safetensors"
    assert cli("weights", "export", tmp_path / "run", "-o", output).code == 0
    other = tmp_path / "other.yaml"
    other.write_text(SPEC.replace("[a, b]", "[b, a]"))
    refused = cli("weights", "import", other, output, "--run-dir", tmp_path / "other")
    assert refused.code == 2
    assert "groups a, b, in this order" in refused.err
    assert "write groups: [a, b]" in refused.err
    assert not (tmp_path / "other").exists()


def test_an_export_can_bear_other_names(take: Any, cli: Cli, tmp_path: Path) -> None:
    state = state_of()
    assert take(state).code == 0
    (tmp_path / "map.yaml").write_text("weights: 1\ntensors:\n  features.0: conv\n  top: [fc.b, fc.a]\n")
    output = tmp_path / "out.safetensors"
    assert cli("weights", "export", tmp_path / "run", "-o", output, "--map", tmp_path / "map.yaml").code == 0
    found = load_file(output)
    assert np.array_equal(found["features.0.weight"], merged(state)["conv.weight"])
    assert np.array_equal(found["top.bias"], np.concatenate([state["fc.b.bias"], state["fc.a.bias"]]))
    assert np.array_equal(found["norm.b.bias"], state["norm.b.bias"])
    others = {name for name in state if name.startswith(("norm", "out"))}
    assert set(found) == others | {"features.0.weight", "features.0.bias", "top.weight", "top.bias"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent", "-o", "x.safetensors"], "neither a run nor a checkpoint"),
        (["run", "-o", "x.bin"], "does not say which format is meant"),
        (["run", "-o", "x"], "does not say which format is meant"),
        (["run", "-o", "x.onnx"], "'x.onnx' means ONNX, which specnet does not write"),
        (["run", "-o", "x.ONNX"], "torch.onnx.export writes it"),
        (["run", "-o", "x.pth"], "'x.pth' means a pickle, which specnet does not write"),
        (["run", "-o", "x.keras"], "name FILE.safetensors or FILE.weights.h5"),
        (["run", "-o", "x.h5"], "'x.h5' means a whole Keras model"),
        (["run", "-o", "x.npz"], "'x.npz' means NumPy's archives"),
        (["run", "-o", "x.onnx", "--format", "torch"], "'x.onnx' means ONNX, which specnet does not write"),
        (["run", "-o", "x.pt", "--format", "safetensors"], "'x.pt' means a pickle"),
        (["run", "-o", "x.keras", "--format", "keras"], "'x.keras' means a whole Keras model"),
        (
            ["run", "-o", "x.weights.h5", "--format", "torch"],
            "'x.weights.h5' means Keras's format, not torch",
        ),
        (["run", "-o", "x.safetensors", "--format", "keras"], "end in .weights.h5"),
        (["run", "-o", "x.h5", "--format", "keras"], "name FILE.safetensors or FILE.weights.h5"),
        (["run", "-o", "x.weights.h5", "--map", "map.yaml"], "own Keras model only"),
        (["run", "-o", "no/such/x.safetensors"], "cannot write no/such/x.safetensors"),
        (["run", "-o", "x.safetensors", "--map", "absent.yaml"], "cannot read absent.yaml"),
        (["run", "-o", "x.npz", "--format", "numpy"], "invalid choice: 'numpy'"),
    ],
)
def test_exports_that_cannot_be_are_refused(
    take: Any, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    assert take(state_of()).code == 0
    monkeypatch.chdir(tmp_path)
    done = cli("weights", "export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_list_shows_what_a_mapping_needs(cli: Cli, tmp_path: Path) -> None:
    save_file({"features.0.weight": np.ones((2, 3), np.float16)}, tmp_path / "x.safetensors")
    done = cli("weights", "list", tmp_path / "x.safetensors")
    assert (done.code, done.err) == (0, "")
    assert "features.0.weight  2x3    float16" in done.out


def test_help_has_examples(cli: Cli) -> None:
    for action in ([], ["import"], ["export"]):
        done = cli("weights", *action, "--help")
        assert done.code == 0
        assert "specnet weights" in done.out.partition("example")[2]
