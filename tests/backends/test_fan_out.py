"""A value with several readers: their gradients are added in one order, whoever asks for them."""

from __future__ import annotations

import pytest
import torch

from specnet_torch.fan_out import fan_out


def test_the_last_readers_gradient_comes_first() -> None:
    """1e16 swallows a one: the order shows."""
    value = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    first, second, third = fan_out(value, 3)
    (gradient,) = torch.autograd.grad(first * -1e16 + second * 1e16 + third, value)
    assert gradient.item() == ((1 + 1e16) - 1e16) == 0
    (gradient,) = torch.autograd.grad(first + second * 1e16 + third * -1e16, value)
    assert gradient.item() == ((-1e16 + 1e16) + 1) == 1


def test_memory_is_shared_and_some_readers_send_nothing_back() -> None:
    value = torch.ones(3, requires_grad=True)
    copies = fan_out(value, 3)
    assert {copy.data_ptr() for copy in copies} == {value.data_ptr()}
    (gradient,) = torch.autograd.grad((copies[1] * 2).sum(), value)
    assert gradient.tolist() == [2, 2, 2]


def test_gradients_of_gradients_and_functional_transforms() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        one, two, three = fan_out(x, 3)
        return (one * two * three).sum()

    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert torch.autograd.gradgradcheck(function, x.requires_grad_())
    assert torch.equal(torch.func.grad(function)(x), 3 * x**2)
    assert torch.equal(torch.func.vmap(torch.func.grad(function))(x[:, None])[:, 0], 3 * x**2)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_without_gradients_it_is_the_value_itself(count: int) -> None:
    value = torch.ones(3)
    copies = fan_out(value, count)
    assert len(copies) == count
    assert all(copy is value for copy in copies)
