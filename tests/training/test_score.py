"""Counting what a model reads as meant, and drawing how training went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from cockpitd.errors import EngineError
from cockpitd.training.curves import picture
from cockpitd.training.score import score
from tests.fakes import FakeClock, ScriptedModel


def _row(said: str, lang: str, action: str, kind: str = "single", **parameters: int) -> dict[str, Any]:
    meant = [{"action": action, "parameters": parameters}]
    return {"input": said, "lang": lang, "context": "", "kind": kind, "output": meant}


ROWS = [
    _row("打开空调", "zh", "CLIMATE_ON"),
    _row("louder", "en", "VOLUME_ADJUST", delta=10),
    _row("停", "zh", "ASSISTANT_STOP", kind="control"),
]


async def test_rows_are_counted_by_language_and_kind() -> None:
    model = ScriptedModel([("CLIMATE_ON", {})])
    found = await score(ROWS, model, FakeClock(), lambda _: None)
    assert model.asked == ["打开空调", "louder"]
    assert {kind: (one.rows, one.named, one.exact) for kind, one in found.by_kind.items()} == {
        "zh": (1, 1, 1), "zh single": (1, 1, 1), "en": (1, 0, 0), "en single": (1, 0, 0),
    }  # fmt: skip
    assert [mistake.text for mistake in found.mistakes] == ["louder"]
    assert found.confidences == [(0.9, True), (0.9, False)]


async def test_a_failing_model_is_a_mistake_and_no_end() -> None:
    model = ScriptedModel()
    model.error = EngineError("llm-deadline", "late")
    found = await score(ROWS, model, FakeClock(), lambda _: None)
    assert [mistake.read for mistake in found.mistakes] == ["llm-deadline"] * 2


def test_the_picture_shows_every_look(tmp_path: Path) -> None:
    looks = []
    for step in (100, 200, 300):
        rates = {"loss": 1 / step, "validation_loss": 2 / step, "validation_exact": step / 300}
        looks.append({"step": step, "of": 300, **rates, "minutes": step})
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(look) + "\n" for look in looks), encoding="utf-8")
    drawn = ET.fromstring(picture(tmp_path / "metrics.jsonl"))  # noqa: S314 (our own text)
    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [3, 3, 3]
