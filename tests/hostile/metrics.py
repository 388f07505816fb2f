"""Lines of `metrics.jsonl` that no trainer writes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from hostile import sound
from hostile.attack import Attack
from hostile.edits import COMMANDS, strict
from hostile.run_directories import OWN


def _step(at: str = "5", loss: str = "1", rate: str = "1", speed: str = "1", epoch: str = "1") -> bytes:
    text = f'"step": {at}, "epoch": {epoch}, "loss": {loss}, "learning_rate": {rate}'
    return f'{{{text}, "images_per_second": {speed}}}'.encode()


def _evaluated(content: str) -> bytes:
    return f'{{"step": 8, "epoch": 1, "evaluation": {content}}}'.encode()


def _scores(loss: str, top1: str, top5: str) -> bytes:
    return _evaluated(f'{{"loss": {loss}, "top1_error": {top1}, "top5_error": {top5}}}')


def _stopped(content: bytes) -> bytes:
    return b'{"step": 12, "epoch": 2, "stopped": ' + content + b"}"


LINES: dict[str, bytes] = {
    "400 digits": _step(loss="9" * 400),
    "5,000 digits": _step(loss="9" * 5000),
    "rate of 400 digits": _step(rate="9" * 400),
    "speed of 400 digits": _step(speed="9" * 400),
    "inf": _step(loss="Infinity"),
    "-inf": _step("6", "-Infinity", "-Infinity", "-Infinity"),
    "nan": _step("7", "NaN", "NaN", "NaN"),
    "1.7e308": _step("8", "1.7e308", "1.7e308", "1e-320"),
    "-1.7e308": _step("9", "-1.7e308", "-1.7e308", "-1e-320"),
    "1e-320": _step("8", "1e-320", "5e-324"),
    "text": _step(loss='"x"', rate="[]", speed="{}"),
    "step of text": _step('"5"'),
    "step of digits": _step("9" * 4000),
    "step half": _step("5.5"),
    "step true": _step("true", "true", epoch="true"),
    "step negative": _step("-5", epoch="-1"),
    "step nan": _step("NaN", epoch="NaN"),
    "step inf": _step("Infinity"),
    "step null": _step("null"),
    "step zero": _step("0", "0", "0", "0", "0"),
    "step huge": _step("999999999999999"),
    "epochs back": _step(epoch="0"),
    "epoch huge": _step(epoch="999999999999999"),
    "epoch of digits": _step(epoch="9" * 4000),
    "evaluation of text": _evaluated('"x"'),
    "evaluation empty": _evaluated("{}"),
    "evaluation null": _evaluated("null"),
    "evaluation nan": _scores("NaN", "NaN", "Infinity"),
    "evaluation digits": _scores("9" * 400, "1e308", "-1e308"),
    "evaluation true": _scores("true", "true", "null"),
    "stopped escape": _stopped(b'"\\u001b]0;owned\\u0007\\u009b2J"'),
    "stopped raw": _stopped(b'"\x1b[2J"'),
    "stopped list": _stopped(b'["\\u001b[2J"]'),
    "stopped long": _stopped(b'"' + b"x" * 900_000 + b'"'),
    "stopped surrogate": _stopped(b'"\\ud800"'),
    "stopped number": _stopped(b"5"),
    "stopped lines": _stopped(b'"a\\nb\\rc"'),
    "not json": b"{{{",
    "nested": b"[" * 500_000,
    "null": b"null",
    "list": b"[1]",
    "not utf-8": b'{"step": "\xff\xfe"}',
    "nul": bytes(1000),
    "a command": b"touch ../people/RAN #",
}


def attacks() -> Iterator[Attack]:
    drawn = (("curves", "run", "-o", "drawn.png"), ("drawn.png",), "core")
    for word, line in LINES.items():
        for place in ("last", "middle", "all"):

            def make(here: Path, _: random.Random, line: bytes = line, place: str = place) -> None:
                path = sound.run(here) / "metrics.jsonl"
                lines = path.read_bytes().splitlines()
                at = {"last": len(lines), "middle": 6, "all": 0}[place]
                lines[at:] = [line] if place != "middle" else [line, *lines[at:]]
                path.write_bytes(b"\n".join(lines) + b"\n")

            for name, (command, writes, needs) in {
                "curves": drawn,
                "runs": COMMANDS["runs"],
                "resume": COMMANDS["resume"],
            }.items():
                if place == "last" and name == "resume" and not word.startswith(("step", "1", "4", "inf")):
                    continue
                yield Attack(
                    f"metrics/{place}/{word}/{name}",
                    command,
                    make,
                    (0, 2) if name == "curves" else (0,),
                    writes=writes,
                    needs=needs,  # type: ignore[arg-type]
                    after=(lambda here, out: strict(out)) if name != "curves" else None,
                )

    def mixed(here: Path, draw: random.Random) -> None:
        lines = list(LINES.values()) * 40
        draw.shuffle(lines)
        (sound.run(here) / "metrics.jsonl").write_bytes(b"\n".join(lines))

    yield Attack("metrics/mixed/curves", drawn[0], mixed, (0,), writes=drawn[1])
    yield Attack("metrics/mixed/runs", COMMANDS["runs"][0], mixed, (0,))
    yield Attack("metrics/mixed/resume", sound.RESUME, mixed, (0,), writes=OWN, needs="torch")
