"""What a training will do, decided and checked before anything is compiled or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specnet.backend.protocol import Precision
from specnet.data.base import Dataset
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import DataError, RunError, UsageError
from specnet.network.network import Network, analyse
from specnet.recipe.training import Training
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.naming import RunNaming
from specnet.runs.past import NEW
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.text import plural
from specnet.training import micro_batch as micro_batches
from specnet.training.batches import check_batches, check_images, steps_per_epoch
from specnet.training.compile import precision_of
from specnet.training.dataset_check import class_warnings
from specnet.training.interval import Interval, parse_interval
from specnet.training.open_data import open_data, recipe_of, with_data
from specnet.training.resume import Resumed
from specnet.training.resume import resume as resume_run


@dataclass(frozen=True)
class Setup:
    """A training as it will be. `data` is the request that opens the dataset again.

    `spec` is the one to be kept, with every override that it has a word for.
    """

    spec: Spec
    network: Network
    recipe: Training
    resumed: Resumed | None
    seed: int
    precision: Precision
    micro_batch: int | None
    interval: Interval
    dataset: Dataset
    data: str
    warnings: Sequence[Diagnostic]
    """What is seldom meant about the dataset."""
    per_epoch: int
    stop: int
    """The step to train to."""
    steps: int | None
    """The same if it was asked for in steps."""

    @property
    def saved(self) -> Checkpoint | None:
        """What the training goes on from."""
        return self.resumed.past.checkpoint if self.resumed else None

    @property
    def names(self) -> RunNaming:
        """The names that the run uses."""
        return self.resumed.names if self.resumed else RunNaming.same(self.network)


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
    if not resume:
        run.check_unused()
    past = run.past() if resume else None
    saved = past.checkpoint if past else None
    known: dict[str, Any] = past.known if past else dict(NEW)
    begun = saved is not None
    fixed = past is not None and past.has_said and (begun or not allow_changes)
    seed = int(_agreed("--seed", seed, known["seed"], fixed=fixed, begun=begun))
    precision = precision_of(_agreed("--precision", precision, known["precision"], fixed=fixed, begun=begun))
    if data is not None and known["data"] is not None:
        _agreed("--data", _kind(data), _kind(known["data"]), fixed=True, begun=True)
    spec = with_data(spec, data or known["data"])
    recipe, network = recipe_of(spec), analyse(spec)
    trainable = (w.trainable for share in network.shares.values() for w in share.parameters().values())
    if not any(trainable):
        raise UsageError(f"the network '{spec.name}' has nothing to train", "add a conv or dense layer")
    resumed = resume_run(past, network, run.path, allow_changes=allow_changes) if past else None
    micro_batch = micro_batch or micro_batches.recorded(known)
    micro_batches.check(spec, recipe, micro_batch)
    dataset, described = open_data(spec, network, data or known["data"])
    _check_same_data(known, dataset)
    for images in (dataset.train, dataset.test):
        check_images(network.output_shape(network.inputs()[0]), recipe, images)
    per_epoch = steps_per_epoch(dataset.train, recipe)
    stop = steps if steps is not None else per_epoch * (epochs if epochs is not None else recipe.epochs)
    if saved is not None and saved.step > stop:
        raise RunError(f"the run in {run.path} has done {saved.step} steps already, more than {stop}")
    if resumed and resumed.changes and resumed.past.step == stop:
        message = f"the run in {run.path} has done its {plural(stop, 'step')} already, so that a change of"
        message += f" '{resumed.changes[0].path}' would have no effect"
        raise RunError(message, "train further with it (--epochs N), or take the change back")
    check_batches(network, recipe, dataset.train, saved.step if saved else 0, stop)
    return Setup(
        spec=_of_length(resumed.spec if resumed else spec, -(-stop // per_epoch)),
        network=network,
        recipe=recipe,
        resumed=resumed,
        seed=seed,
        precision=precision,
        micro_batch=micro_batch,
        interval=interval,
        dataset=dataset,
        data=described,
        warnings=class_warnings(spec, network, dataset),
        per_epoch=per_epoch,
        stop=stop,
        steps=steps,
    )


def _of_length(spec: Spec, epochs: int) -> Spec:
    recipe = recipe_of(spec)
    if recipe.epochs == epochs:
        return spec
    return spec.model_copy(update={"training": recipe.model_copy(update={"epochs": epochs})})


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


def _agreed(option: str, asked: Any, known: Any, *, fixed: bool, begun: bool) -> Any:
    """An option of a run: as asked for unless it is `fixed`. Of a run that has not `begun`, it may change."""
    if asked is None or asked == known:
        return known
    if fixed:
        hint = f"leave {option} out" + ("" if begun else ", or add --allow-changes: nothing is trained yet")
        raise RunError(f"the run was started with {option} {known}, not {asked}", hint)
    return asked
