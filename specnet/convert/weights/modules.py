"""The modules of a file: which of their tensors are which parameters, under the names that people write.

The prefix that the names of a wrapped model bear (`module.`, `_orig_mod.`, `backbone.`) may be left out in
what is said about a file; the full name is understood, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from specnet.convert.weights.tensor_file import Layout
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Position
from specnet.diagnostics.errors import SpecError
from specnet.layers.base import Weight

COUNTER = "num_batches_tracked"
"""What a batch norm of PyTorch's holds besides its parameters and statistics."""
WORDS = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "gamma": "weight",
    "weight": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "running_mean": "running_mean",
    "moving_variance": "running_var",
    "running_var": "running_var",
}
"""What the variables of Keras layers, and of specnet's own in Keras, are called where a file names them."""


class Modules:
    """The names of a file's tensors, with a prefix and without it."""

    def __init__(self, layout: Layout, tensors: Sequence[str], prefix: str = "") -> None:
        self.layout = layout
        self.prefix = prefix
        self._sign = "." if layout == "torch" else "/"
        self._short = {name: name.removeprefix(prefix) for name in tensors}
        self._full = {short: name for name, short in self._short.items()} | {name: name for name in tensors}
        self._inside: dict[str, list[str]] = {}
        for name, short in self._short.items():
            for module in {self.parent(name), self.parent(short)}:
                self._inside.setdefault(module, []).append(name)

    def full(self, name: str) -> str:
        """The name in the file of what may be written without the prefix; any other stays as it is."""
        return self._full.get(name, name)

    def split(self, tensor: str) -> tuple[str, str]:
        """A tensor's module, without the prefix, and the tensor's own name in it."""
        module, _, own = self._short[tensor].rpartition(self._sign)
        return module, own

    def parent(self, name: str) -> str:
        """The module that a name lies in."""
        return name.rpartition(self._sign)[0]

    def has(self, module: str) -> bool:
        """Whether tensors of the file lie in a module."""
        return module in self._inside

    def matching(self, name: str) -> set[str]:
        """The tensors of that name, or in the module of that name."""
        inside = (f"{name}.", f"{name}/")
        full = {t for t in self._short if t == name or t.startswith(inside)}
        return full or {t for t, short in self._short.items() if short == name or short.startswith(inside)}

    def parameters(
        self,
        module: str,
        weights: Mapping[str, Weight],
        constant: Collection[str],
        target: str,
        place: Position | None = None,
    ) -> dict[str, str]:
        """The tensors of a module by role, for the network's `target`, which takes `weights` from it.

        Roles that are `constant` need no tensor. A batch norm without gamma or beta has its running
        statistics alone, or with one of the two: what it lacks is left out. Raises `SpecError` with a
        diagnostic at `place` if it could lack either of the two, or lacks nothing although a role is
        constant.
        """
        fixed = [role for role in weights if not weights[role].trainable]
        if self._numbered(module):
            return self._by_number(module, list(weights), fixed, constant, target, place)
        tensors = {role: self._tensor(module, role) for role in weights}
        with_statistics = bool(fixed) and all(tensors[role] in self._short for role in fixed)
        return {
            role: tensor
            for role, tensor in tensors.items()
            if tensor in self._short or not (with_statistics or role in constant)
        }

    def _by_number(
        self,
        module: str,
        roles: list[str],
        fixed: list[str],
        constant: Collection[str],
        target: str,
        place: Position | None,
    ) -> dict[str, str]:
        count = len(self._inside.get(module, ()))
        wanted = [role for role in roles if role not in constant]
        if len(wanted) < count == len(roles):
            message = f"'{module}' has all of the variables {', '.join(roles)}, and constants give one, too"
            hint = f"take {target} out of the constants, or name its variables one by one"
            raise SpecError([rules.GIVEN_TWICE.at(place, message, hint)])
        if fixed and len(fixed) < count < len(wanted):
            message = f"'{module}' has {count} of the variables {', '.join(roles)}, and does not say which"
            hint = (
                f"name one in a mapping file (--map): constants: {{{target}.weight: 1}} if Keras's layer has "
                f"scale=False, constants: {{{target}.bias: 0}} if it has center=False; or say "
                "scale: false or shift: false in the spec"
            )
            raise SpecError([rules.HALF_BATCH_NORM.at(place, message, hint)])
        if count == len(fixed) < len(wanted):
            wanted = fixed
        return {role: self.full(f"{module}/{index}") for index, role in enumerate(wanted)}

    def lacks(self, tensor: str, role: str) -> bool:
        """Whether the batch norm that a tensor belongs to has no `role`: all that it holds is known."""
        module, own = self.split(tensor)
        inside = {self.split(name)[1] for name in self._inside[module]}
        if self._numbered(module):
            return len(inside) == 2
        if self.layout == "keras":
            inside, own = {WORDS.get(name, name) for name in inside}, WORDS.get(own, own)
        return own == "running_mean" and inside <= {*WORDS.values(), COUNTER} - {role}

    def _numbered(self, module: str) -> bool:
        """Whether the module's variables have numbers for names, as in `.weights.h5`."""
        inside = self._inside.get(module, ())
        return self.layout == "keras" and all(name.rpartition("/")[2].isdecimal() for name in inside)

    def _tensor(self, module: str, role: str) -> str:
        if self.layout == "torch":
            return self.full(f"{module}.{role}")
        words = [self.full(f"{module}/{word}") for word, meant in WORDS.items() if meant == role]
        return next((name for name in words if name in self._short), f"{module}/{role}")
