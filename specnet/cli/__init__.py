"""The command line. One file for each command, with `HELP`, `EXAMPLE`, `add_arguments` and `run`.

Exit codes: 0 ok; 1 findings; 2 usage, input or output; 130 and 143 after SIGINT and SIGTERM.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS = (
    "validate",
    "explain",
    "init",
    "schema",
    "table",
    "diff",
    "graph",
    "compile",
    "prepare",
    "train",
    "evaluate",
    "predict",
    "runs",
    "curves",
    "weights",
    "plugins",
    "doctor",
    "completion",
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Never lets a traceback out unless SPECNET_DEBUG is set."""
    from specnet.errors import SpecError, SpecnetError, UsageError

    try:
        options = build_parser().parse_args(arguments)
        code: int = options.run(options)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has gone; Python's own flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except SpecnetError as error:
        if os.environ.get("SPECNET_DEBUG"):
            raise
        from specnet.cli.common import complain, report

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
        from specnet.cli.common import complain

        if isinstance(error, OSError) and error.strerror:
            place = f": {str(error.filename)[:200]}" if error.filename else ""
            complain(f"{error.strerror}{place}", None)
        elif isinstance(error, MemoryError):
            complain("there is not enough memory", "a smaller batch_size or network needs less")
        else:
            complain(f"internal error: {type(error).__name__}: {error}", "SPECNET_DEBUG=1 shows where")
        return 2


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    from specnet import __version__

    parser = argparse.ArgumentParser(
        prog="specnet",
        description="One YAML file declares a network, where its parts live and how it is trained.",
        epilog="`specnet COMMAND --help` shows a command's options and an example.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"specnet {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        command = importlib.import_module(f"specnet.cli.{name}")
        sub = commands.add_parser(
            name,
            help=command.HELP,
            description=command.HELP[0].upper() + command.HELP[1:] + ".",
            epilog=command.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser
