"""Fast paths and plain ones are the same numbers, and both can be had."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from specnet.backend.batch import Batch
from specnet.backend.protocol import Precision, State
from specnet.backend.slots import flat
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.spec import spec
from specnet.syntax import document
from specnet.testing.comparing import assert_alike
from specnet.training.compile import compile_plan, initialise

SPEC = """\
specnet: 1
name: fast
groups: [a, b]
layers:
  image: {kind: input, shape: [3, 11, 9]}
  conv1: {kind: conv, from: image, filters: 8, kernel: 3, stride: 2, rounding: ceil, activation: relu}
  norm1: {kind: lrn, from: conv1, size: 3, k: 2, alpha: 0.1, beta: 0.75}
  conv2: {kind: conv, from: norm1, filters: 12, kernel: 3, padding: 1, activation: relu}
  norm2: {kind: lrn, from: conv2, size: 5, k: 1, alpha: 0.2, beta: 0.5, alpha_over: size}
  bn: {kind: batch_norm, from: norm2, activation: relu}
  pool: {kind: max_pool, from: bn, kernel: 2, activation: relu}
  fc: {kind: dense, from: pool, cross_group: true, units: 8, activation: relu}
  out: {kind: dense, from: fc, cross_group: true, group: a, units: 5}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  weights: {kind: he_normal}
  optimizer:
    {kind: sgd, learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-2, biases: {learning_rate: 0.1}}
"""


def trained(backend: str, precision: Precision, monkeypatch: pytest.MonkeyPatch, fast: bool) -> list[State]:
    """Weights, velocities and outputs after some steps; the rate falls in between."""
    monkeypatch.setenv("SPECNET_FAST_PATHS", "1" if fast else "0")
    compiled = compile_plan(plan.make(analyse(spec.load(document.parse(SPEC)))), backend, "cpu", precision)
    initialise(compiled, 0, precision)
    random = np.random.RandomState(0)
    images = random.standard_normal((7, 3, 11, 9)).astype(precision)
    batch = Batch(images, random.randint(0, 5, 7))
    for step in range(6):
        float(compiled.executable.train_step(batch, 0.05 if step < 3 else 0.005))
    outputs = compiled.executable.forward({"image": images})
    return [compiled.executable.state(), flat(compiled.executable.optimizer_state()), outputs]


# Measured: float64 5.9e-15, float32 2.5e-6.
@pytest.mark.parametrize(("precision", "bound"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_fast_paths_change_nothing_but_rounding(
    backend: str, precision: Precision, bound: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, plain = (trained(backend, precision, monkeypatch, on) for on in (True, False))
    for ours, theirs in zip(fast, plain, strict=True):
        assert_alike(ours, theirs, bound)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    import specnet_torch.fast
    from specnet.backend import fast_paths

    for value, enabled in (("0", False), ("1", True)):
        monkeypatch.setenv("SPECNET_FAST_PATHS", value)
        assert specnet_torch.fast.enabled() is fast_paths.enabled() is enabled


def test_only_a_cpu_has_a_cache_to_cut_batches_for() -> None:
    import torch

    from specnet_torch import fast

    shape = (64, 96, 55, 55)
    assert [len(piece) for (piece,) in fast._in_pieces(torch.empty(shape, device="meta"))] == [64]
    assert sum(len(piece) for (piece,) in fast._in_pieces(torch.empty(shape))) == 64
    assert len(list(fast._in_pieces(torch.empty(shape)))) > 1


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_statistics_of_one_value_are_that_value_and_no_variance(backend: str) -> None:
    """Bessel's correction, which both frameworks' own layers apply, would divide by zero."""
    text = """\
specnet: 1
name: one
layers:
  image: {kind: input, shape: [3]}
  norm: {kind: batch_norm, from: image, momentum: 0.5}
  out: {kind: dense, from: norm, units: 2}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  weights: {kind: he_normal}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""
    compiled = compile_plan(plan.make(analyse(spec.load(document.parse(text)))), backend, "cpu", "float32")
    initialise(compiled, 0, "float32")
    batch = Batch(np.array([[1.0, 2.0, 4.0]], np.float32), np.array([1]))
    float(compiled.executable.train_step(batch, 0.1))
    state = compiled.executable.state()
    (mean,) = (values for name, values in state.items() if name.endswith("running_mean"))
    (var,) = (values for name, values in state.items() if name.endswith("running_var"))
    assert mean.tolist() == [0.5, 1.0, 2.0]
    assert var.tolist() == [0.5, 0.5, 0.5]


def test_a_pooling_can_be_differentiated_twice() -> None:
    import torch

    from specnet_torch.fast import max_pool

    x = torch.randperm(2 * 3 * 7 * 7).reshape(2, 3, 7, 7).double().requires_grad_()

    def pooled(x: Any) -> Any:
        return max_pool(x, (3, 3), (2, 2), (1, 1)) ** 2

    assert torch.autograd.gradcheck(pooled, (x,), rtol=1e-5)
    assert torch.autograd.gradgradcheck(pooled, (x,), rtol=1e-5)


def test_gradients_of_a_pooling_are_those_of_both_turns_however_a_batch_is_cut() -> None:
    """Against PyTorch's own gradient of each turn of columns, added."""
    import torch

    from specnet_torch import fast

    torch.manual_seed(0)
    x = torch.relu(torch.randn(40, 48, 27, 27)).contiguous(memory_format=torch.channels_last)
    assert len(list(fast._in_pieces(x))) > 1
    g = torch.randn(40, 48, 13, 13)
    turn = torch.arange(13) % 2 == 0

    def slope(pool: Any, gradient: torch.Tensor) -> torch.Tensor:
        leaf = x.clone().requires_grad_()
        (found,) = torch.autograd.grad(pool(leaf, (3, 3), (2, 2), (0, 0)), leaf, gradient)
        return found

    one, other = (
        slope(torch.nn.functional.max_pool2d, part)
        for part in (torch.where(turn, g, 0), torch.where(turn, 0, g))
    )
    assert torch.equal(slope(fast.max_pool, g), one + other)


def test_a_normalization_can_be_differentiated_twice() -> None:
    import torch

    from specnet_torch.fast import Normalize

    x = torch.rand(3, 6, 2, 2, dtype=torch.float64, requires_grad=True)
    band = torch.ones(6, 6, dtype=torch.float64).triu(-1).tril(1)[:, :, None, None]

    for beta in (0.75, 0.5):

        def normalized(x: Any, beta: float = beta) -> Any:
            return Normalize.apply(x, band, 2.0, 0.1, beta)  # type: ignore[no-untyped-call]

        assert torch.autograd.gradcheck(normalized, (x,))
        assert torch.autograd.gradgradcheck(normalized, (x,))
