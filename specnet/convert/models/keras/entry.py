"""A layer of a Keras model with what its inputs have become, and the table of what each class becomes."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from specnet import plugins
from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.convert.models.keras.weights import Path, Stored
from specnet.layers.base import Shape
from specnet.text import describe, one_line

if TYPE_CHECKING:
    from specnet.convert.models.draft import Values

MOST_SHOWN = 40


@dataclass(frozen=True)
class Value:
    """A layer's values, where Keras may have them in another order.

    A row may be made of images that Keras flattened with their channels last: `pieces` has the shape of each,
    in the order of this language, and (n,) for values that stand as they are. A row `is_pixel` where Keras
    has it as an image of one pixel.
    """

    part: Part
    pieces: tuple[Shape, ...] = ()
    is_pixel: bool = False

    @property
    def is_image(self) -> bool:
        return self.is_pixel or len(self.part.shape) == 3

    def reordered(self, values: Any, axis: int) -> Any:
        """Values of which an axis belongs to this row, put in the row's own order."""
        import numpy as np

        if not self.pieces:
            return values
        ends = np.cumsum([math.prod(piece) for piece in self.pieces])[:-1]
        put = []
        for piece, held in zip(self.pieces, np.split(np.moveaxis(values, axis, 0), ends), strict=True):
            if len(piece) == 3:
                channels, high, wide = piece
                as_image = held.reshape(high, wide, channels, *held.shape[1:])
                held = np.moveaxis(as_image, 2, 0).reshape(held.shape)
            put.append(held)
        return np.moveaxis(np.concatenate(put), 0, axis)


@dataclass(frozen=True)
class Setting:
    """What all layers of a model have in common."""

    draft: Draft
    stored: Stored | None
    is_last: bool
    """Whether images have their channels last."""
    is_of_keras_3: bool

    @property
    def data_format(self) -> str:
        return "channels_last" if self.is_last else "channels_first"


class Entry:
    """A layer's configuration, of which nothing is passed over that nobody has looked at."""

    def __init__(
        self,
        setting: Setting,
        kind: str,
        name: str,
        config: Mapping[str, Any],
        path: Path,
        inputs: list[Value],
    ) -> None:
        self.setting = setting
        self.kind = kind
        self.name = name
        self.config = config
        self.path = path
        self.inputs = inputs
        self.seen: set[str] = set()

    @property
    def place(self) -> str:
        return place_of(self.name, self.kind)

    def refuse(self, message: str, hint: str | None = None) -> UnsayableError:
        """The finding that this layer has no meaning here, to be raised."""
        return UnsayableError(self.place, message, hint)

    def get(self, key: str, default: Any = None) -> Any:
        """A value as it stands in the configuration."""
        self.seen.add(key)
        value = self.config.get(key)
        return default if value is None else value

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(f"its {key} is no whole number, but {shown(value)}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number, with the digits that it was written with if it has gone through float32."""
        return self.real(self.get(key, default), key)

    def real(self, value: Any, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1e30 < value < 1e30:
            raise self.refuse(f"its {key} is no number, but {shown(value)}")
        return as_written(float(value))

    def flag(self, key: str, default: bool) -> bool:
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(f"its {key} is neither true nor false, but {shown(value)}")
        return value

    def pair(self, key: str, default: int | None = None) -> list[int]:
        """Two whole numbers, for rows and columns, of which one may stand for both."""
        value = self.get(key, default)
        both = [value, value] if isinstance(value, int) else value
        fits = isinstance(both, list) and len(both) == 2
        if not fits or not all(isinstance(each, int) and not isinstance(each, bool) for each in both):
            raise self.refuse(f"its {key} are not those of rows and columns, but {shown(value)}")
        return list(both)

    def only(self, key: str, *values: Any) -> None:
        """Refuse whatever else than these values an option has."""
        value = self.get(key)
        if value is not None and value not in values:
            raise self.refuse(f"its {key} is {shown(value)}, which is not known here")

    def check_format(self) -> None:
        """Refuse another order of channels and pixels than the model's."""
        self.only("data_format", self.setting.data_format)

    def value(self) -> Value:
        """The one thing that it reads."""
        if len(self.inputs) != 1:
            raise self.refuse(f"it reads {len(self.inputs)} layers, and one is known here")
        return self.inputs[0]

    def image(self) -> Part:
        """The image that it reads."""
        value = self.value()
        if value.is_pixel:
            raise self.refuse("it reads a row that was made an image of one pixel; only a product does here")
        if len(value.part.shape) != 3:
            raise self.refuse(f"it reads {describe(value.part.shape)}, which is no image")
        return value.part

    def check_channel_axis(self, axis: Any, value: Value) -> None:
        """Refuse an axis that is not the channels', or the units' of a row."""
        axes = axis if isinstance(axis, list) else [axis]
        rank = 4 if value.is_image else 2
        right = 3 if value.is_image and self.setting.is_last else 1
        if len(axes) != 1 or not isinstance(axes[0], int) or axes[0] not in (right, right - rank):
            raise self.refuse(f"its axis is {shown(axis)}, and only the channels are known here")

    def weights(
        self, **makes: tuple[int, Sequence[str], Sequence[int], Callable[[Any], Any]]
    ) -> dict[str, Values]:
        """The parameters by role, from each one's place among the layer's variables, its names and shape in
        Keras, and what brings it into the layout of a state. Empty if the model has no weights."""
        stored = self.setting.stored
        if stored is None:
            return {}

        def made(
            index: int, names: Sequence[str], shape: Sequence[int], move: Callable[[Any], Any]
        ) -> Values:
            return lambda: move(stored.get(self.path, index, names, shape))

        return {role: made(*make) for role, make in makes.items()}

    def add(
        self, kind: str, reads: Sequence[Part], name: str = "", weights: Mapping[str, Values] | None = None,
        **fields: Any,
    ) -> Part:  # fmt: skip
        """Add a layer to the draft, under its own name if no other one is given."""
        if "trainable" in plugins.load("specnet.layers", kind).model_fields and not self.flag(
            "trainable", True
        ):
            fields.setdefault("trainable", False)
        return self.setting.draft.add(kind, name or self.name, reads, self.place, weights, **fields)


def alike(value: Value, part: Part) -> Value:
    """A layer's values in the order that those have which it reads."""
    return replace(value, part=part)


Function = Callable[[Entry], Value]
LAYERS: dict[str, Function] = {}
"""What each class becomes."""


def layer(*names: str) -> Callable[[Function], Function]:
    """Registers the function for layers of these classes."""

    def register(function: Function) -> Function:
        LAYERS.update(dict.fromkeys(names, function))
        return function

    return register


def place_of(name: str, kind: str) -> str:
    return f"layer '{one_line(name)}' ({one_line(kind)})"


def shown(value: Any) -> str:
    """A value of a configuration in an error."""
    if isinstance(value, int) and abs(value) >= 10**MOST_SHOWN:
        return f"a number of more than {MOST_SHOWN} digits"
    if isinstance(value, dict | list) and len(value) > 4:
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    text = one_line("null" if value is None else str(value))
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def as_written(number: float) -> float:
    """A number that a float32 was made of, as it was written: 0.3, not 0.30000001192092896."""
    short = float(f"{number:.7g}")
    return short if struct.pack("f", short) == struct.pack("f", number) and _is_single(number) else number


def _is_single(number: float) -> bool:
    return bool(struct.unpack("f", struct.pack("f", number))[0] == number)
