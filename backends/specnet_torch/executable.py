"""Training and evaluation of a plan in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from specnet.backend import fast_paths, slots
from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import Precision, State, StepResult, storage
from specnet.backend.slots import OptimizerState
from specnet.numerics.randomness import Array
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_torch import losses, optimizers
from specnet_torch.arithmetic import arithmetic
from specnet_torch.model import TorchModel
from specnet_torch.out_of_memory import reraise_out_of_memory

DTYPES = {
    "float32": torch.float32,
    "tf32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
}


Told = tuple[Tensor, Tensor | None]
"""The fields of a `StepResult`."""


class TorchExecutable:
    """Implements `specnet.backend.protocol.Executable`."""

    def __init__(self, plan: Plan, placement: Placement, precision: Precision) -> None:
        self.plan = plan
        self._precision = precision
        if fast_paths.enabled() and "cpu" in placement.values():
            fast_paths.keep_memory()
        self._dtype = DTYPES[storage(precision)]
        self._computing = DTYPES[precision]
        rounding = self._computing if self._computing != self._dtype else None
        self.model = TorchModel(plan, placement, self._dtype, rounding)
        trained = {p.name for p in plan.parameters if p.trained}
        self._weights = {n: w for n, w in self.model.named_parameters() if n in trained}
        self._has_classes = plan.loss is not None and plan.loss.labels == "class"
        if plan.loss is not None:
            self._loss_function = losses.find(plan.loss)
        if plan.optimizer is not None:
            optimizers.optimizer.find(plan.optimizer.kind, "the update rule")

    @cached_property
    def _slots(self) -> dict[str, dict[str, Tensor]]:
        """Zero until the first step. They are as large as the weights, and only training asks for them."""
        rule = self.plan.optimizer
        return {slot: self._zeros(count=slot in rule.counts) for slot in rule.kept} if rule else {}

    def _zeros(self, *, count: bool) -> dict[str, Tensor]:
        """Zeros like every parameter, or one number beside each."""
        if not count:
            return {name: torch.zeros_like(weight) for name, weight in self._weights.items()}
        return {n: torch.zeros((), dtype=torch.float64, device=w.device) for n, w in self._weights.items()}

    @reraise_out_of_memory()
    def state(self) -> State:
        return {name: _array(t) for name, t in self.model.state_dict().items()}

    @reraise_out_of_memory()
    def load_state(self, state: Mapping[str, Array]) -> None:
        _fill(self.model.state_dict(), state)

    @reraise_out_of_memory()
    def optimizer_state(self) -> OptimizerState:
        return {slot: {n: _array(t) for n, t in tensors.items()} for slot, tensors in self._slots.items()}

    @reraise_out_of_memory()
    def load_optimizer_state(self, state: Mapping[str, Mapping[str, Array]]) -> None:
        _fill(slots.flat(self._slots), slots.flat(state))

    @reraise_out_of_memory()
    def forward(self, inputs: Mapping[str, Array]) -> State:
        check_inputs(self.plan, inputs)
        self.model.eval()
        with torch.inference_mode(), arithmetic(self._precision):
            outputs = self.model.run({name: self._tensor(inputs[name]) for name in self.plan.inputs})
        if isinstance(outputs, Tensor):
            outputs = {self.plan.outputs[0]: outputs}
        return {name: _array(t.to(self._dtype)) for name, t in outputs.items()}

    @reraise_out_of_memory()
    def gradients(self, batch: Batch) -> tuple[float, State]:
        with arithmetic(self._precision):
            (loss, _), gradients = self._told_and_gradients(batch)
        return float(loss), {name: _array(g) for name, g in zip(self._weights, gradients, strict=True)}

    @reraise_out_of_memory()
    def watch(self, batch: Batch) -> tuple[State, State]:
        """What `specnet.testing.decisions.Watched` says."""
        values: State = {}

        def keep(name: str) -> Callable[[torch.nn.Module, object, Tensor], None]:
            return lambda module, arguments, output: values.update({name: _array(output.to(self._dtype))})

        shares = ((op.name, self.model.share(op)) for op in self.plan.computes)
        hooks = [share.register_forward_hook(keep(name)) for name, share in shares]
        try:
            return values, self.gradients(batch)[1]
        finally:
            for hook in hooks:
                hook.remove()

    @reraise_out_of_memory()
    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        with arithmetic(self._precision):
            result, gradients = self._accumulated(batch.parts(micro_batch))
            named = dict(zip(self._weights, gradients, strict=True))
            rates = {name: own.rate(learning_rate) for name, own in self.plan.settings.items()}
            optimizers.update(self.plan, self._weights, self._slots, named, rates, self.model.move)
        return StepResult(*result)

    def _accumulated(self, parts: Sequence[Batch]) -> tuple[Told, Sequence[Tensor]]:
        """What all parts together tell and their gradients. A part's own are gone before the next."""
        (loss, wrong), gradients = self._told_and_gradients(parts[0])
        if len(parts) == 1:
            return (loss, wrong), gradients
        images = sum(len(part.labels) for part in parts)
        fraction = len(parts[0].labels) / images
        loss, totals = loss * fraction, [gradient * fraction for gradient in gradients]
        for part in parts[1:]:
            del gradients
            fraction = len(part.labels) / images
            (part_loss, part_wrong), gradients = self._told_and_gradients(part)
            loss += part_loss * fraction
            if wrong is not None and part_wrong is not None:
                wrong = wrong + part_wrong
            for total, gradient in zip(totals, gradients, strict=True):
                total += gradient * fraction
        return (loss, wrong), totals

    def _told_and_gradients(self, batch: Batch) -> tuple[Told, tuple[Tensor, ...]]:
        """The mean loss, how many images are classified wrong, and the gradient of every trained parameter;
        zero where the loss does not depend on it. Autograd does nothing for what lies before the first of
        them."""
        self.model.train()
        groups = {op.name: op.group for op in self.plan.computes}
        masks = {
            name: torch.from_numpy(mask).to(
                self.model.devices[groups[name]], self._computing, non_blocking=True
            )
            for name, mask in batch.masks.items()
        }
        (name,) = self.plan.inputs
        outputs = self.model.run({name: self._tensor(batch.images)}, masks)
        named = {self.plan.outputs[0]: outputs} if isinstance(outputs, Tensor) else outputs
        read = [named[name] for name in self.plan.loss_reads]
        labels = torch.from_numpy(batch.labels).to(read[0].device, non_blocking=True)
        loss = self._loss_function(self.plan.loss, [value.double() for value in read], labels)
        wrong = _wrong(read[0].detach(), labels) if self._has_classes else None
        if not loss.requires_grad:  # what is trained is not read by the loss
            return (loss.to(self._dtype), wrong), tuple(map(torch.zeros_like, self._weights.values()))
        gradients = torch.autograd.grad(
            loss, list(self._weights.values()), allow_unused=True, materialize_grads=True
        )
        return (loss.detach().to(self._dtype), wrong), gradients

    def _tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._dtype)


def _wrong(outputs: Tensor, labels: Tensor) -> Tensor:
    """How many images have their largest output elsewhere than at their class, or that of the largest
    share."""
    own = labels.argmax(dim=1) if labels.ndim == 2 else labels
    return (outputs.argmax(dim=1) != own).sum()


def _array(tensor: Tensor) -> Array:
    """A copy in NumPy that later updates leave alone."""
    array: Array = tensor.detach().cpu().numpy().copy()
    return array


def _fill(tensors: Mapping[str, Tensor], state: Mapping[str, Array]) -> None:
    """Copy arrays into tensors of the same names and shapes. Raises `UsageError` where they differ."""
    check_state({name: tensor.shape for name, tensor in tensors.items()}, state)
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(torch.from_numpy(np.array(state[name])))
