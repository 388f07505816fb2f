"""Messages in the words of a caller from Python: arguments where the command line has flags.

Messages are written once, with the flags of the command line: `name another --run-dir`, `add --resume`. What
a function marked `public` raises is said again with its own parameters, `run_dir=` and `resume=True`; its
signature is the one list of them. A flag that belongs to another public function is said to be its.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

if TYPE_CHECKING:
    from specnet.terminal.progress import Progress

P = ParamSpec("P")
R = TypeVar("R")

_COMMAND = re.compile(
    r"(?P<tick>`)?\b(?P<program>specnet|pip) (?P<command>[a-z]+)"
    r"(?P<rest>(?(tick)[^`]*|(?: (?:carry|export|import|list|install))?"
    r"(?: (?:--[a-z-]+|[^\s`,;()]*[A-Z0-9./:=|][^\s`,;()]*))*))"
)
"""A command: all of what stands in backticks, else the words that can only be its own."""
_SET = re.compile(r"(?<![\w'/-])--set (?:'(?P<quoted>[^']+)'|(?P<plain>[^\s`;()]*[^\s`;(),.:]))")
_FLAG = re.compile(
    r"(?<![\w'/-])--(?P<flag>[a-z][a-z0-9-]*)"
    r"(?:[ =](?P<value>(?!-)[^\s`;()]*[^\s`;(),.:]))?(?P<next> (?=--[a-z]))?"
)
_VALUE = re.compile(r"[A-Z0-9:=/|,.\[\]]|cpu$")
"""What is in a value and in no word of a sentence."""


class _Function(NamedTuple):
    """A function that is called from Python, and its parameters that are not called as the flag is."""

    call: Callable[..., Any]
    renamed: dict[str, str]

    @property
    def name(self) -> str:
        """As it is imported: `specnet.train`."""
        return f"specnet.{self.call.__qualname__}"

    def parameter(self, flag: str) -> Any:
        """The parameter that a flag stands for; None for a flag of another function."""
        import inspect

        name = self.renamed.get(flag, flag.replace("-", "_"))
        return inspect.signature(self.call).parameters.get(name)


_functions: dict[str, _Function] = {}
"""All of them by their names."""


def public(**renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function whose errors are to speak of its arguments.

    A flag and its parameter have one name, `--run-dir` and `run_dir`, unless `renamed` gives another.
    """

    def marked(call: Callable[P, R]) -> Callable[P, R]:
        function = _Function(call, renamed)
        _functions[function.name] = function

        @functools.wraps(call)
        def speaking(*arguments: P.args, **options: P.kwargs) -> R:
            try:
                return call(*arguments, **options)
            except Exception as error:
                reword(error, function.name)
                raise

        return speaking

    return marked


def progress_of(function: str) -> Progress:
    """What shows how far a public function is, in its own words."""
    from specnet.terminal.progress import Progress

    return Progress(words=functools.partial(in_words_of, function))


def reword(error: BaseException | None, function: str) -> None:
    """Let an error, and those that it came from, speak of the arguments of the function of that name."""
    from specnet.diagnostics.errors import SpecnetError

    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, SpecnetError):
            error.reword(lambda text: in_words_of(function, text))
        error = error.__cause__ or error.__context__


def in_words_of(function: str, text: str) -> str:
    """A message with the arguments of a public function, `specnet.train` say, in place of flags.

    Commands that have no function in Python stay as they are, and so do flags that no function knows.
    """
    if "--" not in text and "specnet " not in text:
        return text
    parts: list[str] = []
    end = 0
    for command in _COMMAND.finditer(text):
        parts.append(_without_flags(function, text[end : command.start()]))
        parts.append(_call(command))
        end = command.end()
    return "".join([*parts, _without_flags(function, text[end:])])


def _call(command: re.Match[str]) -> str:
    """A command as a call, if there is a function for it: `specnet.train(..., resume=True)`."""
    name = f"specnet.{command['command']}"
    if command["program"] != "specnet" or name not in _functions:
        return command[0]
    _, dashes, flags = command["rest"].partition(" --")
    options = f"(..., {_without_flags(name, dashes[1:] + flags)})" if dashes else command["rest"]
    return f"{command['tick'] or ''}{name}{options}"


def _without_flags(function: str, text: str) -> str:
    if "--" not in text:
        return text
    text = _SET.sub(lambda match: f"{match['quoted'] or match['plain']} in the spec", text)
    return _FLAG.sub(lambda match: _argument(function, match), text)


def _argument(function: str, match: re.Match[str]) -> str:
    """One flag, with the value after it if there is one, as an argument."""
    flag, word = match["flag"], match["value"]
    for name in (function, *_functions):
        parameter = _functions[name].parameter(flag) if name in _functions else None
        if parameter is not None:
            break
    else:
        return match[0]
    takes_value = not isinstance(parameter.default, bool)
    value = word if word and takes_value and _is_value(word) else ""
    said = f"{parameter.name}={_written(value, str(parameter.annotation)) if takes_value else True}"
    rest = f" {word}" if word and not value else ""
    owner = "" if name == function or match["next"] else f" of {name}"
    return said + owner + rest + (", " if match["next"] else "")


def _is_value(word: str) -> bool:
    """Whether what follows a flag is its value, and not the next word of the sentence."""
    from specnet import plugins

    kinds = ("specnet.datasets", "specnet.backends")
    return bool(_VALUE.search(word)) or any(word in plugins.names(group) for group in kinds)


def _written(value: str, annotation: str) -> str:
    if not value or value.isdecimal() or ("str" not in annotation and value.isupper()):
        return value
    return f'"{value}"'
