"""What the model is shown: the daemon's own prompts, free texts that can be copied, and names it cannot know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cockpitd.domain.actions import Catalogue
from cockpitd.nlu.taught import lay_out
from cockpitd.training.lessons import DISTRACTED, PRETENDED, Lesson, lessons


def row(said: str, *output: tuple[str, dict[str, Any]], lang: str = "zh", kind: str = "single") -> dict[str, Any]:
    told = [{"action": name, "parameters": parameters} for name, parameters in output]
    return {"input": said, "output": told, "context": "", "lang": lang, "kind": kind}


@pytest.fixture(scope="module")
def many(catalogue: Catalogue) -> list[Lesson]:
    said = [row(f"turn the volume to {number}", ("VOLUME_SET", {"volume": number}), lang="en") for number in range(100)]
    said += [row(f"打电话给{number}号桌", ("PHONE_CALL", {"contact": f"{number}号桌"})) for number in range(100)]
    return list(lessons(said * 3, catalogue, seed=5))


def test_words_for_the_dialogue_itself_are_not_taught(catalogue: Catalogue) -> None:
    assert not list(lessons([row("停", ("ASSISTANT_STOP", {}), kind="control")], catalogue, seed=1))


def test_numbers_are_written_as_the_daemon_writes_them(catalogue: Catalogue) -> None:
    said = row("放一首一千零一夜", ("MUSIC_PLAY", {"song": "一千零一夜"}))
    found = [each for seed in range(6) for each in lessons([said], catalogue, seed)]
    assert {json.loads(each.answer)[0]["parameters"]["song"] for each in found} == {"1001夜"}
    assert all(each.prompt.endswith("放一首1001夜\n") for each in found)


def test_most_lessons_are_the_bare_utterance(many: list[Lesson]) -> None:
    bare = [each for each in many if each.prompt.count("\n") == 1]
    assert 1 - 2 * (PRETENDED + DISTRACTED) < len(bare) / len(many) < 1
    assert all(each.prompt == lay_out(each.prompt.rstrip("\n"), each.lang, "", ()) for each in bare)


def test_invented_names_are_no_real_ones_and_are_shown_before_they_are_asked_for(
    many: list[Lesson], catalogue: Catalogue
) -> None:
    invented = [each for each in many if json.loads(each.answer)[0]["action"] not in catalogue.actions]
    assert invented
    for each in invented:
        name = json.loads(each.answer)[0]["action"]
        assert f'"action":"{name}"' in each.prompt
        assert "VOLUME_SET" not in each.prompt + each.answer


def test_strangers_are_also_shown_where_they_are_not_meant(many: list[Lesson], catalogue: Catalogue) -> None:
    distracted = [
        each
        for each in many
        if each.prompt.count("\n") > 1 and json.loads(each.answer)[0]["action"] in catalogue.actions
    ]
    assert distracted


def test_the_same_seed_teaches_the_same(catalogue: Catalogue) -> None:
    said = [row("打开空调", ("CLIMATE_ON", {})), row("关掉空调", ("CLIMATE_OFF", {}))] * 40
    assert list(lessons(said, catalogue, 3)) == list(lessons(said, catalogue, 3))
    assert list(lessons(said, catalogue, 3)) != list(lessons(said, catalogue, 4))
