"""What a training will do, decided and checked before anything is compiled or written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from specnet.backend.protocol import Precision
from specnet.data.asked import ARRAYS, kind_of
from specnet.data.base import Dataset
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import DataError, RunError
from specnet.network.network import Network
from specnet.plans import plan as plans
from specnet.plans.plan import Plan
from specnet.recipe.training import Training
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.naming import RunNaming
from specnet.runs.records import RunProgress
from specnet.runs.run_directory import RunDirectory
from specnet.runs.saved_run import NEW
from specnet.spec.spec import Spec
from specnet.text import plural
from specnet.training.batches import check_batches, check_images, steps_per_epoch
from specnet.training.compile import precision_of
from specnet.training.dataset_check import class_warnings
from specnet.training.open_data import open_data, recipe_of, with_data
from specnet.training.options import TrainOptions, check_micro_batch
from specnet.training.resume import ResumedRun
from specnet.training.resume import resume as resume_run

if TYPE_CHECKING:
    from specnet.convert.weights.starting import Start


@dataclass(frozen=True)
class PreparedTraining:
    """A training as it will be. `data` is the request that opens the dataset again.

    `spec` is the one to be stored, with every override that it has a word for.
    """

    spec: Spec
    network: Network
    plan: Plan
    recipe: Training
    resumed: ResumedRun | None
    seed: int
    precision: Precision
    micro_batch: int | None
    dataset: Dataset
    data: str
    warnings: Sequence[Diagnostic]
    """What is seldom meant about the dataset."""
    per_epoch: int
    stop: int
    """The step to train to."""
    start: Start | None = None
    """What a new run starts from, if that is not initial values alone."""

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What the training goes on from."""
        return self.resumed.saved.checkpoint if self.resumed else None

    @property
    def naming(self) -> RunNaming:
        """The names that the run uses."""
        return self.resumed.naming if self.resumed else RunNaming(self.plan)

    def progress(self, statistics: str) -> RunProgress:
        """How far the run is, with the digest of its statistics."""
        normalize = self.recipe.normalize
        begun = self.checkpoint.progress if self.checkpoint else NEW
        return RunProgress(
            seed=self.seed,
            precision=self.precision,
            data=self.data,
            normalize=normalize.as_yaml() if normalize else None,
            classes=tuple(self.dataset.classes),
            micro_batch=self.micro_batch,
            steps_per_epoch=self.per_epoch,
            stop=self.stop,
            train_images=len(self.dataset.train),
            statistics=statistics,
            step=begun.step,
            evaluations=begun.evaluations,
            evaluation=begun.evaluation,
        )


def prepare(network: Network, run: RunDirectory, options: TrainOptions) -> PreparedTraining:
    """The options of a training, put together with what the run and its data say.

    Raises `UsageError`, `DataError` or `RunError` for all that cannot be. Reads only.
    """
    if not options.resume:
        run.check_unused()
    saved = run.saved_run() if options.resume else None
    known, begun = saved.progress if saved else NEW, saved is not None and saved.checkpoint is not None
    fixed = saved is not None and saved.has_said and (begun or not options.allow_changes)
    seed = int(_agreed("--seed", options.seed, known.seed, fixed=fixed, begun=begun))
    precision = precision_of(
        _agreed("--precision", options.precision, known.precision, fixed=fixed, begun=begun)
    )
    data = options.data or known.data
    if options.data is not None and known.data is not None:
        _agreed("--data", kind_of(options.data), kind_of(known.data), fixed=True, begun=True)
    # Shapes and the graph are the same whatever the dataset.
    given, network = network, replace(network, spec=with_data(network.spec, data))
    recipe = recipe_of(network.spec)
    plan = plans.make(network)
    changes = options.allow_changes
    resumed = resume_run(saved, network, plan, run.path, allow_changes=changes) if saved else None
    micro_batch = options.micro_batch or known.micro_batch
    check_micro_batch(network, recipe, micro_batch)
    dataset, described = open_data(network, data)
    _check_same_data(known, dataset, described)
    for images in (dataset.train, dataset.test):
        check_images(network.output_shape(network.inputs()[0]), recipe, images)
    per_epoch = steps_per_epoch(dataset.train, recipe)
    stop = options.steps or per_epoch * (options.epochs or recipe.epochs)
    if known.step > stop:
        raise RunError(f"the run in {run.path} has done {known.step} steps already, more than {stop}")
    if resumed and resumed.changes and known.step == stop:
        message = f"the run in {run.path} has done its {plural(stop, 'step')} already, so that a change of"
        message += f" '{resumed.changes[0].path}' would have no effect"
        raise RunError(message, "train further with it (--epochs N), or take the change back")
    check_batches(network, recipe, dataset.train, known.step, stop)
    start = None
    if options.weights is not None:
        from specnet.convert.weights import starting

        start = starting.start(given, options.weights, precision=precision, seed=seed)
    return PreparedTraining(
        spec=_of_length(resumed.spec if resumed else network.spec, -(-stop // per_epoch)),
        network=network,
        plan=plan,
        recipe=recipe,
        resumed=resumed,
        seed=seed,
        precision=precision,
        micro_batch=micro_batch,
        dataset=dataset,
        data=described,
        warnings=class_warnings(network, dataset),
        per_epoch=per_epoch,
        stop=stop,
        start=start,
    )


def _of_length(spec: Spec, epochs: int) -> Spec:
    recipe = recipe_of(spec)
    if recipe.epochs == epochs:
        return spec
    return spec.model_copy(update={"training": recipe.model_copy(update={"epochs": epochs})})


def _check_same_data(known: RunProgress, dataset: Dataset, described: str) -> None:
    """Raise `DataError` if a run's data is not what it was: its order of samples would be another."""
    if known.classes and known.classes != tuple(dataset.classes):
        raise DataError("the dataset's classes are not those that the run was started with", _SAME_DATA)
    count, before = len(dataset.train), known.train_images
    if before and count != before:
        message = f"there are {count:,} training images, and the run was started with {before:,}"
        raise DataError(message, _SAME_DATA)
    if known.data and kind_of(known.data) == ARRAYS and known.data != described:
        message = "the arrays hold other images or labels than those that the run was started with"
        raise DataError(message, "give the same ones, or start a new run (--run-dir)")


_SAME_DATA = "name the same data (--data KIND:PATH), or start a new run (--run-dir)"


def _agreed(option: str, asked: Any, known: Any, *, fixed: bool, begun: bool) -> Any:
    """An option of a run: as asked for unless it is `fixed`. Of a run that has not `begun`, it may change."""
    if asked is None or asked == known:
        return known
    if fixed:
        hint = f"leave {option} out" + ("" if begun else ", or add --allow-changes: nothing is trained yet")
        raise RunError(f"the run was started with {option} {known}, not {asked}", hint)
    return asked
