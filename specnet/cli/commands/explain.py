"""`specnet explain`."""

from __future__ import annotations

import argparse

from specnet.diagnostics.diagnostic import Rule
from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.rules import FAMILIES, RULES, UNKNOWN_KIND
from specnet.diagnostics.suggestions import suggestion
from specnet.terminal.output import say

HELP = "explain the code of a finding, with a wrong and a right example"
EXAMPLE = f"""examples:
  specnet explain {UNKNOWN_KIND.code}
  specnet explain {UNKNOWN_KIND.name}
  specnet explain
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "code",
        nargs="*",
        metavar="CODE",
        help=f"for example {UNKNOWN_KIND.code}, or its name, {UNKNOWN_KIND.name}; without one, list them all",
    )


def run(options: argparse.Namespace) -> int:
    wanted = [_asked(text) for text in options.code]
    if wanted:
        say("\n".join(rule.page.text for rule in wanted), end="")
        return 0
    width = max(len(rule.name) for rule in RULES)
    for family, about in FAMILIES.items():
        say(f"{family}xx: {about}", style="bold")
        for rule in RULES:
            if rule.family == family:
                say(f"  {rule.code}  {rule.name:{width}}  {rule.page.title}")
    return 0


def _asked(text: str) -> Rule:
    """The rule of a code or a name."""
    words = {word: rule for rule in RULES for word in (rule.code, rule.name)}
    code = text.upper()
    rule = words.get(code) or words.get(text.lower())
    if rule is None:
        alike = [other for other in words if other.startswith(code[:3])]
        raise UsageError(f"there is no code '{code}'", suggestion(text, alike or words, noun="code"))
    return rule
