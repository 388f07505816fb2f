"""The diagnostics for tensors without a parameter, and for parameters without a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.convert.weights import prefixes
from specnet.convert.weights.modules import WORDS, Modules
from specnet.convert.weights.names import Entry, ParameterNames
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.suggestions import suggestion
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.weighted import Weighted
from specnet.plans.operations import Compute, parameter_name
from specnet.plans.plan import Plan

SHOWN = 20
"""More diagnostics of one kind are counted, not listed."""


def nothing_agrees(tensors: Sequence[str], plan: Plan, names: ParameterNames) -> Diagnostic:
    """The diagnostic for a file in which every name is unknown to the network."""
    if not tensors:
        return rules.PARAMETER_MISSING.at(None, "the file holds no tensors")
    wanted = plan.parameters[0].name if plan.parameters else "no parameter at all"
    message = f"no tensor of the file bears a name of the network: '{tensors[0]}', say, against '{wanted}'"
    prefix = prefixes.usual(tensors, names)
    hint = "write a mapping file (--map); docs/weights.md shows how"
    if prefix:
        hint = f"{prefix_line(prefix)}, and name what is not a weight of the network under ignore"
    return rules.PARAMETER_MISSING.at(None, message, hint)


def prefix_line(prefix: str) -> str:
    """The hint to leave a prefix out."""
    return f"write 'prefix: {prefix}' in a mapping file (--map)"


def not_in_file(entry: Entry, modules: Modules, unused: Sequence[str], *, few: bool) -> Diagnostic:
    """The diagnostic for a mapping's tensor that the file lacks. `unused` are those that nothing mentions; if
    these are `few`, one of them may be what was meant."""
    message = f"the file has no tensor '{entry.tensor}'"
    lacking = _lacking(entry.op, entry.role)
    if lacking and modules.has(modules.parent(entry.tensor)):
        return rules.TENSOR_MISSING.at(entry.place, message, lacking)
    hint = suggestion(entry.tensor, unused, noun="tensor") if few else None
    return rules.TENSOR_MISSING.at(entry.place, message, hint)


def extra(
    tensor: str, names: ParameterNames, modules: Modules, taken: Mapping[str, Entry], missing: Sequence[str]
) -> Diagnostic:
    """The diagnostic for a tensor that the network has no parameter for.

    `taken` has an entry of each module that is something there, and `missing` the parameters without tensors.
    """
    module, own = modules.split(tensor)
    named = names.find(module)
    shares = named.shares if named is not None and named.role is None else ()
    beside = taken.get(modules.parent(tensor))
    if beside is not None:
        shares = beside.shares
    if shares and not _missing_in(shares, missing):
        layer, roles = shares[0].layer, list(shares[0].weights)
        name = module if beside is None else shares[0].name.removesuffix(f".{shares[0].group}")
        message = f"the file has '{tensor}', and the parameters of '{name}' are {', '.join(roles)}"
        hint = "name it under ignore if it is not a weight"
        if isinstance(layer, Weighted) and layer.bias == "none" and _is_bias(own, modules, roles):
            message = f"the file has '{tensor}', and '{name}' has no biases (bias: none)"
            hint = "take 'bias: none' out of the spec; if all its values are 0, name it under ignore"
        return rules.TENSOR_LEFT_OVER.at(None, message, hint)
    message = f"the file's tensor '{tensor}' is not in the network"
    prefix = prefixes.usual([tensor], names) if modules.layout == "torch" else None
    if prefix:
        return rules.TENSOR_LEFT_OVER.at(None, message, prefix_line(prefix))
    if not missing:
        hint = "every parameter has its tensor: name this one under ignore if the network does without it"
        return rules.TENSOR_LEFT_OVER.at(None, message, hint)
    open_names = names.valid(missing)
    hint = f"map it, or name it under ignore; {suggestion(tensor, open_names, noun='name')}"
    return rules.TENSOR_LEFT_OVER.at(None, message, hint)


def _missing_in(shares: Sequence[Compute], missing: Sequence[str]) -> bool:
    return any(parameter_name(share, role) in missing for share in shares for role in share.weights)


def _is_bias(own: str, modules: Modules, roles: Sequence[str]) -> bool:
    if own.isdecimal() and modules.layout == "keras":
        return int(own) == len(roles)
    return own == "bias" or (modules.layout == "keras" and WORDS.get(own) == "bias")


def absent(op: Compute, role: str) -> Diagnostic:
    """The diagnostic for a parameter without a tensor or a constant."""
    lacking = _lacking(op, role)
    hint = f"map it (--map); {lacking}" if lacking else "map it (--map)"
    message = f"the file has nothing for the network's '{parameter_name(op, role)}'"
    return rules.PARAMETER_MISSING.at(None, message, hint)


def _lacking(op: Compute, role: str) -> str | None:
    """What to do if a model does without a parameter that it could do without."""
    layer = op.name.removesuffix(f".{op.group}")
    if isinstance(op.layer, Weighted) and role == "bias":
        constant = f"constants: {{{layer}.bias: 0}}"
        return f"if the model has no biases there, write bias: none for {layer}, or {constant}"
    if not isinstance(op.layer, BatchNorm):
        return None
    constant = f"constants: {{{layer}.{role}: {op.weights[role].initial:g}}}"
    if op.weights[role].trainable:
        return f"if the model has none there, write {constant}"
    return (
        "a model without running statistics normalizes by each batch's own, which no constant repeats; "
        f"if one value is right nevertheless, write {constant}"
    )


def shortened(diagnostics: list[Diagnostic], noun: str, count: int | None = None) -> list[Diagnostic]:
    """The first few diagnostics, and how many more there are: `count` in all, if not all were made."""
    rest = (count or len(diagnostics)) - SHOWN
    if rest <= 0:
        return diagnostics
    return [*diagnostics[:SHOWN], diagnostics[0].rule.at(None, f"and {rest:,} more {noun}")]
