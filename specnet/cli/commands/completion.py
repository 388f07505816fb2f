"""`specnet completion`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from specnet.terminal.output import say

HELP = "write a script that completes commands and options in bash, zsh or fish"
EXAMPLE = """examples:
  eval "$(specnet completion bash)"                      in ~/.bashrc
  eval "$(specnet completion zsh)"                       in ~/.zshrc, after compinit
  specnet completion fish > ~/.config/fish/completions/specnet.fish
"""

# A file is offered wherever no option is being typed, and after an option that takes a value.
BASH = """\
_specnet() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    elif [[ $word == -* ]]; then
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    else
        case ${{COMP_WORDS[1]}} in
{values}
        esac
    fi
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}}
complete -o filenames -F _specnet specnet
"""
ZSH = """\
#compdef specnet
_specnet() {{
    local -a line=($words) words=()
    if (( CURRENT == 2 )); then
        words=({described})
        _describe command words
        return
    fi
    if [[ $PREFIX == -* ]]; then
        case $line[2] in
{cases}
        esac
        compadd -- $words
    else
        case $line[2] in
{values}
        esac
        if (( $#words )); then compadd -- $words; else _files; fi
    fi
}}
compdef _specnet specnet
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    say({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](_commands()), end="")
    return 0


class _Command:
    """A command's words: its help, its options with their help, and its positional choices."""

    def __init__(self, text: str, parser: argparse.ArgumentParser) -> None:
        self.help = text
        self.options: dict[str, str] = {}
        self.choices: list[str] = []
        for action in parser._actions:  # argparse has no public way to list them
            for option in action.option_strings:
                self.options[option] = (action.help or "").replace("%%", "%")
            if not action.option_strings and action.choices:
                self.choices += [str(choice) for choice in action.choices]
        if parser.prog.endswith(" explain"):
            from specnet.diagnostics.rules import RULES

            self.choices += dict.fromkeys(rule.code for rule in RULES)


def _commands() -> dict[str, _Command]:
    from specnet.cli.main import COMMANDS, build_parser

    (sub,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    helps = {choice.dest: choice.help or "" for choice in sub._choices_actions}
    return {name: _Command(helps[name], sub.choices[name]) for name in COMMANDS}


def _cases(commands: dict[str, _Command], form: str) -> tuple[str, str]:
    options = [form.format(name, " ".join(c.options)) for name, c in commands.items()]
    values = [form.format(name, " ".join(c.choices)) for name, c in commands.items() if c.choices]
    return "\n".join(options), "\n".join(values)


def _bash(commands: dict[str, _Command]) -> str:
    cases, values = _cases(commands, '            {}) words="{}" ;;')
    return BASH.format(commands=" ".join(commands), cases=cases, values=values)


def _zsh(commands: dict[str, _Command]) -> str:
    cases, values = _cases(commands, "            {}) words=({}) ;;")
    described = " ".join(_quoted(f"{name}:{c.help.replace(':', ' -')}") for name, c in commands.items())
    return ZSH.format(described=described, cases=cases, values=values)


def _fish(commands: dict[str, _Command]) -> str:
    return "\n".join([*_fish_lines(commands), ""])


def _fish_lines(commands: dict[str, _Command]) -> Iterator[str]:
    for name, command in commands.items():
        yield f"complete -c specnet -n __fish_use_subcommand -f -a {name} -d {_quoted(command.help)}"
    for name, command in commands.items():
        seen = f"-n '__fish_seen_subcommand_from {name}'"
        if command.choices:
            yield f"complete -c specnet {seen} -f -a {_quoted(' '.join(command.choices))}"
        for option, text in command.options.items():
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            yield f"complete -c specnet {seen} {flag} -d {_quoted(text)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "'\\''") + "'"
