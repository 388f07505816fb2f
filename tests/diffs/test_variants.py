"""Several specs against one: the table, the changes of each, and the forms."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import specnet
from conftest import Outcome
from specnet.diagnostics.errors import SpecError

Cli = Callable[..., Outcome]
SMALL = """\
specnet: 1
name: small
groups: [a, b]
layers:
  image: {kind: input, shape: [3, 9, 9]}
  conv: {kind: conv, from: image, filters: 8, kernel: 3}
  fc: {kind: dense, from: conv, cross_group: true, group: a, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
  batch_size: 2
"""
EDITS = {
    "same": ("# nothing\n", ""),
    "wider": ("filters: 8", "filters: 12"),
    "slower": ("learning_rate: 0.1", "learning_rate: 0.01"),
    "broken": ("from: conv,", "from: cnv,"),
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(SMALL)
    for name, (was, now) in EDITS.items():
        (tmp_path / f"{name}.yaml").write_text(SMALL.replace(was, now))
    return tmp_path


def cells(line: str) -> list[str]:
    return re.split(r"  +", line.strip())


def test_a_row_for_each_and_its_changes_below(cli: Cli, files: Path) -> None:
    done = cli("diff", *(f"{name}.yaml" for name in ("base", *EDITS)))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    rows = {row[0]: row[1:] for row in map(cells, lines[2:8]) if len(row) > 1}
    # conv has 8 (12) filters of 3x3x3 with biases on 7x7 places, and fc 4 units that read them. A step of 2
    # images moves the 4 (6) maps on b to a, and gradients back. a needs three copies of parameters:
    # of 4 (6) filters and of fc; and for each image the values of image, of its maps and of fc, 4 bytes each.
    assert rows["base.yaml"] == ["1,796", "12,152", "196", "3.1 KiB", "23.2 KiB"]
    wider = ["1", "2,692", "18,228", "294", "4.6 KiB", "33.8 KiB"]
    assert (rows["wider.yaml"][:6], rows["wider.yaml"][-1]) == (wider, "no")
    assert rows["same.yaml"] == ["0", *rows["base.yaml"], "all", "yes"]
    assert rows["slower.yaml"][:-1] == ["1", *rows["base.yaml"], "all"]
    assert rows["broken.yaml"] == ["1", "not valid"]
    below = done.out.partition("needs most\n")[2]
    assert "\nwider.yaml\n  ~ layers.conv.filters: 8 -> 12\n" in below
    assert "\nsame.yaml\n  no differences\n" in below
    assert "error SN301: layer 'fc': there is no layer 'cnv' to read" in below
    assert below.count("->") == 3, "no consequences are listed"


def test_json_has_a_diff_for_each_variant(cli: Cli, files: Path) -> None:
    found = json.loads(cli("diff", "base.yaml", "wider.yaml", "same.yaml", "--json").out)
    assert set(found) == {"schema_version", "base", "variants"}
    assert found["base"] == "base.yaml"
    assert [variant.pop("spec") for variant in found["variants"]] == ["wider.yaml", "same.yaml"]
    alone = json.loads(cli("diff", "base.yaml", "wider.yaml", "--json").out)
    assert {**found["variants"][0], "schema_version": 1} == alone


def test_markdown_is_a_table_and_one_for_each_variant(cli: Cli, files: Path) -> None:
    (files / "wider.yaml").rename(files / "a|b.yaml")
    lines = cli("diff", "base.yaml", "a|b.yaml", "same.yaml", "--md").out.splitlines()
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in lines[: lines.index("")]}
    assert widths == {10}
    assert lines[3].startswith(r"| `a\|b.yaml` | 1 | 2,692 | 18,228 | 294 | 4.6 KiB | 33.8 KiB | ")
    assert "| change | `layers.conv.filters` | `8` | `12` |" in lines
    assert "no differences" in lines


@pytest.mark.parametrize(("names", "code"), [(("same", "same"), 0), (("same", "slower"), 1)])
def test_the_exit_code_is_1_if_any_differs(cli: Cli, files: Path, names: tuple[str, ...], code: int) -> None:
    variants = [f"{name}.yaml" for name in names]
    assert cli("diff", "base.yaml", *variants, "--exit-code").code == code
    assert cli("diff", "base.yaml", *variants).code == 0


def test_one_of_them_may_come_from_standard_input(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((files / "wider.yaml").read_bytes())))
    assert "\n<stdin>\n  ~ layers.conv.filters: 8 -> 12" in cli("diff", "base.yaml", "-", "same.yaml").out
    done = cli("diff", "-", "base.yaml", "-")
    assert (done.code, done.out) == (2, "")
    assert "only one of the specs can come from standard input" in done.err


def test_the_base_has_to_be_valid_and_every_schema_sound(cli: Cli, files: Path) -> None:
    (files / "unsound.yaml").write_text(SMALL.replace("filters: 8", "filtres: 8"))
    done = cli("diff", "broken.yaml", "unsound.yaml", "base.yaml")
    assert (done.code, done.out) == (1, "")
    assert "broken.yaml:7:27: error SN301" in done.err
    assert "unsound.yaml:6:" in done.err
    with pytest.raises(SpecError, match="cnv"):
        specnet.variants("broken.yaml", ["base.yaml"])


def test_more_changes_than_a_few_are_counted(cli: Cli, files: Path) -> None:
    (files / "other.yaml").write_text(
        "specnet: 1\nname: other\nlayers:\n  x: {kind: input, shape: [1, 2, 2]}\n"
        "  y: {kind: dense, from: x, units: 3}\n"
    )
    asked = ("diff", "base.yaml", "other.yaml", "same.yaml")
    short, full = cli(*asked).out, cli(*asked, "--all").out
    (left,) = re.findall(r"  and (\d+) more lines \(--all\)", short)
    assert len(short.splitlines()) <= len(full.splitlines()) - int(left) + 1
    assert "more lines" not in full


def test_no_wider_than_there_is_room(files: Path) -> None:
    found = specnet.variants("base.yaml", ["wider.yaml"])
    assert max(map(len, str(found).splitlines())) > 80
    table = found.text(width=80).partition("no room for: ")
    assert max(map(len, table[0].splitlines())) <= 80
    assert table[2].startswith("traffic, MACs, least memory (")
    assert "across groups" in table[0]


def test_from_python_specs_are_called_by_their_names(files: Path) -> None:
    spec = specnet.load("base.yaml")
    found = specnet.variants(spec, [Path("slower.yaml"), spec])
    assert found
    assert [variant.spec for variant in found.variants] == ["slower.yaml", "small"]
    assert not specnet.variants(spec, [spec, spec])
    page = specnet.variants("base.yaml", ["wider.yaml"])._repr_html_()
    assert "<summary>wider.yaml: 1 change</summary>" in page
    (files / "<b>.yaml").write_text(SMALL)
    assert "<b>" not in specnet.variants("<b>.yaml", ["<b>.yaml"])._repr_html_()
