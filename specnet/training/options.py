"""The options of a training, each declared once: for the command line, for Python and for a dry run."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from specnet.data.asked import check
from specnet.diagnostics.errors import UsageError
from specnet.plans.seeds import seed_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specnet.backend.protocol import Precision
    from specnet.network.network import Network
    from specnet.recipe.training import Training

UNITS = {"s": 1, "m": 60, "h": 3600}


def _flag(about: str, **more: Any) -> dict[str, Any]:
    """The help of an option, and what else `argparse` has to know; `least` is of an integer."""
    return {"help": about, **more}


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How a spec is trained, as far as it does not say so itself. Raises `UsageError` for what cannot be.

    The help is that of the command line; `specnet.train` takes the same options.
    """

    backend: str = field(default="torch", metadata=_flag("torch (default), tensorflow, ...", metavar="NAME"))
    data: str | tuple[Any, Any] | None = field(
        default=None, metadata=_flag("the dataset (default: the spec's own)", metavar="KIND[:PATH]")
    )
    devices: str | Mapping[str, str] | None = field(
        default=None,
        metadata=_flag(
            "gpu0=cuda:0,gpu1=cuda:1, or cuda:0,cuda:1 in group order, or one device for all groups "
            "(default: a GPU for each group, else one for all, else the CPU)",
            metavar="PLACES",
        ),
    )
    run_dir: str | Path | None = field(
        default=None,
        metadata=_flag(
            "where the run is kept (default: runs/NAME), or auto for a new runs/NAME-N; for several specs, "
            "the folder of their runs, a new runs/ablation-N for auto",
            metavar="DIR",
        ),
    )
    epochs: int | None = field(
        default=None, metadata=_flag("train N epochs in all (default: the spec's)", metavar="N", least=1)
    )
    steps: int | None = field(default=None, metadata=_flag("train N steps in all", metavar="N", least=1))
    seed: int | None = field(
        default=None, metadata=_flag("of everything random (default: 0)", metavar="S", least=None)
    )
    precision: Precision | None = field(
        default=None,
        metadata=_flag(
            "what layers compute in (default: float32); with tf32 GPUs take products of float32 faster and "
            "with 10 bits, with bfloat16 the parameters stay float32",
            choices=("float32", "tf32", "float64", "bfloat16"),
        ),
    )
    checkpoint_every: int | str | None = field(
        default="10m",
        metadata=_flag(
            "save every N steps, or after a time such as 90s, 10m or 2h (default: 10m); a run is also saved "
            "when it classifies better than ever, and at the end",
            metavar="N|TIME",
        ),
    )
    micro_batch: int | None = field(
        default=None,
        metadata=_flag(
            "hold N images of a batch on the devices at a time; the numbers stay the same",
            metavar="N",
            least=1,
        ),
    )
    weights: str | Path | None = field(
        default=None,
        metadata=_flag(
            "start from what fits of a .safetensors or .weights.h5 file, a run or a checkpoint, and "
            "initialize the rest",
            metavar="FILE|RUN",
        ),
    )
    resume: bool = field(
        default=False,
        metadata=_flag(
            "go on from the run's newest checkpoint; of several specs, finished ones are passed over"
        ),
    )
    allow_changes: bool = field(
        default=False, metadata=_flag("with --resume: go on although the recipe differs from the run's")
    )

    def __post_init__(self) -> None:
        check(self.data)
        if self.epochs is not None and self.steps is not None:
            raise UsageError("name epochs or steps, not both", "leave one of the two out")
        for name in ("epochs", "steps", "micro_batch"):
            count = getattr(self, name)
            if count is not None and (not isinstance(count, int) or count < 1):
                raise UsageError(f"{name} is a whole number of at least 1, not {count!r}")
        if self.seed is not None:
            object.__setattr__(self, "seed", seed_of(self.seed))
        if self.checkpoint_every is not None:
            parse_interval(self.checkpoint_every)
        if self.weights is not None and self.resume:
            hint = "leave --weights out, or start a new run with it (--run-dir)"
            raise UsageError("a run that goes on has its weights already", hint)
        if self.weights is not None and not str(self.weights):
            raise UsageError("the name of the weights is empty", "--weights FILE, or the folder of a run")
        if self.allow_changes and not self.resume:
            raise UsageError("only a run that goes on can have changes to allow", "add --resume")

    def interval(self) -> Interval:
        """How often the run is saved, counted from now."""
        return Interval() if self.checkpoint_every is None else parse_interval(self.checkpoint_every)


@dataclass
class Interval:
    """Says when it is time again. Without `steps` and `seconds` it never is.

    Time is counted by a clock that nobody sets, so a jump of the date changes nothing.
    """

    steps: int | None = None
    seconds: float | None = None
    _since: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        """Count time from now."""
        self._since = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether it is time, after `step` steps."""
        if self.steps is not None:
            return step % self.steps == 0
        return self.seconds is not None and time.monotonic() - self._since >= self.seconds


def parse_interval(value: object) -> Interval:
    """An interval from a number of steps, or from text: `100`, `90s`, `10m`, `2h`.

    Raises `UsageError` for anything else.
    """
    parts = re.fullmatch(r"([1-9][0-9]{0,9})([smh]?)", str(value))
    if parts is None or not isinstance(value, int | str) or isinstance(value, bool):
        message = f"checkpoint_every is a number of steps of at least 1, or a time, not {value!r}"
        raise UsageError(message, "--checkpoint-every 100, or 90s, 10m, 2h")
    number = int(parts[1])
    return Interval(seconds=number * UNITS[parts[2]]) if parts[2] else Interval(steps=number)


def images_at_once(recipe: Training, micro_batch: int | None) -> int:
    """How many images of a batch a device holds at a time: a batch goes through it in parts."""
    return recipe.batch_size if micro_batch is None else min(micro_batch, recipe.batch_size)


def check_micro_batch(network: Network, recipe: Training, micro_batch: int | None) -> None:
    """Raise `UsageError` where micro-batches would change more than rounding."""
    size = images_at_once(recipe, micro_batch)
    mixing = [
        (node.layer, share.layer.kind)
        for node, share in network.shares.items()
        if share.layer.mixes_images and not share.layer.keeps_statistics(*share.inputs)
    ]
    if mixing and size < recipe.batch_size:
        name, kind = mixing[0]
        raise UsageError(
            f"layer '{name}' ({kind}) needs all images of a batch together, so micro-batches of {size} "
            "would change the numbers",
            f"leave --micro-batch out, or train with smaller batches: --set training.batch_size={size}",
        )
