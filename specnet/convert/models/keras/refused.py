"""What of a Keras model is refused wherever it stands, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specnet.convert.models.draft import Part, UnsayableError
from specnet.convert.models.keras.entry import Entry, shown
from specnet.convert.models.keras.graph import Call, Declared
from specnet.text import one_line

PACKAGES = ("keras", "tf_keras", "tensorflow")
REASONS = {
    "Lambda": "it holds code, which is not run",
    "PReLU": "a slope for each pixel is not known here",
    "SpatialDropout2D": "dropping whole channels is not known here",
    "Permute": "other orders of rows, columns and channels are not known here",
    "TFOpLambda": "it calls a function of TensorFlow, which is not run",
    "SlicingOpLambda": "it calls a function of TensorFlow, which is not run",
    "TensorFlowOpLayer": "it calls a function of TensorFlow, which is not run",
}
UNKNOWN_MODEL = (
    "it is no Sequential and no Functional model, so its layers do not say what reads what",
    "model.to_json() of a model that is built by keras.Sequential or keras.Model(inputs, outputs) does",
)
LOSSLESS = {
    *(
        "name",
        "trainable",
        "dtype",
        "batch_shape",
        "batch_input_shape",
        "sparse",
        "ragged",
        "optional",
        "seed",
    ),
    *("fused", "synchronized", "input_shape", "input_dim", "build_input_shape"),
}
"""Options that change nothing of what is computed."""
ENDINGS = ("_initializer", "_regularizer", "_constraint")
USUAL = {"GlorotUniform", "Zeros", "Ones", "glorot_uniform", "zeros", "ones"}
"""Initial values that a spec has where it says nothing."""


def check_own(layer: Declared, place: str) -> None:
    """Refuse layers of other packages, whose names mean what their code says."""
    package = (layer.module or "keras").split(".")[0]
    if layer.registered is not None and ">" in layer.registered:
        raise UnsayableError(
            place, f"it is registered as '{shown(layer.registered)}', a class of somebody's own"
        )
    if package not in PACKAGES:
        raise UnsayableError(place, f"it is of '{shown(layer.module)}', which is not Keras's own")
    if layer.module and ".ops." in layer.module and layer.kind not in ("Add", "Multiply"):
        raise UnsayableError(place, f"the operation of '{shown(layer.module)}' is not known here")


def check_call(layer: Declared, call: Call, place: str, losses: Losses) -> None:
    """Refuse arguments that change what a layer computes."""
    for name, value in call.arguments.items():
        if name == "training" and value is False:
            losses.note(
                "called with training=False; a spec has trainable: false, and dropout for training", place
            )
        elif name == "training":
            raise UnsayableError(place, f"it is called with training={shown(value)}, in evaluation, too")
        else:
            raise UnsayableError(
                place, f"it is given {one_line(name)} as {shown(value)}, which is not known here"
            )


def check_seen(entry: Entry) -> None:
    """Refuse options that nobody has looked at, unless they are off."""
    for key, value in entry.config.items():
        if (
            key in entry.seen
            or key in LOSSLESS
            or key.endswith(ENDINGS)
            or value in (None, False, 0, "", [], {})
        ):
            continue
        raise entry.refuse(f"its {one_line(key)} is {shown(value)}, which is not known here")


def shared(calls: int) -> tuple[str, str]:
    return (
        f"it is called {calls} times, and its weights are shared",
        "a layer of a spec has its own weights",
    )


def shape_before(model: Declared, first: Declared) -> Any:
    """The shape that the first layer of a Sequential is built for, wherever it stands."""
    said = (
        first.config.get("batch_shape"),
        first.config.get("batch_input_shape"),
        model.config.get("build_input_shape"),
        model.build.get("input_shape"),
    )
    return next((shape for shape in said if shape), None)


def data_formats(config: Mapping[str, Any]) -> list[str]:
    """The orders of channels and pixels that the layers of a model say, in the file's order."""
    return list(dict.fromkeys(_formats(config)))


def _formats(config: Mapping[str, Any]) -> Iterator[str]:
    waiting: list[Any] = [config]
    while waiting:
        own = waiting.pop()
        layers = own.get("layers") if isinstance(own, dict) else own
        for entry in layers if isinstance(layers, list) else ():
            inner = entry.get("config") if isinstance(entry, dict) else None
            if isinstance(inner, list):
                waiting.append(inner)
            elif isinstance(inner, dict):
                said = inner.get("data_format")
                if isinstance(said, str) and entry.get("class_name") != "Flatten":
                    yield said
                if "layers" in inner:
                    waiting.append(inner)


class Losses:
    """What a spec does not say of a model, each thing once."""

    def __init__(self) -> None:
        self._of: dict[str, list[str]] = {}

    def note(self, what: str, of: Part | str) -> None:
        self._of.setdefault(what, []).append(of.name if isinstance(of, Part) else of)

    def look_at(self, entry: Entry) -> None:
        """Note regularizers, constraints and initial values that are not the usual ones."""
        for key, value in entry.config.items():
            if value is None or not key.endswith(ENDINGS):
                continue
            called = value.get("class_name") if isinstance(value, dict) else value
            if not key.endswith("_initializer"):
                self.note("trained with a regularizer or a constraint, which is lost", entry.name)
            elif called not in USUAL and not _is_glorot(value):
                self.note(f"started from {shown(called)}, which is lost", entry.name)
        policy = entry.config.get("dtype")
        held = policy.get("config") if isinstance(policy, dict) else policy
        named = held.get("name") if isinstance(held, dict) else held
        if isinstance(named, str) and named != "float32":
            self.note(f"computed in {shown(named)}, of which a spec says nothing", entry.name)

    def sentences(self) -> list[str]:
        """One for each thing, with the first of the layers."""
        return [_sentence(what, list(dict.fromkeys(names))) for what, names in self._of.items()]


def _is_glorot(value: Any) -> bool:
    """Whether it is `glorot_uniform` as Keras has written it for long."""
    config = value.get("config") if isinstance(value, dict) else None
    said = [config.get(key) for key in ("scale", "mode", "distribution")] if isinstance(config, dict) else []
    return said == [1.0, "fan_avg", "uniform"]


def _sentence(what: str, names: list[str]) -> str:
    few_names = ", ".join(one_line(name) for name in names[:3])
    who = few_names if len(names) == 1 else f"{len(names)} layers ({few_names}{', ...' * (len(names) > 3)})"
    return f"{who}: {what}."
