"""Other Pythons: the current folder has no say in what they run, and what goes wrong in them stays there."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specnet.storage import processes

STRANGERS = ("json", "sys", "importlib", "numpy", "specnet", "socket", "encodings", "sitecustomize", "PIL")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that holds modules under the names of those that are imported."""
    (tmp_path / "here").mkdir()
    for name in STRANGERS:
        text = f"open({str(tmp_path / 'ran')!r}, 'w').write({name!r})\nraise SystemExit(3)\n"
        (tmp_path / "here" / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.mark.parametrize("path", [[""], ["."], ["HERE"], []])
def test_the_current_folder_has_no_say(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, path: list[str]
) -> None:
    own = [str(hostile / "here") if entry == "HERE" else entry for entry in path]
    monkeypatch.setattr(sys, "path", own + sys.path)
    monkeypatch.setenv("PYTHONPATH", str(hostile / "here"))
    assert processes.ask_python("base64:b64encode", b"abc", 100) == b"YWJj"
    assert not (hostile / "ran").exists()


@pytest.mark.slow
def test_workers_do_not_run_a_strangers_module(hostile: Path) -> None:
    """The command, as it is installed, in a data folder that holds a `json.py`."""
    from PIL import Image

    for split in ("train", "test"):
        for label in "ab":
            (hostile / "photos" / split / label).mkdir(parents=True)
            for number in range(70):
                Image.new("L", (8, 8), number).save(hostile / "photos" / split / label / f"{number}.png")
    command = [str(Path(sys.executable).with_name("specnet")), "prepare", "../photos", "../out"]
    done = subprocess.run(
        [*command, "--size", "8", "--workers", "2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (hostile / "ran").exists()


def crash(data: bytes) -> bytes:
    os.abort()


def hog(data: bytes) -> bytes:
    return bytes(2**33)


def spin(data: bytes) -> bytes:
    while True:
        pass


def refuse(data: bytes) -> bytes:
    raise ValueError("I do not like this")


def say_much(data: bytes) -> bytes:
    return bytes(10**6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "words"),
    [
        (crash, "too much memory or time"),
        (hog, "too much memory"),
        (spin, "too much memory or time"),
        (refuse, "I do not like this"),
        (say_much, "larger than"),
    ],
)
def test_what_goes_wrong_in_another_python_is_a_value_error(
    function: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "SECONDS", 2)
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, time.monotonic()
    with pytest.raises(ValueError, match=words):
        processes.ask_python(f"test_processes:{function.__name__}", b"abc", 1000)  # type: ignore[attr-defined]
    assert time.monotonic() - began < 60
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 400 * 1024)


def test_limits_that_are_there_already_stay() -> None:
    """As a batch system sets them: more than they allow cannot be asked for."""
    script = (
        "import resource, sys; sys.path[:0] = sys.argv[1:]\n"
        "from specnet.storage import processes\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "print(processes.ask_python('base64:b64encode', b'abc', 100, seconds=60).decode())\n"
    )
    path = [entry for entry in sys.path if entry]
    done = subprocess.run([sys.executable, "-c", script, *path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "YWJj\n"), done.stderr


@pytest.mark.parametrize("variable", ["libraries", "./libraries"])
def test_relative_folders_of_modules_are_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / "libraries").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, variable])
    assert str(tmp_path / "libraries") in processes.search_path()
