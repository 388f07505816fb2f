"""A diff as a page: all of it is in one file, and nothing that a spec says is obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import specnet
from conftest import Outcome

Cli = Callable[..., Outcome]
HOSTILE = "</td></style><script>alert('x')</script>\x1b[31m"
VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """What a page would fetch, the layers that its rows and boxes name, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.layers: dict[str, set[str]] = {"tr": set(), "g": set()}
        self.texts: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value for key, value in attrs if key in ("src", "href", "srcset") and value]
        self.layers.get(tag, set()).update(value for key, value in attrs if key == "data-layer" and value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)


def edited(path: Path, target: Path, *edits: tuple[str, str]) -> Path:
    text = path.read_text(encoding="utf-8")
    for was, now in edits:
        assert was in text
        text = text.replace(was, now)
    target.write_text(text, encoding="utf-8")
    return target


def test_the_page_has_picture_changes_and_consequences(cli: Cli, specs: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.html"
    pair = specs / "alexnet.yaml", specs / "alexnet_one_group.yaml"
    done = cli("diff", *pair, "-o", file, "--exit-code")
    assert (done.code, done.out, done.err) == (1, "", "")
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert page.fetched == ["data:,"]
    assert not re.search(r"@import|url\(|fetch\(|https?://(?!www\.w3\.org/2000/svg)", text)
    assert page.tags.count("svg") == page.tags.count("script") == 1
    assert {"layers.fc6.cross_group", "true", "false"} <= set(page.texts)
    assert "parameters: 60,965,224 -> 62,378,344 (+1,413,120, +2.3%)" in page.texts
    assert {"conv3", "fc6"} <= page.layers["tr"] <= page.layers["g"]
    assert cli("diff", *pair, "--html").out == text


def test_a_renamed_layer_lights_its_box(cli: Cli, specs: Path, tmp_path: Path) -> None:
    other = edited(specs / "lenet5.yaml", tmp_path / "other.yaml", ("conv2", "second"))
    page = Page(cli("diff", specs / "lenet5.yaml", other, "--html").out)
    assert page.layers["tr"] == {"second"}
    assert "second" in page.layers["g"]


def test_what_came_along_and_what_is_written_otherwise(cli: Cli, specs: Path, tmp_path: Path) -> None:
    norm = "bn: {kind: batch_norm, from: conv2}\n  pool2: {kind: avg_pool, from: bn, padding: 0"
    edits = (
        ("pool2: {kind: avg_pool, from: conv2", norm),
        ("kernel: 5, activation", "kernel: 5, rounding: ceil, activation"),
    )
    other = edited(specs / "lenet5.yaml", tmp_path / "other.yaml", *edits)
    text = cli("diff", specs / "lenet5.yaml", other, "--html").out
    page = Page(text)
    assert "1 change" in page.texts
    assert re.search(
        '<tr class="change along" data-layer="pool2"><td>~</td><td><b>layers.pool2.from</b>', text
    )
    assert "2 things written otherwise, with the same meaning" in page.texts
    assert "layers.conv1.rounding" in page.texts
    assert specnet.draw(specs / "lenet5.yaml", other).render("html").decode() == text


def test_without_a_valid_network_there_is_no_picture(cli: Cli, specs: Path, tmp_path: Path) -> None:
    other = edited(specs / "lenet5.yaml", tmp_path / "other.yaml", ("from: pool1", "from: pol1"))
    page = Page(cli("diff", specs / "lenet5.yaml", other, "--html").out)
    assert not {"svg", "script"} & set(page.tags)
    assert "the second spec is not valid, so the consequences are unknown" in page.texts
    assert any("error SN301" in text for text in page.texts)
    assert "no differences" in Page(cli("diff", other, other, "--html").out).texts


def test_what_a_spec_says_is_text(cli: Cli, specs: Path, tmp_path: Path) -> None:
    assumed = f"name: lenet5\nassumed: {{from: {json.dumps(HOSTILE)}, values: name}}"
    other = edited(specs / "lenet5.yaml", tmp_path / "<i>.yaml", ("name: lenet5", assumed))
    for more in ((), (specs / "lenet5.yaml",)):
        text = cli("diff", specs / "lenet5.yaml", other, *more, "--html").out
        page = Page(text)
        assert "i" not in page.tags
        assert page.tags.count("script") == (not more)
        assert "\x1b" not in text
        assert any("<script>alert('x')</script>" in words for words in page.texts)


def test_variants_are_a_table_with_each_diff_below(cli: Cli, specs: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.html"
    variants = [specs / "variants" / f"alexnet_{name}.yaml" for name in ("tanh", "no_lrn")]
    assert cli("diff", specs / "alexnet.yaml", *variants, "-o", file).code == 0
    page = Page(file.read_text(encoding="utf-8"))
    assert page.tags.count("details") == 2
    assert {"58,624", "57.2 MiB", "all"} <= set(page.texts)


def test_the_suffix_names_the_form(cli: Cli, specs: Path, tmp_path: Path) -> None:
    asked = ("diff", specs / "alexnet.yaml", specs / "alexnet_one_group.yaml")
    for suffix, option in (("md", "--md"), ("json", "--json"), ("txt", None)):
        file = tmp_path / f"x.{suffix}"
        assert cli(*asked, "-o", file).out == ""
        assert file.read_text(encoding="utf-8") == cli(*asked, *([option] if option else [])).out
    assert cli(*asked, "--json", "-o", tmp_path / "x.txt").code == 0
    assert json.loads((tmp_path / "x.txt").read_text(encoding="utf-8"))["changes"]


@pytest.mark.parametrize("suffix", ["svg", "png", "dot"])
def test_a_picture_alone_is_drawn_by_graph(cli: Cli, specs: Path, tmp_path: Path, suffix: str) -> None:
    done = cli("diff", specs / "lenet5.yaml", specs / "alexnet.yaml", "-o", tmp_path / f"x.{suffix}")
    assert (done.code, done.out) == (2, "")
    assert f"specnet graph --diff BEFORE AFTER -o {tmp_path}/x.{suffix} does" in done.err
