"""The C++ of the pretend GPUs, built once for a version of PyTorch and kept in the user's cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

SOURCE = Path(__file__).with_name("pretend_cuda.cpp")


def torch_folder() -> Path:
    """Where PyTorch is installed. Nothing of it is imported."""
    found = importlib.util.find_spec("torch")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def compiler() -> str | None:
    """The C++ compiler: what `CXX` names, else g++ or c++."""
    return next(filter(None, map(shutil.which, (os.environ.get("CXX", ""), "g++", "c++"))), None)


def missing() -> str | None:
    """Why there can be no pretend GPUs here; None if there can."""
    if not (torch_folder() / "lib" / "libtorch_cpu.so").exists():
        return "pretend GPUs need PyTorch for Linux"
    if (torch_folder() / "lib" / "libtorch_cuda.so").exists():
        return "pretend GPUs need the CPU build of PyTorch"
    return None if compiler() else "pretend GPUs need a C++ compiler (g++, c++, or what CXX names)"


def _cache() -> Path:
    """A folder to keep it in: the user's cache, or one for temporary files where there is no home."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "specnet"
        cache.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        cache = Path(tempfile.gettempdir()) / f"specnet-{os.getuid()}"
        cache.mkdir(mode=0o700, exist_ok=True)
    return cache


def built() -> Path:
    """The library, compiled if this source was not compiled for this PyTorch before."""
    made_of = f"{metadata.version('torch')} {compiler()} ".encode() + SOURCE.read_bytes()
    library = _cache() / f"pretend-{hashlib.sha256(made_of).hexdigest()[:16]}.so"
    if not library.exists():
        torch, half = torch_folder(), library.with_suffix(f".{os.getpid()}")
        command = [compiler() or "g++", "-std=c++20", "-O1", "-w", "-fPIC", "-shared", SOURCE, "-o", half]
        command += [f"-I{torch}/include", f"-L{torch}/lib", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{torch}/lib"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the pretend GPUs cannot be compiled:\n{done.stderr[-3000:]}")
        half.rename(library)
    return library
