"""What callers from Python see: signatures, errors that speak of arguments, and what notebooks show."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import specnet
from conftest import Outcome
from specnet.backend.protocol import PRECISIONS
from specnet.cli.main import build_parser, main
from specnet.convert.weights import export_weights, exporting, import_weights, importing
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostics, Position
from specnet.diagnostics.errors import DataError, RunError, SpecError, UsageError
from specnet.drawing import draw
from specnet.network.network import Network
from specnet.runs.records import Evaluation
from specnet.schema import arguments
from specnet.terminal.signals import Interrupted
from specnet.training import dry_run, load, predict, session
from specnet.training.evaluation import Result
from specnet.training.options import TrainOptions

CLI = Callable[..., Outcome]
ROOT = Path(__file__).parent.parent
FLAG = re.compile(r"(?<![\w'/-])--[a-z]")
HOSTILE = "</td><script>alert('x')</script>"
SPEC: dict[str, Any] = {
    "specnet": 1,
    "name": "small",
    "groups": ["a", "b"],
    "layers": {
        "image": {"kind": "input", "shape": [1, 8, 8]},
        "conv": {"kind": "conv", "from": "image", "filters": 4, "kernel": 3, "activation": "relu"},
        "out": {"kind": "dense", "from": "conv", "cross_group": True, "group": "a", "units": 4},
    },
    "training": {
        "loss": {"kind": "softmax_cross_entropy", "from": "out"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1},
        "batch_size": 8,
        "epochs": 1,
    },
    "assumed": {"from": HOSTILE, "values": ["layers.conv.kernel"]},
}
DIGITS = {**SPEC, "data": {"kind": "digits"}}

SAME: dict[Callable[..., Any], Callable[..., Any]] = {
    specnet.evaluate: load.evaluate_run,
    specnet.predict: predict.predict,
}
FLAGS_ONLY = {
    "train": {"specs", "overrides", "json", "dry_run"},
    "evaluate": {"runs", "json", "report"},
    "predict": {"json"},
    "compile": {"spec", "overrides", "json"},
    "table": {"spec", "overrides", "json", "md", "csv"},
}
"""What a command has and its function has not: where the spec comes from, and the form of the answer."""
ARGUMENTS_ONLY = {
    "train": {"source", "progress"},
    "evaluate": {"run_dir", "progress"},
    "predict": {"progress"},
    "compile": {"source", "seed"},
    "table": {"source"},
}


def public() -> list[Callable[..., Any]]:
    """All that can be called but `SpecnetError`, whose arguments are those of any exception."""
    names = (name for name in specnet.__all__ if not name.startswith("_") and name != "SpecnetError")
    return [getattr(specnet, name) for name in names]


@pytest.mark.parametrize("function", public(), ids=lambda function: function.__name__)
def test_every_option_is_in_the_signature(function: Callable[..., Any]) -> None:
    signature = inspect.signature(function)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    assert all(p.annotation is not p.empty for p in signature.parameters.values())
    assert signature.return_annotation is not signature.empty
    assert function.__doc__


@pytest.mark.parametrize("function", SAME, ids=lambda function: function.__name__)
def test_options_are_those_of_what_does_the_work(function: Callable[..., Any]) -> None:
    ours, theirs = (list(inspect.signature(f).parameters.values())[1:] for f in (function, SAME[function]))
    assert ours == theirs


def test_a_trainings_options_are_those_that_are_declared() -> None:
    source, *shown = inspect.signature(specnet.train).parameters.values()
    progress = shown.pop()
    assert (source.name, progress.name) == ("source", "progress")
    assert shown == list(inspect.signature(TrainOptions).parameters.values())
    (precision,) = (option for option in fields(TrainOptions) if option.name == "precision")
    assert precision.metadata["choices"] == PRECISIONS


def test_a_dry_run_takes_what_a_training_takes() -> None:
    dry, real = (inspect.signature(f).parameters for f in (dry_run.dry_run, session.train))
    assert list(real.values()) == list(dry.values())


def test_every_option_reaches_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a value that is not its default, from Python and from the command line."""
    path = tmp_path / "net.yaml"
    path.write_text(json.dumps(SPEC))
    wanted: dict[str, Any] = {
        "backend": "tensorflow",
        "data": "digits",
        "devices": "cpu",
        "run_dir": "r",
        "steps": 3,
        "seed": 4,
        "precision": "float64",
        "checkpoint_every": "90s",
        "micro_batch": 2,
        "resume": True,
        "allow_changes": True,
    }
    other = {"resume": None, "allow_changes": None, "weights": "w.safetensors"}
    assert {option.name for option in fields(TrainOptions)} == {*wanted, *other, "epochs"}
    reached: list[TrainOptions] = []

    def caught(_: Network, options: TrainOptions, *rest: object) -> None:
        reached.append(options)
        raise UsageError("enough")

    monkeypatch.setattr(session, "train", caught)
    monkeypatch.setattr(dry_run, "dry_run", caught)
    for changed in ({}, {"steps": None, "epochs": 3}, other):
        asked = {name: value for name, value in {**wanted, **changed}.items() if value is not None}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in asked.items()]
        command = ["train", str(path), *(flag.removesuffix("=True") for flag in flags)]
        with pytest.raises(UsageError, match="enough"):
            specnet.train(path, **asked)
        assert main(command) == main([*command, "--dry-run"]) == 2
        assert reached == [TrainOptions(**asked)] * 3
        reached.clear()


DECIDED_LATER = {("compile", "precision"), ("train", "backend")}
"""Options that the command line leaves open: a run that goes on without a spec has a backend of its own."""


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


@pytest.mark.parametrize("name", FLAGS_ONLY)
def test_the_command_line_has_the_same_options(name: str) -> None:
    actions = {action.dest: action for action in commands()[name]._actions if action.dest != "help"}
    parameters = inspect.signature(getattr(specnet, name)).parameters
    assert set(actions) - set(parameters) == FLAGS_ONLY[name]
    assert set(parameters) - set(actions) == ARGUMENTS_ONLY[name]
    for option in set(actions) & set(parameters):
        default = parameters[option].default
        if default is not inspect.Parameter.empty and (name, option) not in DECIDED_LATER:
            assert actions[option].default == default, option
    for action in actions.values():
        if action.option_strings and action.dest in parameters:
            assert f"--{action.dest.replace('_', '-')}" in action.option_strings, "so messages find it"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("go on (--resume), or name another --run-dir", "go on (resume=True), or name another run_dir="),
        ("leave --micro-batch out: --set a.b=8", "leave micro_batch= out: a.b=8 in the spec"),
        ("--data KIND[:PATH], with KIND one of a, b", 'data="KIND[:PATH]", with KIND one of a, b'),
        ("write --data digits", 'write data="digits"'),
        ("--checkpoint-every 100, or 90s", "checkpoint_every=100, or 90s"),
        ("--micro-batch N of train needs less", "micro_batch=N of train needs less"),
        ("started with --precision float64, not float32", 'started with precision="float64", not float32'),
        ("lower it (--resume --allow-changes), or", "lower it (resume=True, allow_changes=True), or"),
        ("into `specnet train --resume --steps 9`.", "into `specnet.train(..., resume=True, steps=9)`."),
        ("specnet train SPEC --resume goes on", "specnet.train(..., resume=True) goes on"),
        ("it is made by `specnet train`", "it is made by `specnet.train`"),
        ("--devices cpu,cpu names 2", 'devices="cpu,cpu" names 2'),
        ("try --devices cpu", 'try devices="cpu"'),
        ("--devices names no device for 'a'", "devices= names no device for 'a'"),
        ("or leave --best out", "or leave best=True of specnet.evaluate out"),
        ("to add it: --set 'training.x={a: 1}'; or", "to add it: training.x={a: 1} in the spec; or"),
        ("`specnet prepare X Y --size 64`; --data X:Y", '`specnet prepare X Y --size 64`; data="X:Y"'),
        ("pip install --upgrade theirs", "pip install --upgrade theirs"),
        ("the spec '--resume' in runs/--resume, a--b", "the spec '--resume' in runs/--resume, a--b"),
    ],
)  # fmt: skip
def test_flags_become_arguments(flags: str, words: str) -> None:
    assert arguments.in_words_of("specnet.train", flags) == words
    assert arguments.in_words_of("specnet.train", words) == words, "once is enough"


COMMAND_LINE_ALONE = {
    "specnet/drawing/page.py": {"*"},  # CSS has names like these
    "specnet/syntax/document.py": {"--set"},
    "specnet/spec/overrides.py": {"--set"},
    "specnet/testing/parting.py": {"--backends", "--seeds"},  # a tool of its own
    "specnet/plugins.py": {"--upgrade"},  # pip's
    "specnet/convert/weights/starting.py": {"--map", "--partial"},
    "specnet/data/prepare/prepare.py": {"--size", "--strict", "--test", "--train"},
    "specnet/data/prepare/workers.py": {"--workers"},
}
"""Flags of what only a command does: `--set`, `prepare`, `weights`."""


def texts(path: Path) -> Iterator[str]:
    """The texts in a module that are no docstrings, what is filled into them as X."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def test_no_message_keeps_a_flag_in_python() -> None:
    found: dict[str, set[str]] = {}
    count = 0
    for folder in ("specnet", "backends"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(("specnet/cli/", "specnet/testing/")) or name == "specnet/schema/arguments.py":
                continue
            for text in texts(path):
                said = arguments.in_words_of("specnet.train", text)
                count += said != text
                flags = {match[0] for match in re.finditer(r"(?<![\w'/-])--[a-z][a-z-]*", said)}
                allowed = COMMAND_LINE_ALONE.get(name, set())
                if flags - allowed and "*" not in allowed and "style=" not in text:
                    found.setdefault(name, set()).update(flags - allowed)
    assert not found
    assert count > 25, "the messages are still found"
    callers = [path for path in (ROOT / "specnet").rglob("*.py") if "overrides import" in path.read_text()]
    assert {path.relative_to(ROOT).parts[1] for path in callers} == {"cli"}


def held(tmp_path: Path) -> Path:
    """A folder that holds a run, as far as anybody sees who wants to start one there."""
    (tmp_path / "spec.yaml").write_text("")
    return tmp_path


CALLS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a run is there": (
        lambda tmp: specnet.train(DIGITS, run_dir=held(tmp)),
        "go on with it (resume=True), or name another run_dir=",
    ),
    "changes without resuming": (
        lambda tmp: specnet.train(DIGITS, run_dir=tmp / "r", allow_changes=True),
        "add resume=True",
    ),
    "no interval": (
        lambda tmp: specnet.train(DIGITS, run_dir=tmp / "r", checkpoint_every="soon"),
        "checkpoint_every=100, or 90s, 10m, 2h",
    ),
    "no data": (
        lambda tmp: specnet.train(SPEC, run_dir=tmp / "r"),
        'data="KIND[:PATH]", with KIND one of ',
    ),
    "no path": (
        lambda tmp: specnet.train(SPEC, run_dir=tmp / "r", data="image_folder"),
        'data="image_folder:PATH"',
    ),
    "too many classes": (
        lambda tmp: specnet.train(DIGITS, run_dir=tmp / "r"),
        "layers.out.units=10 in the spec",
    ),
    "half a placement": (
        lambda tmp: specnet.compile(SPEC, devices="a="),
        'devices="a=": expected GROUP=DEVICE, ...',
    ),
    "a group forgotten": (
        lambda tmp: specnet.compile(SPEC, devices={"a": "cpu"}),
        "devices= names no device for group 'b'",
    ),
    "no run to evaluate": (
        specnet.evaluate,
        "a run directory is made by `specnet.train`",
    ),
    "no run to predict with": (
        lambda tmp: specnet.predict(tmp, []),
        "a run directory is made by `specnet.train`",
    ),
    "no format of weights": (
        lambda tmp: export_weights(tmp, tmp / "x.weights"),
        "or add form=",
    ),
    "no format of a picture": (
        lambda tmp: specnet.draw(SPEC).save(tmp / "x"),
        'add form="svg|png|html|mmd|dot"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_errors_speak_of_arguments(tmp_path: Path, case: str) -> None:
    call, words = CALLS[case]
    with pytest.raises(UsageError) as caught:
        call(tmp_path)
    assert words in str(caught.value)
    assert words in f"{caught.value.message}\n{caught.value.hint}"
    assert not FLAG.search(str(caught.value))


def test_findings_about_weights_speak_of_arguments(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    import numpy as np

    safetensors.save_file({"theirs": np.zeros(3, np.float32)}, tmp_path / "x.safetensors")
    spec = specnet.load(SPEC)
    with pytest.raises(SpecError) as caught:
        import_weights(spec, tmp_path / "x.safetensors", tmp_path / "run")
    assert "mapping=" in "".join(d.hint or "" for d in caught.value.diagnostics)
    assert "mapping=" in str(caught.value)
    assert not FLAG.search(str(caught.value))
    with pytest.raises(SpecError, match="--map"):  # the command line's own words
        importing.import_weights(spec, tmp_path / "x.safetensors", tmp_path / "run")
    with pytest.raises(UsageError, match="--format"):
        exporting.export_weights(tmp_path, tmp_path / "x.weights")


def test_the_command_line_keeps_its_flags(cli: CLI, specs: Path, tmp_path: Path) -> None:
    done = cli("train", specs / "alexnet_digits.yaml", "--run-dir", tmp_path / "r", "--allow-changes")
    assert (done.code, done.err.splitlines()[-1]) == (2, "  hint: add --resume")
    done = cli("graph", specs / "lenet5.yaml", "-o", "x")
    assert done.err.endswith("add --format svg|png|html|mmd|dot\n")
    done = cli("diff", specs / "alexnet.yaml", specs / "alexnet_towers.yaml")
    assert "layers are written another way (--all shows how)" in done.out


def test_what_an_error_came_from_is_said_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_functions", dict(arguments._functions))

    @arguments.public()
    def work(run_dir: str) -> None:
        try:
            raise DataError("the image is gone", "name another --run-dir")
        except DataError as error:
            raise Interrupted(2, "go on with --resume") from error

    with pytest.raises(Interrupted, match=r"go on with resume=True of specnet\.train") as caught:
        work("x")
    assert isinstance(caught.value.__cause__, DataError)
    assert caught.value.__cause__.hint == "name another run_dir="
    assert inspect.signature(work).parameters.keys() == {"run_dir"}


def test_notes_speak_of_arguments_too(capsys: pytest.CaptureFixture[str]) -> None:
    arguments.progress_of("specnet.train").note("warning: two classes; --data KIND:PATH names others")
    assert capsys.readouterr().err == 'warning: two classes; data="KIND:PATH" names others\n'


def test_nothing_is_imported_before_it_is_needed() -> None:
    script = (
        "import sys, specnet\n"
        "print(sorted({name for name in sys.modules if name.startswith('specnet.')} "
        "| {'numpy', 'pydantic', 'html', 'inspect', 'PIL', 'torch', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['specnet.schema', 'specnet.schema.arguments']"


class Page(HTMLParser):
    """The tags of a fragment, and its texts."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(fragment)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_notebook_shows_a_spec() -> None:
    page = Page(specnet.load(SPEC)._repr_html_())
    assert "script" not in page.tags
    assert {"small on a, b", "conv", "image"} <= set(page.texts)
    assert {"activation: relu", "filters: 4", "kernel: 3"} in [set(text.split(", ")) for text in page.texts]
    assert any(HOSTILE in text for text in page.texts)
    assert any(text.startswith("optimizer: {kind: sgd, learning_rate: 0.1") for text in page.texts)


def test_a_notebook_shows_a_diff() -> None:
    conv = {**SPEC["layers"]["conv"], "filters": 8}
    other = {**SPEC, "layers": {**SPEC["layers"], "conv": conv}, "assumed": {**SPEC["assumed"], "from": "x"}}
    page = Page(specnet.diff(SPEC, other)._repr_html_())
    assert "script" not in page.tags
    assert page.texts[3:7] == ["~", "layers.conv.filters", "4", "8"]
    assert any(HOSTILE in text for text in page.texts)
    # conv: 4 -> 8 kernels of 3x3 and as many biases; out: 4 units that read 4 -> 8 maps of 6x6.
    assert "parameters: 620 -> 1,236 (+616, +99.4%)" in page.texts
    assert Page(specnet.diff(SPEC, SPEC)._repr_html_()).texts == ["no differences"]
    invalid = {**SPEC, "layers": {**SPEC["layers"], "conv": {**conv, "from": "image2"}}}
    assert any("not valid" in text for text in Page(specnet.diff(SPEC, invalid)._repr_html_()).texts)


def test_a_notebook_shows_findings(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f'specnet: 1\nname: "{HOSTILE}"\nlayers:\n  image: {{kind: input, shape: [1, 8, 8]}}\n')
    found = specnet.validate(path)
    page = Page(found._repr_html_())
    assert "script" not in page.tags
    assert {"error SN205", f"{path}:2:7"} <= set(page.texts)
    assert any(HOSTILE in text for text in page.texts)
    assert str(found) == "\n".join(str(finding) for finding in found)
    assert str(Diagnostics()) == "no findings"
    assert Page(Diagnostics()._repr_html_()).texts == ["no findings"]
    with pytest.raises(SpecError) as caught:
        specnet.table(path)
    assert "error SN205" in Page(caught.value.diagnostics._repr_html_()).texts
    odd = Diagnostics([rules.NOT_YAML.at(Position(HOSTILE, 1, 1, source=HOSTILE), "a\x1b[31m")])
    assert "script" not in Page(odd._repr_html_()).tags
    assert "\x1b" not in odd._repr_html_()


def test_a_notebook_shows_a_result(tmp_path: Path) -> None:
    result = Result(tmp_path / "<b>r", 1234, Evaluation(0.5, 0.25, 0.125))
    page = Page(result._repr_html_())
    assert page.texts[5:] == [str(tmp_path / "<b>r"), "1,234", "0.5000", "25.00%", "12.50%"]
    assert "img" not in page.tags
    result.run_dir.mkdir()
    (result.run_dir / "curves.png").write_bytes(b"\x89PNG curves")
    shown = result._repr_html_()
    assert Page(shown).tags.count("img") == 1
    assert "data:image/png;base64," + b64encode(b"\x89PNG curves").decode() in shown
    assert str(result).endswith("step 1234, test loss 0.5000, top-1 error 25.00%, top-5 error 12.50%")


@pytest.mark.parametrize("form", draw.FORMATS)
def test_a_drawing_is_what_graph_draws(cli: CLI, specs: Path, tmp_path: Path, form: str) -> None:
    pair = specs / "lenet5.yaml", tmp_path / "wider.yaml"
    pair[1].write_text(pair[0].read_text().replace("filters: 6", "filters: 8"))
    ours, theirs = tmp_path / f"ours.{form}", tmp_path / f"theirs.{form}"
    assert specnet.draw(pair[0]).save(ours) == ours
    assert cli("graph", pair[0], "-o", theirs).code == 0
    assert ours.read_bytes() == theirs.read_bytes()
    specnet.draw(*pair).save(str(ours))
    assert cli("graph", "--diff", *pair, "-o", theirs).code == 0
    assert ours.read_bytes() == theirs.read_bytes()
    assert specnet.draw(*pair).render(form) == theirs.read_bytes()


def test_a_notebook_shows_a_drawing(specs: Path, tmp_path: Path) -> None:
    drawing = specnet.draw(specs / "lenet5.yaml")
    assert drawing._repr_svg_() == drawing.render("svg").decode()
    assert drawing._repr_svg_() in drawing._repr_html_()
    assert Page(drawing._repr_html_()).tags[:2] == ["div", "svg"]
    assert repr(drawing) == "<drawing of lenet5>"
    assert repr(specnet.draw(SPEC, DIGITS)) == "<drawing of small -> small>"
    for path, words in (("x.sgv", "did you mean 'svg'"), ("none/x.svg", "cannot write"), ("x", "no suffix")):
        with pytest.raises(UsageError, match=words):
            drawing.save(tmp_path / path)
    assert drawing.save(tmp_path / "x", "dot").read_text().startswith("digraph")
    with pytest.raises(SpecError):
        specnet.draw({**SPEC, "layers": {}})


def test_a_run_error_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        specnet.evaluate(tmp_path / "none")
    assert caught.value.exit_code == 2
