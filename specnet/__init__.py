"""specnet: one YAML file declares a network, where its parts live and how it is trained.

    import specnet

    spec = specnet.load("specs/alexnet.yaml")
    print(specnet.table(spec))
    model = specnet.compile(spec, backend="torch")
    result = specnet.train(spec, backend="torch", data="image_folder:photos")

Every function takes a `Spec`, the path of a YAML file, or a mapping. Nothing heavy is imported before it is
needed; PyTorch and TensorFlow are imported by their backends only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from specnet.backend import Precision
    from specnet.errors import Diagnostic
    from specnet.layer_table import Table
    from specnet.spec import Spec
    from specnet.spec_diff import Diff
    from specnet.training.evaluation import Result
    from specnet.training.predicting import Prediction

    Source = Spec | str | Path | Mapping[str, Any]

__all__ = ["__version__", "compile", "diff", "evaluate", "load", "predict", "table", "train", "validate"]
__version__ = "0.1.0"


def load(source: Source) -> Spec:
    """A spec from a file or a mapping, its schema checked.

    Raises `errors.UsageError` if the file cannot be read and `errors.SpecError` if it is not a spec.
    """
    from specnet import spec

    return source if isinstance(source, spec.Spec) else spec.load(source)


def validate(source: Source) -> list[Diagnostic]:
    """All findings about a spec: schema, graph, groups, shapes and recipe. Empty if there are none."""
    from pathlib import Path

    from specnet import document, network
    from specnet.errors import SpecError

    try:
        if isinstance(source, str | Path):
            return network.examine(document.read(source))[1]
        return list(network.analyse(load(source)).warnings)
    except SpecError as error:
        return error.diagnostics


def table(source: Source, *, batch_size: int | None = None) -> Table:
    """The layer table: shapes, windows, parameters, multiply-accumulates, memory, totals per group. Print it.

    Memory and traffic are those of a step of `batch_size` images, by default the recipe's.

    Raises `errors.SpecError` for an invalid spec.
    """
    from specnet import layer_table
    from specnet.network import analyse

    return layer_table.make(analyse(load(source)), batch_size)


def diff(before: Source, after: Source) -> Diff:
    """What changed between two specs, by meaning, and what follows from it. Falsy if nothing did."""
    from specnet.spec_diff import compare

    return compare(load(before), load(after))


def compile(  # noqa: A001  (the field's word, and only ever used as specnet.compile)
    source: Source,
    backend: str = "torch",
    *,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
    seed: int = 0,
) -> Any:
    """The native model, a `torch.nn.Module` or `keras.Model`, with the spec's initial values.

    `devices` is what `--devices` takes: `gpu0=cuda:0,gpu1=cuda:1`, or one device for all. Raises
    `errors.SpecError`, `errors.PluginError` for a missing backend, `errors.DeviceError` for a missing device.
    """
    from specnet.training.opening import compile_spec, initialise

    compiled = compile_spec(load(source), backend, devices, precision)
    initialise(compiled, seed, precision)
    return compiled.executable.model


def train(source: Source, **options: Any) -> Result:
    """Train a spec and return where the run lies and how well it classifies.

    Options are those of `specnet.training.session.train`: backend, data, devices, run_dir, epochs, steps,
    seed, precision, checkpoint_every, micro_batch, resume.
    """
    from specnet.training import session

    return session.train(load(source), **options)


def evaluate(run_dir: str | Path, **options: Any) -> Result:
    """Classify the test images with the newest checkpoint of a run.

    Options are those of `specnet.training.trained.evaluate_run`: backend, data, devices.
    """
    from specnet.training.trained import evaluate_run

    return evaluate_run(run_dir, **options)


def predict(run_dir: str | Path, images: Sequence[str | Path], **options: Any) -> list[Prediction]:
    """The likeliest classes of image files, with the newest checkpoint of a run; bad files carry an error.

    Options are those of `specnet.training.predicting.predict`: backend, devices, top.
    """
    from specnet.training import predicting

    return list(predicting.predict(run_dir, images, **options))
