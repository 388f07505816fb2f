"""Repositories of strangers: a program that leaves a trace is named wherever git takes one."""

from __future__ import annotations

import os
import random
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hostile import forms
from hostile.attack import Attack, Make
from support.training_runs import TINY


def git(folder: Path, *arguments: str, check: bool = True) -> None:
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]}
    options = ("-c", "user.name=n", "-c", "user.email=e@e", "-c", "core.fsmonitor=false")
    subprocess.run(["git", *options, *arguments], cwd=folder, env=who, check=check, capture_output=True)


def _payload(here: Path) -> str:
    """A program that leaves a trace, where nothing may be made."""
    script = here / "payload"
    script.write_text(f"#!/bin/sh\ntouch '{here.parent}/people/RAN'\nexit 1\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def repository(here: Path, _: random.Random | None = None) -> str:
    payload = _payload(here)
    git(here, "init", "--quiet")
    (here / "a.yaml").write_text(TINY)
    git(here, "add", "a.yaml")
    git(here, "commit", "--quiet", "--message", "a")
    return payload


CONFIGURED = {
    "core.fsmonitor": "{}",
    "core.sshCommand": "{}",
    "core.pager": "{}",
    "core.editor": "{}",
    "core.hooksPath": "hooks",
    "core.askPass": "{}",
    "core.gitProxy": "{}",
    "core.alternateRefsCommand": "{}",
    "diff.external": "{}",
    "diff.x.textconv": "{}",
    "filter.x.smudge": "{}",
    "filter.x.process": "{}",
    "alias.cat-file": "!{}",
    "credential.helper": "!{}",
    "gpg.program": "{}",
    "uploadpack.packObjectsHook": "{}",
    "interactive.diffFilter": "{}",
    "pager.cat-file": "{}",
    "sequence.editor": "{}",
    "core.attributesFile": "{}",
}
REMOTES = {
    "ssh": "ssh://x/y",
    "ext": "ext::{} x",
    "file": "file:///{}",
    "path": "{}",
    "fd": "fd::3",
    "http": "http://127.0.0.1:9/x",
    "git": "git://127.0.0.1:9/x",
    "short": "x:y",
    "option": "--upload-pack={}",
    "ssh option": "ssh://-oProxyCommand={}/y",
}


def configured(key: str, value: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        payload = repository(here)
        (here / ".gitattributes").write_text("*.yaml diff=x filter=x\n")
        (here / "hooks").mkdir()
        for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction"):
            (here / "hooks" / hook).symlink_to(payload)
        git(here, "config", key, value.format(payload))

    return make


def promisor(remote: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        payload = repository(here)
        for key, value in {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.url": remote.format(payload),
            "core.sshCommand": payload,
            "protocol.ext.allow": "always",
            "protocol.allow": "always",
            "remote.origin.uploadpack": payload,
            "remote.origin.vcs": "x",
        }.items():
            if key != "remote.origin.vcs" or "option" in remote:
                git(here, "config", key, value)
        for folder in (here / ".git" / "objects").iterdir():
            if len(folder.name) == 2:
                for found in folder.iterdir():
                    if (
                        subprocess.run(
                            ["git", "cat-file", "-t", folder.name + found.name],
                            check=True,
                            cwd=here,
                            capture_output=True,
                        ).stdout
                        == b"blob\n"
                    ):
                        found.unlink()

    return make


def attacks() -> Iterator[Attack]:
    read = ("validate", "HEAD:a.yaml")

    for key, value in CONFIGURED.items():
        yield Attack(f"git/config/{key}", read, configured(key, value), (0,))
        yield Attack(f"git/index/{key}", ("validate", ":a.yaml"), configured(key, value), (0,))

    for name, url in REMOTES.items():
        yield Attack(f"git/missing object/{name}", read, promisor(url), (2,))

    def bare(here: Path, _: random.Random) -> None:
        payload = repository(here)
        git(here, "init", "--quiet", "--bare", "inner")
        git(here, "push", "--quiet", "inner", "HEAD:refs/heads/main", check=False)
        git(here / "inner", "symbolic-ref", "HEAD", "refs/heads/main")
        git(here / "inner", "config", "core.fsmonitor", payload)
        git(here / "inner", "config", "core.sshCommand", payload)
        git(here / "inner", "config", "core.bare", "false")
        git(here / "inner", "config", "core.worktree", str(here))
        git(here / "inner", "config", "core.bare", "true")

    yield Attack(
        "git/bare inside",
        (),
        bare,
        (2,),
        python=(
            "-c",
            "import os, sys; os.chdir('inner'); "
            "os.execv(sys.executable, [sys.executable, '-m', 'specnet', 'validate', 'HEAD:a.yaml'])",
        ),
    )

    def large(here: Path, _: random.Random) -> None:
        repository(here)
        with (here / "a.yaml").open("wb") as file:
            file.truncate(3 * 10**8)
        git(here, "-c", "core.bigFileThreshold=1m", "-c", "core.compression=1", "add", "a.yaml")
        git(here, "commit", "--quiet", "--message", "large")
        (here / "a.yaml").unlink()

    yield Attack("git/large blob", read, large, (2,), ("a.yaml",))

    def linked(here: Path, _: random.Random) -> None:
        repository(here)
        (here / "a.yaml").unlink()
        (here / "a.yaml").symlink_to("/dev/zero")
        git(here, "add", "a.yaml")
        git(here, "commit", "--quiet", "--message", "link")

    yield Attack("git/link", read, linked, (1, 2))

    def simple(here: Path, _: random.Random) -> None:
        repository(here)

    for name, revision in {
        "option": "--output=x:a.yaml",
        "upload": "--upload-pack=./payload:a",
        "escape": "HEAD:\x1b[2J",
        "no file": "HEAD:b",
        "surrogate": "HEAD:\udcff",
        "folder": "HEAD:",
        "commit": "HEAD^{commit}:",
        "newline": "HEAD\n:a.yaml",
        "long": "HEAD" + "~" * 100_000 + ":a.yaml",
        "at": "@{-1}:a.yaml",
        "search": ":/a:a.yaml",
        "regex": "HEAD^{/((((a+)+)+)+$}:a",
        "reflog": "HEAD@{999999999999999999999}:a.yaml",
        "date": "HEAD@{" + "9" * 5000 + "}:a",
        "stage": ":9:a.yaml",
        "colons": ":::",
    }.items():
        yield Attack(f"git/name/{name}", ("validate", revision), simple, (1, 2))

    def broken(part: str, form: str) -> Make:
        def make(here: Path, _: random.Random) -> None:
            repository(here)
            forms.put(here / ".git" / part, form)

        return make

    for part in ("HEAD", "config", "index", "objects", "packed-refs"):
        for form in (
            "pipe",
            "zeros",
            "link to zeros",
            "link to itself",
            "junk",
            "nested",
            "one line",
            "folder",
        ):
            yield Attack(f"git/{part}/{form}", read, broken(part, form), (0, 2))
