"""Pictures as files: another process draws them and knows nothing of this one's folder, home and settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from specnet.diagnostics.errors import PluginError, UsageError
from specnet.plots.background import Background
from specnet.plots.draw import draw, format_of
from specnet.plots.request import Kernels, curves_of, kernels_of
from specnet.runs.history import History

pytestmark = pytest.mark.slow

STARTS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF"}


def test_every_format_is_drawn_and_is_the_same_the_next_time() -> None:
    pictures = [curves_of({"a": History()}, "a $x$", form) for form in STARTS]
    files = draw([*pictures, kernels_of({"c on g": np.ones((2, 3, 5, 5))}, "kernels")])
    for file, start in zip(files, [*STARTS.values(), STARTS["png"]], strict=True):
        assert file.startswith(start)
    assert draw(pictures) == files[:3]


@pytest.mark.parametrize(
    ("output", "form"),
    [("-", "png"), ("a", "png"), ("a.png", "png"), ("a.b/c.SVG", "svg"), ("a.pdf", "pdf"), ("a.b/c", "png")],
)
def test_the_suffix_says_the_format(output: str, form: str) -> None:
    assert format_of(output) == form


def test_a_format_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"not drawn as '\.jpg'") as raised:
        format_of("a.jpg")
    assert "ends with .png, .svg, .pdf" in str(raised.value.hint)


SETTINGS = """\
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from specnet.plots.draw import draw
from specnet.plots.request import curves_of
from specnet.runs.history import History
(file,) = draw([curves_of({"$a": History()}, "$a")])
assert file.startswith(b"\\x89PNG"), file[:20]
assert "matplotlib" not in sys.modules
sys.stdout.buffer.write(file)
"""


def test_the_folder_and_the_home_have_no_say_and_get_nothing(tmp_path: Path) -> None:
    for name in ("here", "home", "away"):
        (tmp_path / name).mkdir()
    ran = tmp_path / "ran"
    hostile = "text.usetex: True\nbackend: nonsense\nfigure.dpi: 7\nbad key \x1b[31m\n"
    (tmp_path / "here" / "matplotlibrc").write_text(hostile)
    (tmp_path / "here" / "matplotlib.py").write_text(f"open({str(ran)!r}, 'w').write('ran')\n")
    (tmp_path / "home" / ".config" / "matplotlib").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "matplotlib" / "matplotlibrc").write_text(hostile)
    path = [entry for entry in sys.path if entry]
    files: list[bytes] = []
    for folder, settings in (("here", {"MATPLOTLIBRC": "nowhere", "MPLBACKEND": "nonsense"}), ("away", {})):
        environment = {**os.environ, "HOME": str(tmp_path / "home"), **settings}
        done = subprocess.run(
            [sys.executable, "-c", SETTINGS, json.dumps(path)],
            cwd=tmp_path / folder,
            env={key: value for key, value in environment.items() if not key.startswith("XDG_")},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        files.append(done.stdout)
    assert files[0] == files[1]
    assert not ran.exists()
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert there == ["here/matplotlib.py", "here/matplotlibrc", "home/.config/matplotlib/matplotlibrc"]


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    picture = curves_of({"a": History()}, "a")
    for ask in (lambda: draw([picture]), lambda: Background().ask(1, {"a": picture})):
        with pytest.raises(PluginError, match=r"needs? the package matplotlib") as raised:
            ask()
        assert raised.value.hint == "pip install 'specnet[plots]'"


@pytest.mark.pictures
def test_what_cannot_be_drawn_raises() -> None:
    with pytest.raises(ValueError, match="max"):
        draw([Kernels([], "no block")])
    background = Background()
    background.ask(1, {"k": Kernels([], "no block")})
    with pytest.raises(ValueError, match="max"):
        background.take(60)
    assert background.take() is None
