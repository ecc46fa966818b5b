"""One file is enough: an action nobody has seen is understood, validated, judged, executed, answered, documented."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cockpitd.adapters.sim_vehicle import SimVehicle
from cockpitd.app import App, running
from cockpitd.catalogue import examine
from cockpitd.cli.main import main
from cockpitd.config import Config
from cockpitd.domain.turn import Tier
from cockpitd.errors import CatalogueError
from cockpitd.ports import TurnRequest

FRAGRANCE = """
action: FRAGRANCE_RELEASE
title: {zh: 香氛, en: cabin fragrance}
class: command
risk: reversible
ttl_ms: 5000
parameters:
  type: object
  properties:
    scent:
      type: string
      enum: [ocean, forest]
      names:
        ocean: {zh: [海洋, 大海], en: [ocean, sea]}
        forest: {zh: [森林, 树林], en: [forest, woodland]}
    strength: {type: integer, minimum: 1, maximum: 5, unit: none}
  required: [scent]
signals:
  Vehicle.Cabin.Fragrance.Scent:
    {datatype: string, kind: actuator, allowed: ["OFF", OCEAN, FOREST], hazard: comfort, safe: any, initial: "OFF",
     overlay: true, title: {zh: 香型, en: scent}}
  Vehicle.Cabin.Fragrance.Strength:
    {datatype: uint8, kind: actuator, unit: none, min: 0, max: 5, hazard: comfort, safe: any, initial: 0,
     overlay: true, title: {zh: 香氛浓度, en: fragrance strength}}
writes:
  - {signal: Vehicle.Cabin.Fragrance.Scent, parameter: scent, map: {ocean: OCEAN, forest: FOREST}}
  - {signal: Vehicle.Cabin.Fragrance.Strength, parameter: strength, default: 3}
readback: true
phrases:
  zh: ["(释放|喷)[一点]{scent}香氛[浓度{strength}]"]
  en: ["release [the] {scent} fragrance [at [strength] {strength}]"]
replies:
  zh:
    done: ["已释放{scent}香氛"]
    noop: ["已经是{scent}香氛了"]
    refused: ["现在不能释放香氛：{reason}"]
    failed: ["香氛机没有响应"]
    clarify: ["要哪一种香味？"]
  en:
    done: ["Releasing the {scent} fragrance"]
    noop: ["The {scent} fragrance is already in the air"]
    refused: ["I can't release fragrance now: {reason}"]
    failed: ["The diffuser did not respond"]
    clarify: ["Which scent?"]
examples:
  zh:
    - {say: 车里来点森林的味道, parameters: {scent: forest}}
    - {say: 我想闻大海的香味, parameters: {scent: ocean}}
  en:
    - {say: make the car smell like the sea, parameters: {scent: ocean}}
    - {say: i'd love a woodland scent in here, parameters: {scent: forest}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fragrance.yaml").write_text(FRAGRANCE, encoding="utf-8")
    return tmp_path


def config(folder: Path, llm: str) -> Config:
    return Config.model_validate(
        {
            "actions": [str(folder)],
            "stt": {"engine": "none"},
            "llm": {"engine": llm, "deadline_ms": 20_000},
            "tts": {"engine": "none", "player": "null"},
        }
    )


async def said(app: App, text: str, *tiers: Tier) -> Mapping[str, Any]:
    record = await app.service.say(text, TurnRequest(session=text, tiers=tiers, speak=False))
    assert len(record["actions"]) == 1, record
    act: Mapping[str, Any] = record["actions"][0]
    return act


def test_the_file_passes_lint_and_is_documented(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examined = examine(extra=(folder,), phrases=True)
    assert examined.problems == ()
    assert main(["actions", "docs", str(folder)]) == 0
    assert "FRAGRANCE_RELEASE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "scent", "strength", "answer"),
    [
        ("释放森林香氛", "FOREST", 3, "已释放森林香氛"),
        ("喷一点海洋香氛浓度五", "OCEAN", 5, "已释放海洋香氛"),
        ("release the ocean fragrance at strength two", "OCEAN", 2, "Releasing the ocean fragrance"),
    ],
)
async def test_by_phrase(folder: Path, text: str, scent: str, strength: int, answer: str) -> None:
    async with running(config(folder, "none"), persist=False) as app:
        act = await said(app, text)
        state = app.service.vehicle_state(["Vehicle.Cabin.Fragrance.Scent", "Vehicle.Cabin.Fragrance.Strength"])
    assert (act["action"], act["verdict"], act["outcome"], act["response"]) == (
        "FRAGRANCE_RELEASE", "allow", "done", answer,
    )  # fmt: skip
    assert [told["value"] for told in state.values()] == [scent, strength]


async def test_out_of_range_is_named(folder: Path) -> None:
    async with running(config(folder, "none"), persist=False) as app:
        act = await said(app, "释放森林香氛浓度九")
    assert (act["verdict"], act["reason"]) == ("rejected", "out-of-range")
    assert "5" in act["response"]


async def test_a_car_without_a_diffuser_refuses(folder: Path) -> None:
    async with running(config(folder, "none"), persist=False) as app:
        assert isinstance(app.vehicle, SimVehicle)
        app.vehicle.remove("Vehicle.Cabin.Fragrance.Scent")
        act = await said(app, "释放森林香氛")
    assert (act["verdict"], act["reason"]) == ("refuse", "not-fitted")


@pytest.mark.usefixtures("models")
async def test_by_the_language_model(folder: Path) -> None:
    async with running(config(folder, "llama"), persist=False) as app:
        for text, scent in (
            ("让车里闻起来有森林的味道", "forest"),
            ("can you make it smell like the ocean in the car", "ocean"),
        ):
            act = await said(app, text, "llm")
            assert (act["action"], act["outcome"]) == ("FRAGRANCE_RELEASE", "done")
            assert act["parameters"]["scent"] == scent


async def test_added_while_the_daemon_runs(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    async with running(config(empty, "none"), persist=False) as app:
        before = await app.service.say("释放森林香氛", TurnRequest(speak=False))
        (empty / "fragrance.yaml").write_text(FRAGRANCE, encoding="utf-8")
        await app.service.reload()
        after = await said(app, "释放森林香氛")
    assert before["actions"] == []
    assert after["outcome"] == "done"


async def test_a_broken_file_leaves_the_old_catalogue_in_use(folder: Path) -> None:
    async with running(config(folder, "none"), persist=False) as app:
        (folder / "broken.yaml").write_text("action: nonsense\n", encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"broken\.yaml"):
            await app.service.reload()
        assert (await said(app, "释放森林香氛"))["outcome"] == "done"
