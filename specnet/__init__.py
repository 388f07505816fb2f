"""specnet: one YAML file declares a network, where its parts live and how it is trained.

    import specnet

    spec = specnet.load("specs/alexnet.yaml")
    print(specnet.table(spec))
    model = specnet.compile(spec, backend="torch")
    result = specnet.train(spec, backend="torch", data="image_folder:photos")

Every function takes a `Spec`, the path of a YAML file, or a mapping. Notebooks show what they return. Nothing
heavy is imported before it is needed; PyTorch and TensorFlow are imported by their backends only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from specnet.schema.arguments import progress_of, public

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from specnet.backend.protocol import Precision
    from specnet.convert.api import carry_weights, export_model, export_weights, import_model, import_weights
    from specnet.data.arrays import from_batches
    from specnet.diagnostics.diagnostic import Diagnostics
    from specnet.diagnostics.errors import (
        DataError,
        DeviceError,
        PluginError,
        RunError,
        SpecError,
        SpecnetError,
        UsageError,
    )
    from specnet.diffs.diff import Diff
    from specnet.diffs.variants import variants
    from specnet.drawing.drawing import Drawing
    from specnet.network.network import Examination
    from specnet.spec.spec import Source, Spec
    from specnet.tables.table import Table
    from specnet.terminal.progress import Progress
    from specnet.training.evaluation import Result
    from specnet.training.predict import Prediction

__all__ = [
    "DataError",
    "DeviceError",
    "PluginError",
    "Progress",
    "RunError",
    "Spec",
    "SpecError",
    "SpecnetError",
    "UsageError",
    "__version__",
    "carry_weights",
    "compile",
    "diff",
    "draw",
    "evaluate",
    "examine",
    "export_model",
    "export_weights",
    "from_batches",
    "import_model",
    "import_weights",
    "load",
    "predict",
    "table",
    "train",
    "validate",
    "variants",
]
__version__ = "0.1.0"
_ELSEWHERE = {
    **dict.fromkeys(("SpecnetError", "SpecError", "UsageError"), "specnet.diagnostics.errors"),
    **dict.fromkeys(("PluginError", "DeviceError", "DataError", "RunError"), "specnet.diagnostics.errors"),
    **dict.fromkeys(("carry_weights", "export_weights", "import_weights"), "specnet.convert.api"),
    **dict.fromkeys(("export_model", "import_model"), "specnet.convert.api"),
    "from_batches": "specnet.data.arrays",
    "Progress": "specnet.terminal.progress",
    "Spec": "specnet.spec.spec",
    "variants": "specnet.diffs.variants",
}
"""Public names by the modules that have them, which are imported when somebody asks."""


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'specnet' has no attribute '{name}'")
    return getattr(import_module(_ELSEWHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@public()
def load(source: Source) -> Spec:
    """A spec from a file or a mapping, its schema checked.

    Raises `UsageError` if the file cannot be read and `SpecError` if it is not a spec.
    """
    from specnet.spec import spec

    return source if isinstance(source, spec.Spec) else spec.load(source)


@public()
def validate(source: Source) -> Diagnostics:
    """All findings about a spec: schema, graph, groups, shapes and recipe. Empty if there are none.

    Raises `UsageError` if the file cannot be read.
    """
    from specnet.diagnostics.errors import SpecError
    from specnet.network import network
    from specnet.schema.arguments import in_words_of

    try:
        diagnostics = network.examine(source).diagnostics
    except SpecError as error:  # text that is not YAML
        diagnostics = error.diagnostics
    return diagnostics.reworded(lambda text: in_words_of("specnet.validate", text))


@public()
def examine(source: Source) -> Examination:
    """Everything there is to say about a spec, valid or not: what an editor shows beside its text.

    `network` is there if it is valid, `diagnostics` are those of `validate`, and `partial.layers` has what is
    known of every layer in any case. Raises `UsageError` if there is no file, `SpecError` if it is not YAML.
    """
    from dataclasses import replace

    from specnet.network import network
    from specnet.schema.arguments import in_words_of

    made = network.examine(source)
    words = made.diagnostics.reworded(lambda text: in_words_of("specnet.examine", text))
    return replace(made, diagnostics=words)


@public()
def table(source: Source, *, batch_size: int | None = None, fold: bool = False) -> Table:
    """The layer table: shapes, windows, parameters, multiply-accumulates, memory, totals per group. Print it.

    Memory and traffic are those of a step of `batch_size` images, by default the recipe's. With `fold` the
    layers of a block are one line. Raises `SpecError` for an invalid spec.
    """
    from specnet.network import network
    from specnet.tables import build

    return build.make(network.examine(source).valid(), batch_size, fold=fold)


@public()
def diff(before: Source, after: Source) -> Diff:
    """What changed between two specs, by meaning, and what follows from it. Falsy if nothing did."""
    from specnet.diffs.diff import compare
    from specnet.network import network

    return compare(network.examine(before), network.examine(after))


@public()
def draw(source: Source, after: Source | None = None) -> Drawing:
    """The picture of a network, or of what changed from the first spec to the second; a notebook shows it.

    `save("x.svg")` writes it, as .png, .html, .mmd or .dot, too. Raises `SpecError` for an invalid spec.
    """
    from specnet.drawing.drawing import Drawing
    from specnet.network import network

    first = network.examine(source).valid()
    return Drawing(first) if after is None else Drawing(network.examine(after).valid(), before=first)


@public()
def compile(  # noqa: A001  (the field's word, and only ever used as specnet.compile)
    source: Source,
    backend: str = "torch",
    *,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
    seed: int = 0,
) -> Any:
    """The native model, a `torch.nn.Module` or `keras.Model`, with the spec's initial values.

    `devices` is text, `gpu0=cuda:0,gpu1=cuda:1` or one device for all, or a mapping from groups to devices.
    Raises `SpecError`, `PluginError` for a missing backend, `DeviceError` for a missing device.
    """
    from specnet.network import network
    from specnet.plans import plan as plans
    from specnet.plans.seeds import seed_of
    from specnet.training.compile import compile_plan, initialise

    compiled = compile_plan(plans.make(network.examine(source).valid()), backend, devices, precision)
    initialise(compiled, seed_of(seed), precision)
    return compiled.executable.model


@public()
def train(
    source: Source,
    *,
    backend: str = "torch",
    data: str | tuple[Any, Any] | None = None,
    devices: str | Mapping[str, str] | None = None,
    run_dir: str | Path | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int | None = None,
    precision: Precision | None = None,
    checkpoint_every: int | str | None = "10m",
    micro_batch: int | None = None,
    weights: str | Path | None = None,
    resume: bool = False,
    allow_changes: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Train a spec and return where the run lies and how well it classifies.

    `data` is KIND or KIND:PATH, by default the spec's own, or arrays: (images, labels) or ((images, labels),
    (test_images, test_labels)), images (n, channels, height, width) of 0 to 255. `devices` are those of
    `compile`; the run directory is `runs/NAME` unless given, `seed` 0 and `precision` float32. `epochs` or
    `steps` is how far to train in all. A run that goes on (`resume`) keeps seed, precision and, unless
    `allow_changes`, its recipe; a new one takes what fits of `weights`, a file of tensors or a run. It is
    saved at `checkpoint_every` steps, a time such as `10m`, or None; a device holds `micro_batch` images.
    Raises `UsageError` for what cannot be: `DataError`, `DeviceError`, `PluginError`, `RunError`.
    """
    from specnet.network import network
    from specnet.training import session
    from specnet.training.options import TrainOptions

    options = TrainOptions(
        backend=backend,
        data=data,
        devices=devices,
        run_dir=run_dir,
        epochs=epochs,
        steps=steps,
        seed=seed,
        precision=precision,
        checkpoint_every=checkpoint_every,
        micro_batch=micro_batch,
        weights=weights,
        resume=resume,
        allow_changes=allow_changes,
    )
    return session.train(network.examine(source).valid(), options, progress or progress_of("specnet.train"))


@public()
def evaluate(
    run_dir: str | Path,
    *,
    backend: str = "torch",
    data: str | tuple[Any, Any] | None = None,
    devices: str | Mapping[str, str] | None = None,
    best: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Classify the test images with the newest checkpoint of a run, or with the `best` one.

    The result has a `report` on each class; `report.confusion` is an array. `data` is the run's own if not
    given. All else is as for `train`; of (images, labels) all are tested. Raises `RunError` for no such run.
    """
    from specnet.training.load import evaluate_run

    progress = progress or progress_of("specnet.evaluate")
    return evaluate_run(run_dir, backend=backend, data=data, devices=devices, best=best, progress=progress)


@public()
def predict(
    run_dir: str | Path,
    images: Sequence[str | Path] | NDArray[Any],
    *,
    backend: str = "torch",
    devices: str | Mapping[str, str] | None = None,
    top: int = 5,
    progress: Progress | None = None,
) -> list[Prediction]:
    """The `top` likeliest classes of image files, or of an array of images, by a run's newest checkpoint.

    An image that cannot be read is a `Prediction` with an error. All else is as for `evaluate`.
    """
    from specnet.schema.arguments import reword
    from specnet.training import predict

    shown = progress or progress_of("specnet.predict")
    told = [*predict.predict(run_dir, images, backend=backend, devices=devices, top=top, progress=shown)]
    for prediction in told:
        reword(prediction.error, "specnet.predict")
    return told
