"""The JSON Schema: it takes every shipped spec, refuses what it can see, and explains every key."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from specnet import plugins
from specnet.recipe.schedules import Schedule
from specnet.spec.json_schema import json_schema

ROOT = Path(__file__).parents[2]
MALFORMED = ROOT / "tests" / "malformed"
SEEN = {"SN201", "SN202", "SN203", "SN204", "SN205", "SN206", "SN207"}
"""What a schema can see, one value at a time."""
GROUPS = {
    "loss": "specnet.losses",
    "optimizer": "specnet.optimizers",
    "weights": "specnet.initializers",
    "schedule": "specnet.schedules",
    "normalize": "specnet.normalizations",
    "augment": "specnet.augmentations",
    "evaluate": "specnet.evaluations",
    "metrics": "specnet.metrics",
}
NOT_SEEN = {
    "schema/even_lrn.yaml",  # what is odd
    "recipe/multistep_not_increasing.yaml",  # what increases
    "recipe/scale_reversed.yaml",
    "recipe/scale_to_nothing.yaml",
    "schema/slice_backwards.yaml",
    "schema/scale_nothing.yaml",  # what two values come to together
    "recipe/constants_lengths.yaml",  # what is as long as something else
    "recipe/uniform_upside_down.yaml",
    "recipe/warmup_counts_otherwise.yaml",
    "recipe/warmup_of_a_plateau.yaml",
    "recipe/weight_alone.yaml",  # what stands around it
    "recipe/sum_in_a_sum.yaml",
}
OF_BLOCKS = {
    # A schema does not know which block a use names, and so which parameters that has.
    *(f"blocks/argument_{what}.yaml" for what in ("misspelt", "missing", "of_wrong_type", "out_of_range")),
    *(f"blocks/argument_{what}.yaml" for what in ("unknown", "without_value")),
    *(f"blocks/parameter_{what}.yaml" for what in ("called_from", "twice")),
    "blocks/trainable_nothing.yaml",
    "blocks/name_too_long.yaml",  # with the name of the block's layer
}
# YAML readers see these as what they are not: infinities, NaN and numbers with colons or underscores.
OTHER_YAML = {"rate_infinite", "rate_nan", "overflow", "sexagesimal", "underscored", "thousand_digits"}


def checked(*paths: Path) -> tuple[int, set[str]]:
    """The exit code of check-jsonschema, and the files that it found something in."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--schemafile",
        str(ROOT / "specs/specnet.schema.json"),
    ]
    done = subprocess.run(
        [*command, "-o", "json", *map(str, paths)], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    return done.returncode, {
        e["filename"] for e in [*report.get("errors", []), *report.get("parse_errors", [])]
    }


def test_the_file_beside_the_specs_is_what_the_command_writes() -> None:
    assert json.loads((ROOT / "specs/specnet.schema.json").read_text()) == json_schema(), (
        "specnet schema -o specs/specnet.schema.json"
    )


@pytest.mark.slow
def test_every_shipped_spec_passes_and_names_the_schema() -> None:
    paths = sorted((ROOT / "specs").rglob("*.yaml"))
    assert checked(*paths) == (0, set())
    assert len(paths) > 20
    for path in paths:
        line = path.read_text().splitlines()[0]
        target = line.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / target).resolve() == ROOT / "specs/specnet.schema.json", path


@pytest.mark.slow
def test_malformed_specs_that_a_schema_can_see_fail() -> None:
    lines = (MALFORMED / "expected.txt").read_text().splitlines()
    expected = dict(line.split(" ", 1) for line in lines if not line.startswith("#"))
    visible = (
        {path for path, found in expected.items() if {finding[:5] for finding in found.split()} <= SEEN}
        - NOT_SEEN
        - OF_BLOCKS
    )
    paths = [MALFORMED / path for path in sorted(visible) if Path(path).stem not in OTHER_YAML]
    code, failed = checked(*paths)
    assert code == 1
    assert {str(path) for path in paths} - failed == set()


def properties(part: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for key, value in part.get("properties", {}).items():
            yield f"{where}.{key}", value
        for key, value in part.items():
            yield from properties(value, f"{where}.{key}" if key != "properties" else where)
    elif isinstance(part, list):
        for item in part:
            yield from properties(item, where)


def test_every_key_has_a_hover_text() -> None:
    told = dict(properties(json_schema()))
    assert len(told) > 100
    for where, value in told.items():
        assert value.get("description") or where.endswith(".kind"), where


def test_every_part_of_a_recipe_is_one_of_the_kinds_that_are_installed() -> None:
    schema = json_schema()
    parts = schema["definitions"]["Training"]["properties"]
    for key in ("augment", "metrics"):
        parts[key] = parts[key]["items"]
    for key, group in GROUPS.items():
        assert parts[key]["properties"]["kind"]["enum"] == plugins.names(group)
        for choice in parts[key]["allOf"]:
            _, _, name = choice["then"]["$ref"].rpartition("/")
            kind = choice["if"]["properties"]["kind"]["const"]
            assert schema["definitions"][name]["properties"]["kind"] == {"const": kind, "type": "string"}


def test_classes_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule called Constant, as the initializer is, must not take its place."""

    class Constant(Schedule):
        kind: Literal["constant"] = "constant"
        of_the_schedule: float

    load = plugins.load
    monkeypatch.setattr(
        plugins,
        "load",
        lambda group, kind: (
            Constant if (group, kind) == ("specnet.schedules", "constant") else load(group, kind)
        ),
    )
    schema = json_schema()
    parts = schema["definitions"]["Training"]["properties"]
    for key, field in {"schedule": "of_the_schedule", "weights": "value"}.items():
        (choice,) = (c for c in parts[key]["allOf"] if c["if"]["properties"]["kind"]["const"] == "constant")
        chosen = schema["definitions"][choice["then"]["$ref"].rpartition("/")[2]]
        assert set(chosen["properties"]) - {"warmup"} == {"kind", field}
