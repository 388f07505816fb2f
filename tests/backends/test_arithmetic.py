"""float32 is float32 in both backends, TF32 a precision of its own, and nobody's settings are lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pytest
import torch

import specnet
from specnet.backend import protocol as backends
from specnet.backend.protocol import PRECISIONS, Precision, storage
from specnet.cli.main import build_parser
from specnet.diagnostics.errors import RunError
from specnet.testing import cases, relative_error
from specnet.testing.comparing import assert_equal
from specnet.testing.random_specs import random_batch, random_state
from support.native_models import SPEC
from support.training_runs import TINY, run

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import tensorflow as tf

Name = Literal["torch", "tensorflow"]
CONFIG = tf.config.experimental
NEWER = hasattr(torch.backends.cuda.matmul, "fp32_precision")


def of_torch() -> dict[str, Any]:
    """Every switch of PyTorch's that has a say in a step."""
    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    found = {
        "matmul": cuda.allow_tf32,
        "conv": cudnn.allow_tf32,
        "float32 matmul": torch.get_float32_matmul_precision(),
        "bf16 sums": cuda.allow_bf16_reduced_precision_reduction,
        "fp16 sums": cuda.allow_fp16_reduced_precision_reduction,
        "benchmark": cudnn.benchmark,
        "deterministic cuDNN": cudnn.deterministic,
        "deterministic": torch.get_deterministic_debug_mode(),
    }
    if NEWER:
        mkldnn = torch.backends.mkldnn
        new = (cuda.fp32_precision, cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision)  # type: ignore[attr-defined]
        old = (mkldnn.matmul.fp32_precision, mkldnn.conv.fp32_precision)  # type: ignore[attr-defined]
        found |= {"on GPUs": new, "on CPUs": old}
    return found


def of_tensorflow() -> dict[str, Any]:
    from tensorflow.python.framework import config

    return {
        "tf32": CONFIG.tensor_float_32_execution_enabled(),
        "deterministic": config.is_op_determinism_enabled(),
    }


def expected_of_torch(precision: Precision) -> dict[str, Any]:
    tf32 = precision == "tf32"
    found: dict[str, Any] = {
        "matmul": tf32,
        "conv": tf32,
        "float32 matmul": "high" if tf32 else "highest",
        "bf16 sums": False,
        "fp16 sums": False,
        "benchmark": False,
        "deterministic cuDNN": True,
        "deterministic": 1,
    }
    if NEWER:
        found |= {"on GPUs": ("tf32" if tf32 else "ieee",) * 3, "on CPUs": ("ieee", "ieee")}
    return found


def executable(name: Name, precision: Precision) -> Any:
    made = cases.SPLIT.plan
    found = backends.find(name).compile(made, dict.fromkeys(made.groups, "cpu"), precision)
    found.load_state(random_state(made, 1))
    return found


@pytest.fixture
def somebodys() -> Iterator[None]:
    """Settings of somebody who uses the same process for something else."""
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("medium")
    CONFIG.enable_tensor_float_32_execution(True)
    yield
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("highest")


STEPS = {
    "forward": lambda executable, batch: executable.forward({"image": batch.images}),
    "gradients": lambda executable, batch: executable.gradients(batch),
    "train_step": lambda executable, batch: executable.train_step(batch, 0.1),
    "in parts": lambda executable, batch: executable.train_step(batch, 0.1, 2),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.usefixtures("somebodys")
def test_torch_computes_in_what_was_named(
    precision: Precision, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the settings around it are as they were."""
    made, seen = executable("torch", precision), []
    usual = made.model.move

    def move(*values: Any) -> Any:
        seen.append(of_torch())
        return usual(*values)

    monkeypatch.setattr(made.model, "move", move)
    before = of_torch()
    STEPS[step](made, random_batch(cases.SPLIT.plan, 1, 4))
    assert seen
    assert all(found == expected_of_torch(precision) for found in seen)
    assert of_torch() == before


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("precision", ["float32", "tf32"])
@pytest.mark.usefixtures("somebodys")
def test_tensorflow_computes_in_what_was_named(
    precision: Precision, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, seen = executable("tensorflow", precision), []

    def looking(usual: Any) -> Any:
        def traced(*values: Any) -> Any:
            seen.append(of_tensorflow())
            return usual(*values)

        return traced

    for name in ("traced_forward", "traced_gradients", "traced_step", "traced_part", "traced_apply"):
        monkeypatch.setattr(made, name, looking(getattr(made, name)))
    before = of_tensorflow()
    STEPS[step](made, random_batch(cases.SPLIT.plan, 1, 4))
    assert seen
    assert all(found == {"tf32": precision == "tf32", "deterministic": True} for found in seen)
    assert of_tensorflow() == before


@pytest.mark.usefixtures("somebodys")
def test_settings_come_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*values: Any) -> None:
        raise ZeroDivisionError

    for name, settings in (("torch", of_torch), ("tensorflow", of_tensorflow)):
        made, before = executable(name, "float32"), settings()  # type: ignore[arg-type]
        if name == "torch":
            monkeypatch.setattr(made.model, "move", fail)
        else:
            monkeypatch.setattr(made, "traced_gradients", fail)
        with pytest.raises(ZeroDivisionError):
            made.gradients(random_batch(cases.SPLIT.plan, 1, 4))
        assert settings() == before


@pytest.mark.skipif(not NEWER, reason="needs PyTorch 2.9")
def test_what_was_inherited_is_inherited_again() -> None:
    """PyTorch's general precision is taken by what has none of its own, also when it changes afterwards."""
    made, batch = executable("torch", "float32"), random_batch(cases.SPLIT.plan, 1, 4)
    mkldnn: Any = torch.backends.mkldnn
    torch.backends.fp32_precision = "tf32"  # type: ignore[attr-defined]
    try:
        made.gradients(batch)
        assert mkldnn.conv.fp32_precision == "tf32"
        torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]
        assert mkldnn.conv.fp32_precision == "ieee"
    finally:
        torch.backends.fp32_precision = "none"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["torch", "tensorflow"])
def test_without_tf32_it_is_float32(name: Name) -> None:
    """On a CPU, to the last bit."""
    batch = random_batch(cases.SPLIT.plan, 1, 4)
    (loss, found), (loss_, expected) = (
        executable(name, precision).gradients(batch) for precision in ("tf32", "float32")
    )
    assert loss == loss_
    assert_equal(found, expected)
    assert {gradient.dtype for gradient in found.values()} == {np.dtype(np.float32)}


def test_the_native_models_are_float32() -> None:
    assert (
        specnet.compile(SPEC, precision="tf32", devices="cpu").state_dict()["fc.a.weight"].dtype
        == torch.float32
    )
    keras_model = specnet.compile(SPEC, "tensorflow", precision="tf32", devices="cpu")
    assert {weight.dtype for weight in keras_model.weights} == {"float32"}
    assert storage("tf32") == "float32"


def test_a_run_keeps_it_on_either_backend(tmp_path: Path) -> None:
    spec = specnet.load(specnet_document())
    run(spec, tmp_path / "r", steps=2, precision="tf32", devices="cpu")
    with pytest.raises(RunError, match="precision"):
        run(spec, tmp_path / "r", steps=4, precision="float32", devices="cpu", resume=True)
    run(spec, tmp_path / "r", steps=4, precision=None, backend="tensorflow", devices="cpu", resume=True)
    run(spec, tmp_path / "float32", steps=4, precision="float32", devices="cpu")
    found, expected = (specnet.evaluate(tmp_path / name).evaluation.loss for name in ("r", "float32"))
    # Measured: 1e-7.
    assert relative_error(found, expected) < 1e-5


def specnet_document() -> Any:
    from specnet.syntax import document

    return document.parse(TINY).data()


@pytest.mark.parametrize(
    "command", [["train", "a.yaml"], ["weights", "import", "a.yaml", "b", "--run-dir", "c"]]
)
def test_the_command_line_knows_every_precision(command: list[str]) -> None:
    for precision in PRECISIONS:
        assert build_parser().parse_args([*command, "--precision", precision]).precision == precision
