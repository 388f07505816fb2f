"""`specnet plugins`."""

from __future__ import annotations

import argparse

from specnet.cli.options import add_json
from specnet.cli.output import ignore_broken_pipe, print_json
from specnet.terminal.output import say

HELP = "list the kinds of every part of a spec, the datasets and the backends that are installed"
EXAMPLE = """example:
  specnet plugins
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="import every one of them; exit with 1 if one fails"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet import plugins
    from specnet.diagnostics.errors import PluginError
    from specnet.text import columns

    rows: list[tuple[str, str, str, str]] = []
    for group in plugins.groups():
        for name, claims in plugins.registered(group).items():
            packages = ", ".join(plugins.package(claim) for claim in claims)
            shared = group.startswith(plugins.KINDS)
            state = "claimed twice" if len(claims) > 1 and not shared else ""
            if options.check:
                try:
                    plugins.load(group, name)
                    state = "ok"
                except PluginError as error:
                    state = error.message
            rows.append((group, name, packages, state))
    if options.json:
        listed = [{"group": g, "name": n, "package": p, "state": s} for g, n, p, s in rows]
        print_json({"schema_version": 1, "plugins": listed})
    else:
        with ignore_broken_pipe():
            say(columns(("group", "name", "package", "state"), [rows]))
    return 1 if any(state not in ("", "ok") for *_, state in rows) else 0
