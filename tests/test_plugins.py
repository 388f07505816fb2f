"""A stranger's package: a layer kind for both backends, a dataset and a backend, installed with pip."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.testing import relative_error
from support.example_package import EXAMPLE, install, specnet

pytestmark = pytest.mark.slow


SPEC = EXAMPLE / "stripes.yaml"
OWN = EXAMPLE / "own_kinds.yaml"
BACKENDS = ("torch", "tensorflow", "plain_numpy")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"))


def test_it_is_listed_and_imports(site: Path) -> None:
    done = specnet("plugins", "--check", "--json", site=site)
    assert done.returncode == 0, done.stdout
    listed = json.loads(done.stdout)["plugins"]
    mine = {(p["group"], p["name"]) for p in listed if p["package"] == "specnet-example"}
    kinds = ("channel_scale", "softsign", "brier", "adagrad_steps")
    assert mine == {
        ("specnet.layers", "channel_scale"),
        ("specnet.activations", "softsign"),
        ("specnet.losses", "brier"),
        ("specnet.optimizers", "adagrad_steps"),
        *((f"specnet.kinds.{backend}", kind) for backend in BACKENDS for kind in kinds),
        ("specnet.datasets", "stripes"),
        ("specnet.backends", "plain_numpy"),
        ("specnet.schedules", "newbob"),
        ("specnet.initializers", "unit_length"),
        ("specnet.normalizations", "per_image"),
        ("specnet.augmentations", "hole"),
        ("specnet.evaluations", "five_crop"),
        ("specnet.metrics", "worst_recall"),
    }


@pytest.mark.parametrize("backend", BACKENDS)
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


def losses(folder: Path) -> list[float]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [line["loss"] for line in lines if "loss" in line]


def test_its_loss_optimizer_and_function_agree_on_every_backend(site: Path, tmp_path: Path) -> None:
    """And a run goes on in another backend than it was started in: squares and step counts come along."""
    common = ["--precision", "float64", "--devices", "cpu"]
    for backend in BACKENDS:
        run = ["--run-dir", tmp_path / backend, "--backend", backend]
        done = specnet("train", OWN, *run, *common, site=site)
        assert done.returncode == 0, done.stderr
    moved = tmp_path / "moved"
    for backend, steps in (("torch", "6"), ("tensorflow", "11"), ("plain_numpy", "16")):
        going_on = ["--resume"] if moved.exists() else []
        run = ["--run-dir", moved, "--backend", backend, "--steps", steps, *going_on]
        done = specnet("train", OWN, *run, *common, site=site)
        assert done.returncode == 0, done.stderr
    expected = losses(tmp_path / "plain_numpy")
    assert len(expected) == 16
    for name in ("torch", "tensorflow", "moved"):
        error = relative_error(losses(tmp_path / name), expected)
        assert error < 1e-12, f"{name}: {error:.1e}"  # measured: at most 1.6e-15


def test_a_backend_names_the_loss_optimizer_and_function_that_it_does_not_know(
    site: Path, tmp_path: Path
) -> None:
    """The plugin's kinds without its modules for torch."""
    lacking = tmp_path / "site"
    shutil.copytree(site, lacking)
    (points,) = lacking.glob("specnet_example-*/entry_points.txt")
    kept = points.read_text().split("[")
    points.write_text("[".join(part for part in kept if not part.startswith("specnet.kinds.torch")))
    spec = tmp_path / "x.yaml"
    softsign = OWN.read_text().replace("channel_scale, from: hidden, initial: 0.5", "flatten, from: hidden")
    brier = softsign.replace("softsign", "relu")
    known = "loss: {kind: softmax_cross_entropy, from: scores}\n"
    adagrad = brier[: brier.index("loss:")] + known + brier[brier.index("  weights:") :]
    for words, text in (
        ("layer 'hidden.left': it does not know the activation function 'softsign'", softsign),
        ("the loss: it does not know the loss 'brier'", brier),
        ("the update rule: it does not know the optimizer 'adagrad_steps'", adagrad),
    ):
        spec.write_text(text)
        done = specnet("compile", spec, "--backend", "torch", site=lacking)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
        assert "'specnet.kinds.torch'" in done.stderr


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
        "dilation": None,
        "padding": None,
        "receptive_field": None,
        "memory": 16 * 4 * 8,
        "frozen": False,
    }


def test_a_backend_names_the_layer_it_cannot_carry_out(site: Path, specs: Path) -> None:
    done = specnet("compile", specs / "alexnet.yaml", "--backend", "plain_numpy", site=site)
    assert done.returncode == 2
    assert "the plain_numpy backend cannot carry out layer 'conv1.gpu0'" in done.stderr


def test_without_the_package_the_errors_say_what_is_missing() -> None:
    done = specnet("validate", SPEC)
    assert done.returncode == 1
    assert f"{SPEC}:5:14: error SN204: unknown dataset kind 'stripes'" in done.stderr
    assert f"{SPEC}:10:18: error SN204: unknown layer kind 'channel_scale'" in done.stderr
    assert "once its package is installed" in done.stderr


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
