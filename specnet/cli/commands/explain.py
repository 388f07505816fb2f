"""`specnet explain`."""

from __future__ import annotations

import argparse

from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import suggestion
from specnet.terminal.output import say

HELP = "explain the code of a finding, with a wrong and a right example"
EXAMPLE = """examples:
  specnet explain SN204
  specnet explain
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "code", nargs="*", metavar="CODE", help="for example SN204; without one, list them all"
    )


def run(options: argparse.Namespace) -> int:
    from specnet.diagnostics.catalogue import FAMILIES, codes, page

    known = codes()
    wanted = [code.upper() for code in options.code]
    for code in wanted:
        if code not in known:
            alike = [other for other in known if other.startswith(code[:3])]
            raise UsageError(f"there is no code '{code}'", suggestion(code, alike or known, noun="code"))
    if wanted:
        say("\n".join(page(code).text for code in wanted), end="")
        return 0
    for family, about in FAMILIES.items():
        say(f"{family}xx: {about}", style="bold")
        for code in known:
            if code.startswith(family):
                say(f"  {code}  {page(code).title}")
    return 0
