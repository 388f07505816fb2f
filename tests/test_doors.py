"""What is a stranger's goes through one door each: files, other processes, the terminal.

The source is read, not run: whoever opens a file in another way has to come here and say why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = {
    *("open", "fdopen", "read_text", "read_bytes", "write_text", "write_bytes", "memmap", "fromfile", "mmap"),
    *("load_file", "save_file", "safe_open", "File", "TarFile", "ZipFile", "rmtree", "copyfile", "copytree"),
    *("unlink", "rename", "symlink_to", "hardlink_to", "touch"),
}
"""Functions and methods that open, make, remove or rename files."""
HOLDERS = {"folder", "self._folder", "inside", "held", "work", "self.work", "self.folder"}
"""What open folders of `specnet.storage.folder` are called: their methods are the door."""
DOORS = {
    ("specnet/cli/output.py", "os.open"): "/dev/null, in the place of a stream that nobody reads",
    ("specnet/data/sources/decoding.py", "Image.open"): "bytes in memory, a fixed list of decoders",
    ("specnet/data/prepare/shard.py", "safe_open"): "a record of our own, its header looked at first",
    ("specnet/diagnostics/catalogue.py", "(FOLDER / f'{code}.md').read_text"): "a page of the package itself",
    ("specnet/runs/tensorboard.py", "os.fdopen"): "a descriptor that the folder has given",
    ("specnet/training/open_data.py", "declared.open"): "a dataset, which opens its files by the doors",
    ("specnet/convert/weights/safetensors_file.py", "safe_open"): "a file whose header was looked at",
    ("specnet/convert/weights/formats.py", "os.fdopen"): "a descriptor of a plain file",
    (
        "specnet/convert/weights/formats.py",
        "zipfile.ZipFile",
    ): "a file that was opened; its list of names is read",
    (
        "specnet/convert/weights/keras_file.py",
        "h5py.File",
    ): "a plain file of a limited size; links are refused",
    ("specnet/convert/weights/keras_bytes.py", "h5py.File"): "bytes in memory, gone through before",
    (
        "specnet/convert/models/archive.py",
        "zipfile.ZipFile",
    ): "bytes in memory, their list looked at first",
    ("specnet/convert/models/archive.py", "self._file.open"): "a member, whose size is looked at first",
}
PROCESSES = {"subprocess", "multiprocessing", "pty", "runpy", "code"}
STARTERS = {"system", "popen", "fork", "forkpty", "execv", "execve", "execvp", "posix_spawn", "spawnv"}
PROCESS_DOORS = {
    ("specnet/data/prepare/workers.py", "subprocess"): "the type of a process, for annotations",
    (
        "specnet/data/prepare/workers.py",
        "multiprocessing",
    ): "messages through a socket that this process has made",
}


OUTLETS = {
    ("specnet/cli/output.py", "sys.stdout.buffer.write"): "the content of a file, for `-o -`",
    ("backends/specnet_tensorflow/startup.py", "sys.stderr.write"): "what TensorFlow has said at its start",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """The product's modules outside of the doors themselves."""
    for folder in ("specnet", "backends"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(("specnet/storage/", "specnet/testing/")):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Every call: its whole text, what it is a method of, and its last name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield ast.unparse(function), ast.unparse(function.value), function.attr
            elif isinstance(function, ast.Name):
                yield function.id, "", function.id


def test_files_are_opened_by_the_doors() -> None:
    used: set[tuple[str, str]] = set()
    for module, tree in modules():
        for text, holder, name in calls(tree):
            if name in FILES and holder not in HOLDERS and (holder or name in ("open", "safe_open")):
                assert (module, text) in DOORS, f"{module} calls {text}: use specnet.storage"
                used.add((module, text))
    assert used == set(DOORS), "a door that nobody uses any more"


@pytest.mark.slow
def test_processes_are_started_by_the_doors() -> None:
    used: set[tuple[str, str]] = set()
    for module, tree in modules():
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in {n.split(".")[0] for n in names} & PROCESSES:
                assert (module, name) in PROCESS_DOORS, f"{module} imports {name}: use specnet.storage"
                used.add((module, name))
        for text, holder, name in calls(tree):
            assert not (holder == "os" and name in STARTERS), f"{module} calls {text}"
    assert used == set(PROCESS_DOORS), "a door that nobody uses any more"


@pytest.mark.slow
def test_what_is_printed_goes_through_one_function() -> None:
    used: set[tuple[str, str]] = set()
    for module, tree in modules():
        for text, _, _ in calls(tree):
            if text == "print" or re.fullmatch(r"sys\.std(out|err)(\.buffer)?\.write(lines)?", text):
                assert (module, text) in OUTLETS, f"{module} calls {text}: use say"
                used.add((module, text))
    assert used == set(OUTLETS), "an outlet that nobody uses any more"
