"""Recorded speech through the whole flow with the real engines; a floor, not the figure (replay tells that)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpitd.cli.main import main
from tests.conftest import ROOT

FLOOR = {"zh": 0.65, "en": 0.85}
"""Share of cases that must come out exactly right; what is really reached stands in the README."""


EVERY = 5
"""Each fifth recording is enough for a floor; whole conversations are left to replay."""


def chosen(lang: str) -> Iterator[str]:
    folder = ROOT / "tests/recordings"
    rows = [json.loads(line) for line in (folder / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in [row for row in rows if "session" not in row][::EVERY]:
        yield json.dumps(row | {"audio": str(folder / row["audio"])}) + "\n"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_recorded_sentences_do_what_they_say(tmp_path: Path, lang: str) -> None:
    cases, out, figures = tmp_path / "cases.jsonl", tmp_path / "out.jsonl", tmp_path / "figures.json"
    cases.write_text("".join(chosen(lang)), encoding="utf-8")
    main(["replay", str(cases), "--out", str(out), "--summary", str(figures)])
    told = json.loads(figures.read_text(encoding="utf-8"))
    results = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(results) == told["cases"] == told["judged"]
    assert told["errors"] == 0
    assert told["wrong_way"] == []
    assert told["right"] / told["judged"] >= FLOOR[lang], [r["id"] for r in results if not r["ok"]]
    assert {"stt", "understand", "first_sound", "total"} <= results[0]["timings_ms"].keys()
