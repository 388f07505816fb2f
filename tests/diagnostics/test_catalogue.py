"""Every code has a page, and every page's examples are what they claim to be."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from onnx.parser import parse_model

from specnet import plugins
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics import catalogue, rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.network import memory, network
from specnet.syntax import document

SOURCE = Path(__file__).parents[2] / "specnet"
CODE = re.compile(r"\bSN\d{3}\b")


def findings(text: str, info: str, code: str) -> list[Diagnostic]:
    """All findings about an example."""
    if "escaped" in info:
        text = text.replace("\\x07", "\x07")
    if "shortened" in info:
        groups = ", ".join(f"g{i}" for i in range(250))
        text = text.replace("g0, g1, ..., g249", groups)
        crossing = "filters: 250, kernel: 1, cross_group: true"
        more = "".join(
            f"  c{i}: {{kind: conv, from: {f'c{i - 1}' if i else 'conv1'}, {crossing}}}\n" for i in range(20)
        )
        text = (
            text.replace("filters: 8", "filters: 250").replace("  fc2", more + "  fc2")
            if "g249" in text
            else text
        )
    try:
        examination = network.examine(document.parse(text, "example.yaml"))
        made, found = examination.network, list(examination.diagnostics)
    except SpecError as error:
        return error.diagnostics
    if code == "SN510" and made is not None:
        found = found + memory.memory_findings(made, memory.amount("1MiB"))
    return found


def specs() -> list[str]:
    return [code for code in catalogue.codes() if not {"mapping", "command", "onnx"} & words(code)]


def words(code: str) -> set[str]:
    """What is said about the examples of a code's page."""
    return set(catalogue.page(code).info.split())


@pytest.fixture
def broken_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind `their_kind` whose package cannot be imported."""
    real: Callable[[str], dict[str, Any]] = plugins.registered.__wrapped__
    broken = EntryPoint("their_kind", "no_such_package:Kind", "specnet.layers")

    def registered(group: str) -> dict[str, Any]:
        return {**real(group), "their_kind": [broken]} if group == "specnet.layers" else real(group)

    monkeypatch.setattr(plugins, "registered", registered)


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {rule.code for rule in rules.RULES} == set(catalogue.codes())
    assert {rule.family for rule in rules.RULES} == set(rules.FAMILIES)
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)
    assert list(rules.RULES) == sorted(rules.RULES, key=lambda rule: rule.code)


def test_a_code_stands_nowhere_but_in_its_rule() -> None:
    """So whatever can be reported is a rule, and has a page."""
    root = SOURCE.parent
    paths = [
        *SOURCE.rglob("*.py"),
        *(root / "backends").rglob("*.py"),
        *(root / "tests/example_plugin").rglob("*.py"),
    ]
    outside = [path for path in paths if SOURCE / "diagnostics" not in path.parents]
    assert [str(path) for path in outside if CODE.search(path.read_text())] == []
    assert len(CODE.findall((SOURCE / "diagnostics/rules.py").read_text())) == len(rules.RULES)


@pytest.mark.parametrize("code", catalogue.codes())
def test_pages_are_laid_out_alike(code: str) -> None:
    page = catalogue.page(code)
    assert page.code == code
    assert page.wrong != page.right


@pytest.mark.usefixtures("broken_plugin")
@pytest.mark.parametrize("code", specs())
def test_the_wrong_example_gives_the_code_and_nothing_else(code: str) -> None:
    page = catalogue.page(code)
    found = findings(page.wrong, page.info, code)
    assert {finding.code for finding in found} == {code}, [str(finding) for finding in found]
    assert all(("(warning)" in page.title) == (finding.severity == "warning") for finding in found)


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for code in catalogue.codes() if "command" in words(code)])
def test_commands_do_what_their_page_says(
    code: str, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SOURCE.parent)
    page = catalogue.page(code)
    wrong, right = (cli(*text.split()[1:]) for text in (page.wrong, page.right))
    assert (wrong.code, f"error {code}: " in wrong.err) == (2, True)
    assert (right.code, right.err) == (0, "")


@pytest.mark.parametrize("code", [code for code in catalogue.codes() if "onnx" in words(code)])
def test_models_are_refused_as_their_page_says(code: str) -> None:
    page = catalogue.page(code)
    wrong, right = (parse_model(text).SerializeToString() for text in (page.wrong, page.right))
    with pytest.raises(SpecError) as caught:
        import_bytes(wrong, "wrong.onnx")
    assert [finding.code for finding in caught.value.diagnostics] == [code]
    assert import_bytes(right, "right.onnx").network.spec.layers


@pytest.mark.parametrize("code", specs())
def test_the_right_example_is_valid(code: str) -> None:
    page = catalogue.page(code)
    assert [str(finding) for finding in findings(page.right, page.info, code)] == []
