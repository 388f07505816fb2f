"""`REVISION:PATH` of a repository that somebody else has set up: nothing that it names is run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import UsageError
from specnet.storage import git

Cli = Callable[..., Any]
WHO = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def run(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@e", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **WHO}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, specs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run(folder, "init", "--quiet")
    (folder / "a.yaml").write_bytes((specs / "lenet5.yaml").read_bytes())
    run(folder, "add", "a.yaml")
    run(folder, "commit", "--quiet", "--message", "a")
    monkeypatch.chdir(folder)
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    return folder


def without_the_file(repository: Path) -> None:
    """The object of a.yaml is missing, as in a partial clone; git would fetch it when asked."""
    name = run(repository, "rev-parse", "HEAD:a.yaml")
    (repository / ".git" / "objects" / name[:2] / name[2:]).unlink()
    run(repository, "config", "core.repositoryFormatVersion", "1")
    run(repository, "config", "extensions.partialClone", "origin")
    run(repository, "config", "remote.origin.promisor", "true")


def test_a_file_is_read_as_the_revision_has_it(repository: Path, specs: Path, cli: Cli) -> None:
    (repository / "a.yaml").write_text("changed")
    for name in ("HEAD:a.yaml", "HEAD:./a.yaml", ":a.yaml"):
        assert git.read(name, 10**6) == (specs / "lenet5.yaml").read_bytes()
    assert cli("validate", "HEAD:a.yaml").code == 0
    with pytest.raises(UsageError, match="larger than 10 bytes"):
        git.read("HEAD:a.yaml", 10)


@pytest.mark.parametrize("lazy", ["1", "0"])
@pytest.mark.parametrize(
    "settings",
    [
        {"remote.origin.url": "ext::touch {ran}", "protocol.ext.allow": "always"},
        {"remote.origin.url": "ssh://host/x", "core.sshCommand": "touch {ran}; false"},
        {"remote.origin.url": "git://host/x", "core.gitProxy": "{script}"},
        {"remote.origin.url": ".", "remote.origin.uploadpack": "touch {ran}; false"},
        {"remote.origin.url": "x", "remote.origin.vcs": "ext", "protocol.ext.allow": "always"},
    ],
    ids=["ext", "ssh", "proxy", "uploadpack", "vcs"],
)
def test_a_missing_object_is_not_fetched(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], lazy: str
) -> None:
    """With GIT_NO_LAZY_FETCH, and by the protocols alone, as versions of git do that do not know it."""
    ran, script = tmp_path / "ran", tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {ran}\nfalse\n")
    script.chmod(0o755)
    without_the_file(repository)
    for name, value in settings.items():
        run(repository, "config", name, value.format(ran=ran, script=script))
    monkeypatch.setitem(git.SURROUNDINGS, "GIT_NO_LAZY_FETCH", lazy)
    with pytest.raises(UsageError, match=r"cannot read HEAD:a\.yaml"):
        git.read("HEAD:a.yaml", 10**6)
    assert not ran.exists()


def test_without_the_guard_such_a_command_does_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above could not fail if git had fetched nothing in the first place."""
    ran = tmp_path / "ran"
    without_the_file(repository)
    run(repository, "config", "remote.origin.url", f"ext::touch {ran}")
    run(repository, "config", "protocol.ext.allow", "always")
    monkeypatch.setattr(git, "SAFELY", ())
    monkeypatch.setattr(git, "SURROUNDINGS", {})
    with pytest.raises(UsageError):
        git.read("HEAD:a.yaml", 10**6)
    assert ran.exists()


def test_a_file_system_monitor_is_not_asked(repository: Path, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    script.chmod(0o755)
    run(repository, "config", "core.fsmonitor", str(script))
    git.read(":a.yaml", 10**6)
    assert not (tmp_path / "ran").exists()


def test_a_bare_repository_inside_another_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone brings it along, and its configuration would be obeyed by whoever works in that folder."""
    run(tmp_path, "clone", "--quiet", "--bare", str(repository), str(repository / "inner"))
    monkeypatch.chdir(repository / "inner")
    with pytest.raises(UsageError, match="bare repository"):
        git.read("HEAD:a.yaml", 10**6)


@pytest.mark.parametrize("name", ["--batch:a", "-p:a", "HEAD", "HEAD:a\0b", "HEAD:nowhere", "nobody:a.yaml"])
def test_what_is_no_file_of_a_revision_is_one_error(repository: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        git.read(name, 10**6)


def test_a_folder_is_told_from_a_file(repository: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        git.read("HEAD:", 10**6)


def tree(entry: bytes, count: int) -> bytes:
    """A folder of git's, not one of whose entries exists, as the object that lies on the disk."""
    body = entry * count
    return b"tree %d\0" % len(body) + body


def put_object(repository: Path, content: bytes) -> str:
    """An object as git stores it; returns its name."""
    name = hashlib.sha1(content).hexdigest()
    path = repository / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(content, 1))
    return name


@pytest.mark.skipif(sys.platform != "linux", reason="others count another part of it")
def test_a_folder_that_git_cannot_hold_is_refused(repository: Path) -> None:
    """The bound has to be above what git needs at all."""
    entry = b"100644 " + b"a" * 4000 + b"\0" + bytes(20)
    name = put_object(repository, tree(entry, 150_000))
    with pytest.raises(UsageError, match="ut of memory"):
        git.read(f"{name}:b", 10**6)
    small = put_object(repository, tree(entry, 10))
    with pytest.raises(UsageError, match="does not exist"):
        git.read(f"{small}:b", 10**6)


def test_git_is_not_waited_for_without_end(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "SECONDS", 0.3)
    (repository / ".git" / "config").unlink()
    os.mkfifo(repository / ".git" / "config")
    with pytest.raises(UsageError, match="git has not answered"):
        git.read("HEAD:a.yaml", 10**6)


def test_git_is_not_waited_for_without_end_while_it_gives_the_content(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git that says what the file is, and then no more."""
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.write_text(
        '#!/bin/sh\ncase "$*" in *-t*) echo blob;; *-s*) echo 4;; *) echo -n a; exec sleep 20;; esac\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "SECONDS", 0.5)
    with pytest.raises(UsageError, match="git has not answered"):
        git.read("HEAD:a.yaml", 10**6)
