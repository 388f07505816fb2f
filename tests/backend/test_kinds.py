"""The registry of what a backend does for each kind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from specnet import plugins
from specnet.backend.kinds import Kinds
from specnet.diagnostics.errors import PluginError, UsageError

Function = Callable[[int], int]


def doubled(x: int) -> int:
    return 2 * x


def test_a_function_is_found_under_its_kind() -> None:
    layer: Kinds[Function] = Kinds("mine", "layer")
    assert layer("double")(doubled) is doubled
    assert layer.find("double", "layer 'a.gpu0'") is doubled
    assert layer.names() == ["double"]


def test_registering_a_kind_twice_is_refused() -> None:
    layer: Kinds[Function] = Kinds("mine", "layer")
    layer("double")(doubled)
    with pytest.raises(PluginError, match="layer kind 'double' is implemented twice for the mine backend"):
        layer("double")(doubled)


def test_families_and_backends_have_kinds_of_their_own() -> None:
    layer: Kinds[Function] = Kinds("mine", "layer")
    layer("double")(doubled)
    others: list[Kinds[Function]] = [Kinds("mine", "loss"), Kinds("another", "layer")]
    for other in others:
        with pytest.raises(UsageError):
            other.find("double", "it")


def test_an_unknown_kind_is_an_error_that_says_who_needs_it_and_where_plugins_add_it() -> None:
    optimizer: Kinds[Function] = Kinds("mine", "optimizer")
    with pytest.raises(UsageError) as caught:
        optimizer.find("lion", "the update rule")
    message = "the mine backend cannot carry out the update rule: it does not know the optimizer 'lion'"
    assert caught.value.message == message
    assert "'specnet.kinds.mine'" in str(caught.value.hint)


def test_modules_of_all_packages_that_share_a_name_are_imported_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One package has a layer, another one a loss of that name; before, nothing is imported."""
    layer: Kinds[Function] = Kinds("mine", "layer")
    loss: Kinds[Function] = Kinds("mine", "loss")
    registries = {"layer": layer, "loss": loss}
    monkeypatch.setattr(sys.modules[__name__], "REGISTRIES", registries, raising=False)
    monkeypatch.setitem(sys.modules, "registries_of_the_test", sys.modules[__name__])
    monkeypatch.syspath_prepend(str(tmp_path))
    points = []
    for family in registries:
        module = f"a_package_with_a_{family}"
        text = "from registries_of_the_test import REGISTRIES\n"
        text += f"REGISTRIES['{family}']('triple')(lambda x: 3 * x)\n"
        (tmp_path / f"{module}.py").write_text(text)
        points.append(EntryPoint("triple", module, "specnet.kinds.mine"))
    monkeypatch.setattr(plugins, "registered", lambda group: {"triple": points})
    plugins.load.cache_clear()
    assert "a_package_with_a_layer" not in sys.modules
    assert layer.find("triple", "layer 'a'")(2) == 6
    assert loss.find("triple", "the loss")(2) == 6
    plugins.load.cache_clear()
