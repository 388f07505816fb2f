"""The native model: an `nn.Module` with a submodule for each share, run in the plan's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from specnet.backend import walk
from specnet.backend.kinds import Run
from specnet.plans.operations import Compute, Feed, Transfer
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_torch import activations, fast
from specnet_torch.fan_out import fan_out
from specnet_torch.layers import FRESH, layer
from specnet_torch.signature import with_inputs, written


class Share(nn.Module):
    """One share of a layer. Its parameters are named by role and have their canonical layouts.

    With `rounding` it computes on values of that type: it rounds its parameters, and if its kind needs full
    precision its output instead.
    """

    def __init__(
        self, op: Compute, device: torch.device, dtype: torch.dtype, rounding: torch.dtype | None
    ) -> None:
        super().__init__()
        self.op = op
        self.rounding = rounding
        self._carry_out = layer.find(op.layer.kind, f"layer '{op.name}'")
        self._function = None if op.activation is None else activations.find(op, op.activation)
        in_place = activations.IN_PLACE.get(op.activation.kind) if op.activation is not None else None
        self._in_place = in_place if op.layer.kind in FRESH else None
        for role, weight in op.weights.items():
            values = fast.images_last(torch.zeros(weight.shape, device=device, dtype=dtype))
            if weight.trainable:
                self.register_parameter(role, nn.Parameter(values, requires_grad=role in op.trained))
            else:
                self.register_buffer(role, values)

    def forward(self, *values: Tensor, keep: Tensor | None = None) -> Tensor:
        """The share's output for the values that its operation reads, in that order."""
        weights: dict[str, Tensor] = {**self._parameters, **self._buffers}  # type: ignore[dict-item]
        arguments, full = self._arguments(values), self.op.layer.full_precision
        if self.rounding is not None and full:
            arguments = [argument.float() for argument in arguments]
        elif self.rounding is not None:
            weights = {role: weight.to(self.rounding) for role, weight in weights.items()}
        run = Run(self.training and not self.op.keeps_statistics, keep)
        output = self._carry_out(self.op, arguments, weights, run)
        if self.rounding is not None and full:
            output = output.to(self.rounding)
        if self._in_place is not None and fast.enabled():
            return self._in_place(output)
        return output if self._function is None else self._function(output)

    def _arguments(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The values concatenated along the channels where an argument has several."""
        arguments: list[Tensor] = []
        start = 0
        for names in self.op.arguments:
            pieces = values[start : start + len(names)]
            start += len(names)
            arguments.append(pieces[0] if len(pieces) == 1 else torch.cat(list(pieces), dim=1))
        return arguments

    def extra_repr(self) -> str:
        settings = self.op.layer
        fields = settings.model_dump(exclude={"from_", "group", "cross_group"}, exclude_defaults=True)
        return ", ".join(
            [settings.kind, *(f"{name}={value}" for name, value in fields.items() if name != "kind")]
        )


class _Layer(nn.Module):
    """The shares of one layer by group, so that states are keyed `conv1.gpu0.weight`; of `a.conv1`, it is in
    a module `a`.

    Submodules are put in place directly: a layer or group may bear the name of one of `nn.Module`'s methods.
    """


class TorchModel(nn.Module):
    """A network as PyTorch code runs it. Call it with images (n, channels, height, width).

    There is one argument for each input layer, under its name made a valid identifier (`left-eye` is
    `left_eye`), in the order of `plan.inputs`. The state's keys are the canonical names. In training mode,
    used by hand, dropout draws its own masks.
    """

    def __new__(cls, plan: Plan, *rest: Any, **options: Any) -> TorchModel:
        """A model of the class whose `forward` names the plan's inputs."""
        return _blank(cls, tuple(plan.inputs))

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is pickled and copied: a class made for its inputs cannot be found by its name."""
        return _blank, (written(type(self)), tuple(self.plan.inputs)), self.__dict__

    def __init__(
        self,
        plan: Plan,
        placement: Placement,
        dtype: torch.dtype,
        rounding: torch.dtype | None = None,
    ) -> None:
        """Parameters of `dtype`; values between layers of `rounding`, if it is given."""
        super().__init__()
        self.rounding = rounding
        self.plan = plan
        self.devices = {group: torch.device(device) for group, device in placement.items()}
        for op in plan.computes:
            self._put(op, Share(op, self.devices[op.group], dtype, rounding))

    def _put(self, op: Compute, share: Share) -> None:
        """Make a share a submodule: its state's keys begin with the operation's name."""
        holder: nn.Module = self
        steps = op.name.removesuffix(f".{op.group}").split(".")
        for step in steps:
            inner = holder._modules.get(step)
            if inner is None:
                inner = holder._modules[step] = _Layer()
            holder = inner
        there = holder._modules.get(op.group)
        if there is not None:  # it holds a layer that is named as this operation is, with more behind a dot
            share._modules.update(there._modules)
        holder._modules[op.group] = share

    def share(self, op: Compute) -> Share:
        """The submodule that carries out an operation."""
        share: nn.Module | None = self
        for step in (*op.name.removesuffix(f".{op.group}").split("."), op.group):
            assert share is not None
            share = share._modules[step]
        assert isinstance(share, Share)
        return share

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> TorchModel:
        """What `to`, `cuda` and the like do. The groups go where their parameters go."""
        super()._apply(fn, recurse)
        self.devices = {g: fn(torch.empty(0, device=device)).device for g, device in self.devices.items()}
        return self

    def move(self, value: Tensor, origin: str | None, group: str) -> Tensor:
        """Bring a value of group `origin` to `group`; images come from None. The only way between groups."""
        device = self.devices[group]
        # A copy that nobody waits for is behind the work that was asked for earlier and before what is asked
        # for later, on a GPU. The CPU would read what has not arrived.
        unwaited = device.type != "cpu"
        if origin is not None:
            return value.to(device, non_blocking=unwaited)
        return fast.images_last(value.to(device, self.rounding or value.dtype, non_blocking=unwaited))

    def run(
        self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor] | None = None
    ) -> Tensor | dict[str, Tensor]:
        """The output, or outputs by name if there are several.

        `inputs` are the images by input layer, and `masks` dropout masks by the name of the
        operation that uses them.
        """

        def feed(op: Feed) -> Tensor:
            return self.move(inputs[op.layer], None, op.group)

        def transfer(op: Transfer, value: Tensor) -> Tensor:
            return self.move(value, op.origin, op.group)

        def compute(op: Compute, values: list[Tensor]) -> Tensor:
            share: Tensor = self.share(op)(*values, keep=masks.get(op.name) if masks else None)
            return share

        outputs = walk.forward(self.plan, feed, transfer, compute, fan_out)
        return outputs[self.plan.outputs[0]] if len(outputs) == 1 else outputs


def _blank(cls: type[TorchModel], inputs: tuple[str, ...]) -> TorchModel:
    """A model without a state, whose `forward` names the inputs, unless its class has one of its own."""
    cls = written(cls)
    own = cls.forward is not TorchModel.forward
    made: TorchModel = object.__new__(cls if own else with_inputs(cls, inputs))  # type: ignore[arg-type]
    return made
