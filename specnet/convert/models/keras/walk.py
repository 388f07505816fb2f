"""The walk over a Keras model: each call of a layer becomes a layer of a draft; models in it are entered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from specnet.convert.models.draft import Draft, UnsayableError
from specnet.convert.models.keras import refused
from specnet.convert.models.keras.entry import LAYERS, Entry, Setting, Value, place_of, shown
from specnet.convert.models.keras.graph import Call, Declared, Tensor, declared, in_order, layers_of, tensors
from specnet.convert.models.keras.saved import Saved
from specnet.convert.models.keras.weights import Path, Step
from specnet.convert.models.keras.weights import place_of as stored_as
from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import nearest

MAX_FINDINGS = 1_000
MAX_DEPTH = 16
"""Models in one another."""
MODELS = ("Sequential", "Functional", "Model")
Shown = Value | None
"""None is the value of what could not be said: what is computed from it is passed over."""


class Walk:
    """One pass over the layers of a saved model."""

    def __init__(self, saved: Saved, draft: Draft) -> None:
        self.saved = saved
        self.draft = draft
        self.losses = refused.Losses()

    def go(self) -> None:
        """Add every layer to the draft, and a finding for whatever has no meaning here."""
        model = declared({**self.saved.model, "inbound_nodes": None})
        formats = refused.data_formats(model.config)
        is_last = formats[0] == "channels_last" if formats else True
        self.setting = Setting(self.draft, self.saved.weights, is_last, self.saved.is_of_keras_3)
        try:
            refused.check_own(model, place_of(model.name, model.kind))
            if model.kind not in MODELS:
                raise UnsayableError(place_of(model.name, model.kind), *refused.UNKNOWN_MODEL)
            outputs = self._model(model, None, "", (), 0)
        except UnsayableError as finding:
            self.draft.findings.append(finding.finding())
            return
        for value in outputs:
            if value is not None:
                self.draft.outputs[value.part] = None
                if value.pieces:
                    self.losses.note(
                        "the order of its output is that of channels, rows and columns", value.part
                    )
        self.draft.lost += self.losses.sentences()
        if not self.draft.outputs and not self.draft.findings:
            raise UsageError("the model gives nothing that is computed from its input")

    def _model(
        self, model: Declared, given: list[Value] | None, prefix: str, path: Path, depth: int
    ) -> list[Shown]:
        """What a model makes of the values that it is given, or of its own inputs if it is the outermost."""
        if depth > MAX_DEPTH:
            raise UsageError(f"the model has models in one another, more than {MAX_DEPTH}")
        layers = layers_of(model.config, model.name)
        steps = _steps(layers)
        if model.kind == "Sequential":
            return self._sequence(model, layers, steps, given, prefix, path, depth)
        values: dict[Tensor, Shown] = {}
        if given is not None:
            wanted = tensors(model.config.get("input_layers"), model.name)
            if len(wanted) != len(given):
                place = place_of(prefix.rstrip("."), model.kind)
                raise UnsayableError(place, f"it has {len(wanted)} inputs, and reads {len(given)}")
            values.update(zip(wanted, given, strict=True))
        for layer, index, call in in_order(layers):
            if (layer.name, index, 0) in values or len(self.draft.findings) >= MAX_FINDINGS:
                continue
            own = (*path, steps[layer.name])

            def make(layer: Declared = layer, call: Call = call, own: Path = own) -> list[Shown]:
                inputs = [self._found(values, tensor, layer, prefix) for tensor in call.tensors]
                known = [value for value in inputs if value is not None]
                if len(known) < len(inputs):
                    return [None]
                return self._layer(layer, call, known, prefix, own, depth)

            for number, value in enumerate(self._try(make)):
                values[layer.name, index, number] = value
        outputs = tensors(model.config.get("output_layers"), model.name)
        return [self._output(values, tensor, model) for tensor in outputs]

    def _sequence(
        self, model: Declared, layers: list[Declared], steps: Mapping[str, Step], given: list[Value] | None,
        prefix: str, path: Path, depth: int,
    ) -> list[Shown]:  # fmt: skip
        """A chain of layers. The first one's configuration may have the shape of its input."""
        current: Shown = None
        if given is not None:
            if len(given) != 1:
                raise UnsayableError(place_of(prefix.rstrip("."), model.kind), "it reads several layers")
            current = given[0]
            layers = [layer for layer in layers if layer.kind != "InputLayer"]
        elif layers[0].kind != "InputLayer":
            shape = refused.shape_before(model, layers[0])
            made = self._try(lambda: [self._input(f"{layers[0].name}_input", layers[0].kind, shape)])
            current = made[0]
            if current is None:
                return [None]
        for layer in layers:
            if len(self.draft.findings) >= MAX_FINDINGS:
                return [None]
            reads = [current] if current is not None else []
            own = (*path, steps[layer.name])

            def make(layer: Declared = layer, reads: list[Value] = reads, own: Path = own) -> list[Shown]:
                return self._layer(layer, Call(), reads, prefix, own, depth)

            made = self._try(make)
            if len(made) != 1 or made[0] is None:
                return [None]
            current = made[0]
        return [current]

    def _layer(
        self, layer: Declared, call: Call, inputs: list[Value], prefix: str, path: Path, depth: int
    ) -> list[Shown]:
        name = f"{prefix}{layer.name}"
        place = place_of(name, layer.kind)
        refused.check_own(layer, place)
        if layer.kind == "InputLayer":
            if prefix:
                raise UnsayableError(place, "it is an input of a model that is given other ones")
            shape = layer.config.get("batch_shape") or layer.config.get("batch_input_shape")
            return [self._input(name, layer.kind, shape)]
        refused.check_call(layer, call, place, self.losses)
        if layer.kind in MODELS:
            if len(layer.calls) > 1:
                raise UnsayableError(place, *refused.shared(len(layer.calls)))
            return self._model(layer, inputs, f"{name}.", path, depth + 1)
        function = LAYERS.get(layer.kind)
        if function is None:
            raise _unknown(layer, place)
        entry = Entry(self.setting, layer.kind, name, layer.config, path, inputs)
        before = len(self.draft.parts)
        value = function(entry)
        refused.check_seen(entry)
        self.losses.look_at(entry)
        if len(layer.calls) > 1:
            made = list(self.draft.parts)[before:]
            if any(part.layer().parameters(*[read.shape for read in part.reads]) for part in made):
                raise UnsayableError(place, *refused.shared(len(layer.calls)))
        return [value]

    def _input(self, name: str, kind: str, shape: Any) -> Value:
        place = place_of(name, kind)
        if not isinstance(shape, list) or len(shape) not in (2, 4):
            message = f"its shape is {shown(shape)}; images have 4 dimensions with the batch, rows 2"
            raise UnsayableError(
                place, message, None if shape else "keras.Input(shape=(224, 224, 3)) gives it one"
            )
        if any(size is None for size in shape[1:]):
            hint = "build the model with keras.Input(shape=(224, 224, 3)), or whatever size it is for"
            raise UnsayableError(place, "its sizes are left open, and all shapes follow from them", hint)
        sizes = shape[1:]
        if len(sizes) == 3 and self.setting.is_last:
            sizes = [sizes[2], *sizes[:2]]
        return Value(self.draft.add("input", name, [], place, shape=sizes))

    def _try(self, make: Callable[[], list[Shown]]) -> list[Shown]:
        try:
            return make()
        except UnsayableError as finding:
            self.draft.findings.append(finding.finding())
            return [None]

    def _found(self, values: Mapping[Tensor, Shown], tensor: Tensor, layer: Declared, prefix: str) -> Shown:
        """What a tensor has become. Raises `UnsayableError` if nothing before makes it."""
        if tensor not in values:
            if (tensor[0], tensor[1], 0) in values and values[tensor[0], tensor[1], 0] is None:
                return None
            place = place_of(f"{prefix}{layer.name}", layer.kind)
            raise UnsayableError(place, f"it reads '{shown(tensor[0])}', which nothing before it makes")
        return values[tensor]

    def _output(self, values: Mapping[Tensor, Shown], tensor: Tensor, model: Declared) -> Shown:
        if tensor not in values and not self.draft.findings:
            place = place_of(model.name, model.kind)
            raise UnsayableError(place, f"its output '{shown(tensor[0])}' is computed by none of its layers")
        return values.get(tensor)


def _steps(layers: list[Declared]) -> dict[str, Step]:
    """Each layer's place in a file of weights: that among the layers of its class."""
    counts: dict[str, int] = {}
    steps = {}
    for layer in layers:
        word = stored_as(layer.kind)
        number = counts.get(word, 0)
        counts[word] = number + 1
        steps[layer.name] = Step(layer.name, f"{word}_{number}" if number else word)
    return steps


def _unknown(layer: Declared, place: str) -> UnsayableError:
    if layer.kind in refused.REASONS:
        return UnsayableError(place, refused.REASONS[layer.kind])
    near = nearest(layer.kind, [*LAYERS, *MODELS])
    hint = f"did you mean '{near[0]}'?" if near else "docs/convert.md lists the layers that have"
    return UnsayableError(place, "this layer has no meaning in a spec", hint)
