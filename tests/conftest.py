"""What all tests share: the shipped specs, and the command line called in this process."""

from __future__ import annotations

import signal
import statistics
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from specnet.cli.main import main

ROOT = Path(__file__).parent.parent
BACKENDS = Path(__file__).parent / "backends"
EMPTY_PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
Hold = Callable[[str, float, float], None]
"""Takes the name of a figure, its value and its bound."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--seeds",
        type=int,
        metavar="N",
        help="take N seeds in tests of agreement, and print the worst and the median figure",
    )


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a script
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "pictures: trainings draw, while elsewhere an empty picture stands in")
    config.addinivalue_line("markers", "seeds(n): the argument `seed` takes the first n, or those of --seeds")
    if config.option.seeds:
        from specnet.testing.contract import BackendContract

        BackendContract.seeds = config.option.seeds


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What imports PyTorch and TensorFlow is slow, whatever it does afterwards."""
    for item in items:
        if BACKENDS in item.path.parents:
            item.add_marker(pytest.mark.slow)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the slow tests, those modules are not even read."""
    return True if collection_path == BACKENDS and config.option.markexpr == "not slow" else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for mark in metafunc.definition.iter_markers("seeds"):
        metafunc.parametrize("seed", range(metafunc.config.option.seeds or mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With --seeds, the worst and the median of every figure."""
    if not config.option.seeds:
        return
    figures: dict[tuple[str, str], list[float]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for what, value in report.user_properties if getattr(report, "when", "") == "call" else ():
                figures.setdefault((report.nodeid.split("[")[0], what), []).append(value)
    terminalreporter.section(f"agreement from {config.option.seeds} seeds")
    for (test, what), found in sorted(figures.items()):
        middle = statistics.median(found)
        terminalreporter.line(f"{test}: {what}: worst {max(found):.1e}, median {middle:.1e} of {len(found)}")


@pytest.fixture
def hold(record_property: Callable[[str, object], None]) -> Hold:
    """Hold a figure to its bound, and keep it for the summary."""

    def held(what: str, error: float, bound: float) -> None:
        record_property(what, error)
        assert error < bound, f"{what}: {error:.2e}"

    return held


@dataclass(frozen=True)
class Outcome:
    """What a command printed and returned."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that draws takes a second, and most trainings here take less."""
    if request.node.get_closest_marker("pictures") is None:
        monkeypatch.setattr("specnet.plots.background.draw", lambda pictures: [EMPTY_PNG] * len(pictures))


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder of the shipped specs."""
    return ROOT / "specs"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command in this process."""

    def run(*arguments: object) -> Outcome:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse's way out
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
