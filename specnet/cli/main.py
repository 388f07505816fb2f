"""The command line. One file for each command, with `HELP`, `EXAMPLE`, `add_arguments` and `run`.

Exit codes: 0 ok; 1 findings; 2 usage, input or output; 130 and 143 after SIGINT and SIGTERM; 141 where the
reader of the output went before the command had come to an answer.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

ARRAYS = ("numpy", "safetensors")
"""Packages that whatever computes needs; `validate`, `table`, `diff` and `graph` do without."""

BRIEF = ("validate", "explain", "schema", "expand", "table", "diff", "merge", "graph", "plugins")
"""Commands that read a few specs, answer and end."""

OPTION = re.compile(r"(?:^  |, )(--?\w[\w-]*)", re.MULTILINE)
"""An option where a command's help declares it."""

COMMANDS = (
    "validate",
    "explain",
    "init",
    "schema",
    "expand",
    "table",
    "diff",
    "merge",
    "graph",
    "compile",
    "prepare",
    "train",
    "evaluate",
    "predict",
    "runs",
    "curves",
    "weights",
    "import",
    "export",
    "plugins",
    "doctor",
    "completion",
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Never lets a traceback out unless SPECNET_DEBUG is set."""
    from specnet.cli.output import complain, flush, report
    from specnet.diagnostics.errors import SpecError, SpecnetError, UsageError

    if sys.stderr is None:  # what is printed to None goes to standard output, among the answers
        sys.stderr = io.StringIO()
    try:
        options = _parsed(arguments)
        code: int = options.run(options)
        flush()
        return code
    except BrokenPipeError:
        flush()
        return 141
    except KeyboardInterrupt:
        return 130
    except SpecnetError as error:
        if os.environ.get("SPECNET_DEBUG"):
            raise
        if isinstance(error, SpecError):
            report(error.diagnostics)
        else:
            complain(
                getattr(error, "message", str(error)), error.hint if isinstance(error, UsageError) else None
            )
        return error.exit_code
    except Exception as error:
        if os.environ.get("SPECNET_DEBUG"):
            raise
        if isinstance(error, OSError) and error.strerror:
            with suppress(OSError):
                flush()  # or Python would try again at exit, and complain once more
            place = f": {str(error.filename)[:200]}" if error.filename else ""
            complain(f"{error.strerror}{place}", None)
        elif isinstance(error, ModuleNotFoundError) and error.name in ARRAYS:
            complain(
                f"this needs the package {error.name}, which is not installed", "pip install 'specnet[torch]'"
            )
        elif isinstance(error, MemoryError):
            detail = f": {error}" if str(error) else ""
            hint = "--micro-batch N of train, or a smaller network needs less; what was saved stays"
            complain(f"there is not enough memory{detail}", hint)
        else:
            complain(f"internal error: {type(error).__name__}: {error}", "SPECNET_DEBUG=1 shows where")
        return 2


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command. What is mistyped is named with what is near."""
    from specnet.cli.output import flush
    from specnet.diagnostics.errors import UsageError
    from specnet.diagnostics.suggestions import suggestion
    from specnet.text import printable

    named = [name for name in arguments[:1] if not name.startswith("-")]
    for name in named:
        if name not in COMMANDS:
            raise UsageError(f"there is no command '{name}'", suggestion(name, COMMANDS, noun="command"))
    try:
        options, rest = build_parser(commands=named or COMMANDS).parse_known_args(arguments)
    except SystemExit:  # after --help and --version
        flush()
        raise
    if rest:
        parser: argparse.ArgumentParser = options.parser
        known = OPTION.findall(parser.format_help())
        hint = f"; {suggestion(rest[0], known, noun='option')}" if rest[0].startswith("-") else ""
        parser.error(f"unrecognized arguments: {printable(' '.join(rest))}{hint}")
    return options


class Parser(argparse.ArgumentParser):
    """A parser whose values are not empty."""

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        action = super().add_argument(*names, **settings)
        if action.type is None and action.nargs != 0:
            action.type = _filled
        return action


def _filled(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; give it a value, or leave it out")
    return text


def build_parser(
    kind: type[argparse.ArgumentParser] = Parser, commands: Sequence[str] = COMMANDS
) -> argparse.ArgumentParser:
    """The parser of some commands, which are of one kind with it. No other command is imported."""
    from specnet import __version__

    parser = kind(
        prog="specnet",
        description="One YAML file declares a network, where its parts live and how it is trained.",
        epilog="`specnet COMMAND --help` shows a command's options and an example.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"specnet {__version__}")
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands:
        command = importlib.import_module(f"specnet.cli.commands.{name}")
        sub = parsers.add_parser(
            name,
            help=command.HELP,
            description=command.HELP[0].upper() + command.HELP[1:] + ".",
            epilog=command.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run, parser=sub)
    return parser
