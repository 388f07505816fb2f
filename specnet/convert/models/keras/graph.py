"""The layers of one Keras model and what each call of them reads, in an order in which they can be computed.

`inbound_nodes` has an entry for each time that a layer is called. Keras 2 writes lists of `[layer, node,
tensor, {arguments}]`, Keras 3 the arguments themselves, with the tensors among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

Tensor = tuple[str, int, int]
"""A layer's name, which of its calls, and which of the values that this gives."""
MAX_NESTED_LISTS = 16


@dataclass
class Call:
    """One call of a layer: the tensors that it is given, in order, and whatever else."""

    tensors: list[Tensor] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    """Those that are not null."""


@dataclass(eq=False)
class Declared:
    """A layer as its model's `layers` has it."""

    kind: str
    name: str
    config: Mapping[str, Any]
    module: str | None
    registered: str | None
    calls: list[Call]
    build: Mapping[str, Any]


def declared(entry: Any) -> Declared:
    """A layer, its `config` taken apart. Raises `UsageError` for what is none of Keras's."""
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        raise UsageError("the model's configuration has a layer without a class_name")
    config = entry.get("config")
    if isinstance(config, list):  # a Sequential of Keras before 2.2
        config = {"layers": config}
    if not isinstance(config, dict):
        raise UsageError(f"a layer of class '{one_line(entry['class_name'])}' has no config")
    name = entry.get("name") or config.get("name") or entry["class_name"].lower()
    module, registered = (entry.get(key) for key in ("module", "registered_name"))
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise UsageError(f"a layer of class '{one_line(entry['class_name'])}' has no name")
    nodes, build = entry.get("inbound_nodes"), entry.get("build_config")
    return Declared(
        kind=entry["class_name"],
        name=name,
        config=config,
        module=module,
        registered=registered if isinstance(registered, str) else None,
        calls=[_call(node, name) for node in nodes] if isinstance(nodes, list) else [],
        build=build if isinstance(build, dict) else {},
    )


def layers_of(config: Mapping[str, Any], name: str) -> list[Declared]:
    """The layers of a model in the file's order. Raises `UsageError` if two have one name."""
    entries = config.get("layers")
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"the model '{one_line(name)}' has no layers")
    layers = [declared(entry) for entry in entries]
    seen: set[str] = set()
    for layer in layers:
        if layer.name in seen:
            raise UsageError(f"the model '{one_line(name)}' has two layers called '{one_line(layer.name)}'")
        seen.add(layer.name)
    return layers


def _call(node: Any, name: str) -> Call:
    call = Call()
    if isinstance(node, dict):
        arguments = node.get("args")
        _take(call, arguments if isinstance(arguments, list) else [arguments], name, 0)
        keywords = node.get("kwargs") or {}
        if not isinstance(keywords, dict):
            raise _unreadable(name)
        call.arguments.update({key: value for key, value in keywords.items() if value is not None})
        return call
    if not isinstance(node, list):
        raise _unreadable(name)
    for entry in [node] if node and isinstance(node[0], str) else node:
        call.tensors.append(tensor(entry, name))
        given = entry[3] if len(entry) > 3 else {}
        if isinstance(given, dict):
            call.arguments.update({key: value for key, value in given.items() if value is not None})
    return call


def _take(call: Call, values: Sequence[Any], name: str, depth: int) -> None:
    """The tensors among arguments, which may stand in lists; whatever else is one of the arguments."""
    if depth > MAX_NESTED_LISTS:
        raise _unreadable(name)
    for value in values:
        if isinstance(value, list):
            _take(call, value, name, depth + 1)
        elif isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            call.tensors.append(
                tensor(config.get("keras_history") if isinstance(config, dict) else None, name)
            )
        elif value is not None:
            call.arguments[f"argument {len(call.tensors) + len(call.arguments) + 1}"] = value


def tensor(entry: Any, name: str) -> Tensor:
    """A reference to a tensor: `[layer, node, tensor]`."""
    if (
        isinstance(entry, list)
        and len(entry) >= 3
        and isinstance(entry[0], str)
        and all(isinstance(number, int) for number in entry[1:3])
    ):
        return entry[0], int(entry[1]), int(entry[2])
    raise _unreadable(name)


def tensors(value: Any, name: str) -> list[Tensor]:
    """The references in `input_layers` or `output_layers`: one, or a list, or a mapping of them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and value and isinstance(value[0], str):
        value = [value]
    if not isinstance(value, list):
        raise _unreadable(name)
    return [tensor(entry, name) for entry in value]


def _unreadable(name: str) -> UsageError:
    return UsageError(f"what '{one_line(name)}' reads is not written as Keras writes it")


def in_order(layers: Sequence[Declared]) -> Iterator[tuple[Declared, int, Call]]:
    """Every call of every layer, those that it reads first; a call that waits for itself is left out.

    A layer that is never called, as inputs are, has one that reads nothing.
    """
    calls = {
        (layer.name, index): (layer, call)
        for layer in layers
        for index, call in enumerate(layer.calls or [Call()])
    }
    waiting = {
        key: len({(name, node) for name, node, _ in call.tensors} & calls.keys())
        for key, (_, call) in calls.items()
    }
    readers: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for key, (_, call) in calls.items():
        for source in {(name, node) for name, node, _ in call.tensors} & calls.keys():
            readers.setdefault(source, []).append(key)
    ready = [key for key, count in waiting.items() if not count]
    while ready:
        done, ready = ready, []
        for key in done:
            layer, call = calls[key]
            yield layer, key[1], call
            for reader in readers.get(key, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    ready.append(reader)
