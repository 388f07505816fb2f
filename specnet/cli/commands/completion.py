"""`specnet completion`: shtab writes the script, which then completes without Python."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from specnet.diagnostics.errors import PluginError
from specnet.terminal.output import say

HELP = "write a script that completes commands, options and their values in bash, zsh or fish"
EXAMPLE = """examples:
  eval "$(specnet completion bash)"                      in ~/.bashrc
  eval "$(specnet completion zsh)"                       in ~/.zshrc, after compinit
  specnet completion fish > ~/.config/fish/completions/specnet.fish

It needs the package shtab: pip install 'specnet[completion]'
"""

SPECS = {"spec", "specs", "diff", "base", "ours", "theirs"}
FILES = {"FILE", "MAP", "IMAGE", "SRC"}
FOLDERS = {"RUN", "DIR", "DST"}
"""What arguments are called that name specs, and what others are called in the help that name paths."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    from specnet.cli.main import build_parser

    try:
        import shtab
    except ModuleNotFoundError as error:
        message = "completion scripts need the package shtab, which is not installed"
        raise PluginError(message, "pip install 'specnet[completion]'") from error
    say(shtab.complete(build_parser(_Completed), options.shell))
    return 0


class _Completed(argparse.ArgumentParser):
    """A parser that tells shtab what its values may be."""

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        action = super().add_argument(*names, **settings)
        if action.choices is None and action.nargs != 0:
            _complete(action)
        return action


def _complete(action: argparse.Action) -> None:
    from shtab import DIRECTORY, FILE, glob

    called = action.metavar or ""
    if action.dest in SPECS:
        how: Any = glob("*.yaml", "*.yml")  # and folders: a run's stands for its spec
    elif called in FILES:
        how = FILE
    elif called in FOLDERS:
        how = DIRECTORY
    else:
        if words := WORDS.get((action.dest, called)):
            action.choices = [word for word in words() if word.isidentifier()]  # a shell reads them
        return
    setattr(action, "complete", how)  # noqa: B010  (shtab's attribute, which argparse does not declare)


def _codes() -> Iterable[str]:
    from specnet.diagnostics.rules import RULES

    return dict.fromkeys(rule.code for rule in RULES)


def _starters() -> Iterable[str]:
    from specnet.spec.starter import shipped

    return shipped()


def _plugins(group: str) -> Callable[[], Iterable[str]]:
    def names() -> Iterable[str]:
        from specnet import plugins

        return plugins.names(group)

    return names


def _formats() -> Iterable[str]:
    from specnet.drawing.draw import FORMATS

    return FORMATS


WORDS: dict[tuple[str, object], Callable[[], Iterable[str]]] = {
    ("code", "CODE"): _codes,
    ("source", "NAME"): _starters,
    ("backend", "NAME"): _plugins("specnet.backends"),
    ("data", "KIND[:PATH]"): _plugins("specnet.datasets"),
    ("format", "FORMAT"): _formats,
}
"""The words that a value may be, by what it is called in the code and in the help."""
