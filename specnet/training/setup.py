"""What a training will do, decided and checked before anything is compiled or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.backend import Precision
from specnet.data.base import Dataset
from specnet.errors import DataError, RunError, UsageError
from specnet.network import Network, analyse
from specnet.recipe import Training
from specnet.spec import Spec
from specnet.training import micro_batch as micro_batches
from specnet.training.checkpoint import Checkpoint
from specnet.training.inputs import check_batches, check_images, steps_per_epoch
from specnet.training.interval import Interval, parse_interval
from specnet.training.names import Names
from specnet.training.opening import open_data, precision_of, recipe_of
from specnet.training.run_directory import Resumed, RunDirectory


@dataclass(frozen=True)
class Setup:
    """A training as it will be. `data` is the request that opens the dataset again."""

    network: Network
    recipe: Training
    resumed: Resumed | None
    seed: int
    precision: Precision
    micro_batch: int | None
    interval: Interval
    dataset: Dataset
    data: str
    per_epoch: int
    stop: int
    """The step to train to."""

    @property
    def saved(self) -> Checkpoint | None:
        """What the training goes on from."""
        return self.resumed.checkpoint if self.resumed else None

    @property
    def names(self) -> Names:
        """The names that the run uses."""
        return self.resumed.names if self.resumed else Names.same(self.network)


def set_up(
    spec: Spec,
    run: RunDirectory,
    *,
    data: str | None,
    epochs: int | None,
    steps: int | None,
    seed: int | None,
    precision: Precision | None,
    checkpoint_every: int | str | None,
    micro_batch: int | None,
    resume: bool,
    allow_changes: bool,
) -> Setup:
    """The options of `session.train`, put together with what the run and its data say.

    Raises `UsageError`, `DataError` or `RunError` for all that cannot be. Reads only.
    """
    if epochs is not None and steps is not None:
        raise UsageError("name epochs or steps, not both", "leave one of the two out")
    for name, count in {"epochs": epochs, "steps": steps, "micro_batch": micro_batch}.items():
        if count is not None and (not isinstance(count, int) or count < 1):
            raise UsageError(f"{name} is a whole number of at least 1, not {count!r}")
    interval = Interval() if checkpoint_every is None else parse_interval(checkpoint_every)
    if allow_changes and not resume:
        raise UsageError("only a run that goes on can have changes to allow", "add --resume")
    recipe, network = recipe_of(spec), analyse(spec)
    trainable = (w.trainable for share in network.shares.values() for w in share.parameters().values())
    if not any(trainable):
        raise UsageError(f"the network '{spec.name}' has nothing to train", "add a conv or dense layer")
    if not resume:
        run.check_unused()
    resumed = run.resume(network, allow_changes=allow_changes) if resume else None
    saved = resumed.checkpoint if resumed else None
    known: dict[str, Any] = saved.progress if saved else {"seed": 0, "precision": "float32", "data": None}
    seed = int(_agreed("--seed", seed, known["seed"], saved))
    precision = precision_of(_agreed("--precision", precision, known["precision"], saved))
    micro_batch = micro_batch or micro_batches.recorded(known)
    micro_batches.check(spec, recipe, micro_batch)
    if saved is not None and data is not None:
        _agreed("--data", _kind(data), _kind(known["data"]), saved)
    dataset, described = open_data(spec, network, data or known["data"])
    _check_same_data(known, dataset)
    for images in (dataset.train, dataset.test):
        check_images(network.output_shape(network.inputs()[0]), recipe, images)
    per_epoch = steps_per_epoch(dataset.train, recipe)
    stop = steps if steps is not None else per_epoch * (epochs if epochs is not None else recipe.epochs)
    if saved is not None and saved.step > stop:
        raise RunError(f"the run in {run.path} has done {saved.step} steps already, more than {stop}")
    check_batches(network, recipe, dataset.train, saved.step if saved else 0, stop)
    return Setup(
        network, recipe, resumed, seed, precision, micro_batch, interval, dataset, described, per_epoch, stop
    )


def _check_same_data(known: Mapping[str, Any], dataset: Dataset) -> None:
    """Raise `DataError` if a run's data is not what it was: its order of samples would be another."""
    if known.get("classes") and known["classes"] != list(dataset.classes):
        raise DataError("the dataset's classes are not those that the run was started with", _SAME_DATA)
    count, before = len(dataset.train), known.get("train_images", len(dataset.train))
    if count != before:
        message = f"there are {count:,} training images, and the run was started with {before:,}"
        raise DataError(message, _SAME_DATA)


_SAME_DATA = "name the same data (--data KIND:PATH), or start a new run (--run-dir)"


def _kind(data: str) -> str:
    """The kind of a dataset named as KIND or KIND:PATH: a run's data may move, but not become others."""
    return data.partition(":")[0]


def _agreed(option: str, asked: Any, known: Any, saved: Checkpoint | None) -> Any:
    """An option of a run: as asked for in a new one, as it was in a resumed one."""
    if asked is None or asked == known:
        return known
    if saved is not None:
        raise RunError(f"the run was started with {option} {known}, not {asked}", f"leave {option} out")
    return asked
