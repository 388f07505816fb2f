"""A stranger's package: a layer kind for both backends, a dataset and a backend, installed with pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from specnet import plugins
from specnet.data.base import InMemory
from specnet.data.statistics import placeholder
from specnet.diagnostics.errors import PluginError
from specnet.numerics.randomness import stream
from specnet.recipe.augmentations import RandomCrop
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.optimizers import SGD
from specnet.recipe.training import Training
from specnet.training.batches import Inputs
from specnet_example.augmentation import Cutout
from specnet_example.evaluation import FiveCrop
from specnet_example.initializer import LeCunNormal
from specnet_example.normalization import PerImage

EXAMPLE = Path(__file__).parent / "example_plugin"
SPEC = EXAMPLE / "stripes.yaml"
RECIPE = EXAMPLE / "recipe.yaml"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example package is installed into; on the path only where a test puts it there."""
    target = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(EXAMPLE)]
    subprocess.run(pip, check=True, capture_output=True)
    return target


def specnet(*arguments: object, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)} if site else dict(os.environ)
    command = [sys.executable, "-m", "specnet", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_it_is_listed_and_imports(site: Path) -> None:
    done = specnet("plugins", "--check", "--json", site=site)
    assert done.returncode == 0, done.stdout
    listed = json.loads(done.stdout)["plugins"]
    mine = {(p["group"], p["name"]) for p in listed if p["package"] == "specnet-example"}
    assert mine == {
        ("specnet.layers", "channel_scale"),
        ("specnet.torch", "channel_scale"),
        ("specnet.tensorflow", "channel_scale"),
        ("specnet.schedules", "newbob"),
        ("specnet.initializers", "lecun_normal"),
        ("specnet.normalizations", "per_image"),
        ("specnet.augmentations", "cutout"),
        ("specnet.evaluations", "five_crop"),
        ("specnet.datasets", "stripes"),
        ("specnet.backends", "plain_numpy"),
    }


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "plain_numpy"])
def test_its_layer_and_dataset_train_on_every_backend(site: Path, tmp_path: Path, backend: str) -> None:
    run = tmp_path / backend
    options = ["--backend", backend, "--precision", "float64", "--run-dir", run, "--devices", "cpu"]
    done = specnet("train", SPEC, *options, site=site)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["evaluation"]["top1_error"] == 0
    # The same on all three: 0.013231661966194 after 4 epochs, measured to agree within 6e-16.
    fourth = [
        json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines() if "evaluation" in line
    ]
    assert fourth[3]["evaluation"]["loss"] == pytest.approx(0.0132316619661945, rel=1e-12)


def figures(run: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The steps and the evaluations of a run."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line], [line for line in lines if "evaluation" in line]


@pytest.fixture(scope="module")
def trained(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs of the recipe, one of them stopped and resumed."""
    folder = tmp_path_factory.mktemp("recipe")
    for backend, lengths in {"torch": [6], "tensorflow": [4, 6]}.items():
        for epochs in lengths:
            more = ["--resume"] if epochs != lengths[0] else ["--precision", "float64", "--seed", 3]
            options = ["--backend", backend, "--run-dir", folder / backend, "--epochs", epochs, *more]
            done = specnet("train", RECIPE, *options, "--devices", "cpu", site=site)
            assert done.returncode == 0, done.stderr
    return folder


def test_its_recipe_trains_alike_on_both_backends(trained: Path) -> None:
    (steps, tests), (others, other_tests) = figures(trained / "torch"), figures(trained / "tensorflow")
    assert len(steps) == len(others) == 6 * 23
    losses, other_losses = ([step["loss"] for step in run] for run in (steps, others))
    assert losses == pytest.approx(other_losses, rel=1e-10)  # measured 9e-16
    errors, other_errors = (
        [test["evaluation"]["top1_error"] for test in run] for run in (tests, other_tests)
    )
    assert errors == other_errors
    assert errors[-1] < 0.1 < errors[0]


def test_its_schedule_follows_the_errors_of_the_run(trained: Path) -> None:
    """Also in the run that was resumed in between: halved in each epoch from the first that gained little."""
    for backend in ("torch", "tensorflow"):
        steps, tests = figures(trained / backend)
        errors = [test["evaluation"]["top1_error"] for test in tests]
        expected, falling = 0.1, False
        for epoch in range(1, 7):
            assert {step["learning_rate"] for step in steps if step["epoch"] == epoch} == {expected}
            if epoch >= 2:
                falling = falling or errors[epoch - 2] - errors[epoch - 1] < 0.02
            expected = expected / 2 if falling else expected
        assert expected < 0.1


def test_its_images_are_prepared_as_its_kinds_say() -> None:
    """Batches and views against NumPy, each image by itself."""
    pixels = np.random.RandomState(0).randint(0, 256, (40, 1, 10, 10)).astype(np.uint8)
    images = InMemory(pixels, np.zeros(40, dtype=np.int64))
    recipe = Training(
        loss=SoftmaxCrossEntropy.model_validate({"from": "logits"}),
        optimizer=SGD(learning_rate=0.1),
        normalize=PerImage(least=2.0),
        augment=[Cutout(side=3), RandomCrop(size=8)],
        evaluate=FiveCrop(side=8),
        batch_size=40,
    )
    plan: Any = SimpleNamespace(masks={}, computes=[])
    inputs = Inputs(plan, recipe, placeholder((1, 10, 10)), 5, "float64")
    (batch,) = inputs.batches(images, 0, 1)
    for image, sample in zip(batch.images, inputs.samples(images, 0), strict=True):
        expected = pixels[sample, 0] - pixels[sample].mean()
        row, column = (int(u * 10) for u in stream(5, "cutout", 0, 0, int(sample)).random_sample(2))
        near = [np.abs(np.arange(10) - centre) <= 1 for centre in (row, column)]
        expected[np.outer(*near)] = 0
        top, left = (int(u * 3) for u in stream(5, "random_crop", 1, 0, int(sample)).random_sample(2))
        expected = expected[top : top + 8, left : left + 8]
        # Measured: 4e-16.
        np.testing.assert_allclose(image[0], expected / expected.std(), rtol=1e-12)
    views = list(inputs.views(pixels))
    corners = [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]
    for view, (top, left) in zip(views, corners, strict=True):
        for image, raw in zip(view, pixels, strict=True):
            window = (raw[0] - raw.mean())[top : top + 8, left : left + 8]
            np.testing.assert_allclose(image[0], window / window.std(), rtol=1e-12)


def test_its_initial_values_have_their_spread() -> None:
    """LeCun et al. 1998: a standard deviation of 1 / sqrt(fan_in), here 1 / sqrt(3 * 5 * 5)."""
    values = LeCunNormal().sample(stream(0, "x"), (4000, 3, 5, 5))
    assert values.std() * 75**0.5 == pytest.approx(1, abs=0.01)  # measured 0.9995
    assert values.mean() == pytest.approx(0, abs=0.001)


def test_a_crop_of_its_own_must_have_the_size_of_the_input(site: Path) -> None:
    """The field is called what the kind calls it, and the caret is under it."""
    done = specnet("validate", RECIPE, "--set", "training.evaluate.side=9", site=site)
    assert done.returncode == 1
    assert "SN604: crops of 9x9 do not fit the input, which is 1x8x8" in done.stderr
    assert "use side 8" in done.stderr


def test_the_table_knows_its_parameters(site: Path) -> None:
    done = specnet("table", SPEC, "--json", site=site)
    rows = {row["name"]: row for row in json.loads(done.stdout)["layers"]}
    assert rows["scaled"] == {
        "name": "scaled",
        "kind": "channel_scale",
        "groups": ["left", "right"],
        "from": ["hidden"],
        "cross_group": False,
        "output_shape": [16],
        "parameters": 16,
        "macs": 0,
        "kernel": None,
        "stride": None,
        "padding": None,
        "receptive_field": None,
        "memory": 16 * 4 * 8,
    }


def test_a_backend_names_the_layer_it_cannot_carry_out(site: Path, specs: Path) -> None:
    done = specnet("compile", specs / "alexnet.yaml", "--backend", "plain_numpy", site=site)
    assert done.returncode == 2
    assert "'conv1.gpu0', kind 'conv'" in done.stderr


def test_without_the_package_the_errors_say_what_is_missing() -> None:
    done = specnet("validate", SPEC)
    assert done.returncode == 1
    assert f"{SPEC}:5:14: error SN204: unknown dataset kind 'stripes'" in done.stderr
    assert f"{SPEC}:10:18: error SN204: unknown layer kind 'channel_scale'" in done.stderr
    assert "once its package is installed" in done.stderr
    done = specnet("validate", RECIPE)
    nouns = {"newbob": "schedule", "cutout": "augmentation", "per_image": "normalization"}
    for kind, noun in {**nouns, "five_crop": "evaluation", "lecun_normal": "initializer"}.items():
        assert f"error SN204: unknown {noun} kind '{kind}'" in done.stderr
    assert done.stderr.count("once its package is installed") == done.stderr.count("SN204") == 6


def test_a_broken_plugin_harms_only_those_who_use_it(site: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text(
        "[specnet.layers]\nsmashed = broken_module:Layer\nconv = other:Conv\n"
        "[specnet.backends]\nneeds_more = broken_module:Backend\n"
    )
    (tmp_path / "broken_module.py").write_text("import a_package_that_is_not_there\n")
    good = (
        "specnet: 1\nname: x\nlayers:\n"
        "  image: {kind: input, shape: [4]}\n  d: {kind: KIND, from: image, units: 2}\n"
    )
    spec = tmp_path / "x.yaml"
    spec.write_text(good.replace("KIND", "dense"))
    assert specnet("validate", spec, site=tmp_path).returncode == 0

    spec.write_text(good.replace("KIND", "smashed"))
    done = specnet("validate", spec, site=tmp_path)
    assert done.returncode == 1
    assert "needs the package a_package_that_is_not_there" in done.stderr

    spec.write_text(good.replace("KIND", "conv"))
    done = specnet("validate", spec, site=tmp_path)
    assert done.returncode == 1
    assert "claimed by broken and specnet" in done.stderr

    done = specnet("compile", spec, "--set", "layers.d.kind=dense", "--backend", "needs_more", site=tmp_path)
    assert done.returncode == 2
    assert "pip install a_package_that_is_not_there" in done.stderr


def test_what_is_no_kind_and_what_exits_is_reported_and_harms_nobody_else(tmp_path: Path) -> None:
    info = tmp_path / "wrong-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[specnet.layers]\nseven = wrong_module:SEVEN\nexits = exiting_module:Layer\nplain = builtins:dict\n"
        "[specnet.datasets]\nnumbers = wrong_module:SEVEN\n[specnet.schedules]\nsevens = wrong_module:SEVEN\n"
        "[specnet.backends]\nno_backend = wrong_module:SEVEN\nfails = wrong_module:Fails\n"
    )
    (tmp_path / "wrong_module.py").write_text(
        "SEVEN = 7\nclass Fails:\n    compile = None\n    def devices(self): raise RuntimeError('a\\nb')\n"
    )
    (tmp_path / "exiting_module.py").write_text("import sys\nsys.exit(7)\n")
    schema = specnet("schema", site=tmp_path)
    assert (schema.returncode, schema.stderr) == (0, "")
    assert "seven" not in schema.stdout

    spec = tmp_path / "x.yaml"
    for kind, words in (
        ("seven", "is wrong_module:SEVEN, which is not a class derived from specnet.layers.base.Layer"),
        ("plain", "is builtins:dict, which is not a class derived from specnet.layers.base.Layer"),
        ("exits", "cannot be imported: SystemExit: 7"),
    ):
        spec.write_text(
            f"specnet: 1\nname: x\nlayers:\n  i: {{kind: input, shape: [4]}}\n  d: {{kind: {kind}}}\n"
        )
        done = specnet("validate", spec, site=tmp_path)
        assert (done.returncode, "SN208" in done.stderr, words in done.stderr) == (1, True, True)

    listed = json.loads(specnet("plugins", "--check", "--json", site=tmp_path).stdout)["plugins"]
    bad = {p["name"] for p in listed if p["package"] == "wrong" and p["state"] != "ok"}
    assert bad == {"seven", "exits", "plain", "sevens", "numbers", "no_backend"}
    doctor = specnet("doctor", "--json", site=tmp_path)
    checks = {check["what"]: check for check in json.loads(doctor.stdout)["checks"]}
    broken = {
        "layer kind seven",
        "layer kind exits",
        "schedule sevens",
        "dataset numbers",
        "backend no_backend",
        "backend fails",
    }
    assert doctor.returncode == 1
    assert {checks[what]["state"] for what in broken} == {"broken"}
    assert checks["backend fails"]["detail"] == r"it cannot tell its devices: RuntimeError: a\nb"


def test_a_missing_framework_is_named_with_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("torch", "a_framework_that_is_not_there:Backend", "specnet.backends")
    monkeypatch.setattr(plugins, "package", lambda _: "specnet")
    monkeypatch.setattr(plugins, "registered", lambda _: {"torch": [point]})
    with pytest.raises(PluginError) as caught:
        plugins.load.__wrapped__("specnet.backends", "torch")
    assert caught.value.hint == "pip install 'specnet[torch]'"
