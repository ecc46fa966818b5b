"""When a model that was taught our actions is asked although a phrase fitted, and when its answer counts."""

from __future__ import annotations

import pytest

from cockpitd.errors import EngineError
from cockpitd.turn.propose import SECOND_OPINION_MS
from tests.turn.rig import Rig, events, names, outcomes

GUESSED = "打给老板跟他说一声"
"""A phrase takes all of it for a name; where the name ends is a guess."""


@pytest.fixture
def taught(rig: Rig) -> Rig:
    """The same cockpit with a model that was taught our actions."""
    rig.model.taught = True
    return rig


def told(record: object) -> list[dict[str, object]]:
    assert isinstance(record, dict)
    return [dict(act["parameters"]) for act in record["actions"]]


async def test_a_guessed_free_text_is_put_to_the_model(taught: Rig) -> None:
    taught.model.answer = [("PHONE_CALL", {"contact": "老板"})]
    record = await taught.say(GUESSED)
    assert taught.model.asked == [GUESSED]
    assert told(record) == [{"contact": "老板"}]


async def test_a_model_that_only_imitates_is_not_asked(rig: Rig) -> None:
    rig.model.answer = [("PHONE_CALL", {"contact": "老板"})]
    await rig.say("打给老板")
    assert rig.model.asked == []


async def test_a_phrase_without_a_guess_needs_no_model(taught: Rig) -> None:
    assert outcomes(await taught.say("打开空调")) == ["done"]
    assert taught.model.asked == []


async def test_a_number_that_the_action_does_not_take_is_put_to_the_model(taught: Rig) -> None:
    taught.model.answer = [("CLIMATE_ADJUST_TEMPERATURE", {"delta": -3})]
    record = await taught.say("set the temperature to minus three")
    assert taught.model.asked == ["set the temperature to minus three"]
    assert names(record) == ["CLIMATE_ADJUST_TEMPERATURE"]


async def test_two_commands_in_one_breath_are_put_to_the_model(taught: Rig) -> None:
    taught.model.answer = [("CLIMATE_ON", {})]
    record = await taught.say("打开空调，打开天窗")
    assert taught.model.asked == ["打开空调，打开天窗"]
    assert names(record) == ["CLIMATE_ON"]


@pytest.mark.parametrize("answer", [[("PHONE_CALL", {"contact": "老张"})], [("WINDOW_OPEN", {})]])
async def test_an_opinion_that_was_not_said_changes_nothing(
    taught: Rig, answer: list[tuple[str, dict[str, str]]]
) -> None:
    taught.model.answer = answer
    assert told(await taught.say("打给老板")) == [{"contact": "老板"}]


async def test_a_dead_model_leaves_the_guess(taught: Rig) -> None:
    taught.model.error = EngineError("llm-crashed", "the model process died")
    record = await taught.say("打给老板")
    assert told(record) == [{"contact": "老板"}]
    assert "engine-failed" in events(record)


async def test_what_is_forbidden_stays_undone_whatever_the_model_says(taught: Rig) -> None:
    for answer in ("WINDOW_OPEN", "ASSISTANT_NOT_FOR_ME"):
        taught.model.answer = [(answer, {})]
        record = await taught.say("没叫你打开车窗")
        assert "executed" not in events(record)
        assert record["status"] == "answered"


async def test_a_refusal_that_asks_for_an_end_gets_it(taught: Rig) -> None:
    await taught.say("打开空调")
    taught.model.answer = [("CLIMATE_OFF", {})]
    assert outcomes(await taught.say("不用空调了")) == ["done"]


async def test_an_opinion_that_is_not_sure_changes_nothing(taught: Rig) -> None:
    taught.model.answer, taught.model.confidence = [("PHONE_CALL", {"contact": "老板"})], 0.45
    assert told(await taught.say(GUESSED)) != [{"contact": "老板"}]


async def test_no_wish_behind_a_connective_is_lost(taught: Rig) -> None:
    taught.model.answer = [("CLIMATE_ON", {})]
    assert names(await taught.say("打开空调，然后打开天窗")) == ["CLIMATE_ON", "SUNROOF_OPEN"]


async def test_a_safety_action_waits_for_no_opinion(taught: Rig) -> None:
    record = await taught.say("打开双闪，打开空调")
    assert taught.model.asked == []
    assert names(record)[0] == "HAZARD_LIGHTS_ON"


async def test_it_does_when_something_is_switched_off_in_the_same_breath(taught: Rig) -> None:
    taught.model.answer = [("MUSIC_STOP", {}), ("HAZARD_LIGHTS_ON", {})]
    record = await taught.say("关掉音乐，打双闪")
    assert taught.model.asked == ["关掉音乐，打双闪"]
    assert names(record) == ["MUSIC_STOP", "HAZARD_LIGHTS_ON"]


async def test_a_second_opinion_is_waited_for_less_long(taught: Rig) -> None:
    taught.model.answer = [("PHONE_CALL", {"contact": "老板"})]
    taught.model.clock, taught.model.takes_ms = taught.clock, SECOND_OPINION_MS + 1
    assert told(await taught.say(GUESSED)) != [{"contact": "老板"}]
