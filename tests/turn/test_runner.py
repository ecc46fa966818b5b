"""The flow under failure: late, dead, stopped, repeated; and what every turn leaves behind."""

from __future__ import annotations

import asyncio
import json

from cockpitd.domain.actions import Action, Catalogue
from cockpitd.domain.policy import Request
from cockpitd.domain.turn import Expired
from cockpitd.errors import EngineError
from cockpitd.ports import TurnRequest
from cockpitd.turn.log import TurnLog
from cockpitd.turn.reader import reader_for
from tests.fakes import tone
from tests.turn.rig import Rig, events, names, outcomes

STRANGE = "给我整点不一样的氛围吧"
"""Nothing the quick tiers know."""


async def test_the_event_list_of_a_plain_turn(rig: Rig) -> None:
    record = await rig.say("打开空调")
    assert events(record) == [
        "turn-started", "heard", "understood", "judged", "executed", "replied", "speaking-started", "turn-ended",
    ]  # fmt: skip
    assert record["status"] == "answered"
    assert rig.journal.explain(record["turn"]) == json.loads(json.dumps(record))


async def test_a_late_model_is_neither_executed_nor_spoken(rig: Rig) -> None:
    rig.model.answer = [("CLIMATE_ON", {})]
    rig.model.clock, rig.model.takes_ms = rig.clock, 5_000
    record = await rig.say(STRANGE)
    assert "discarded" in events(record)
    assert "deadline-missed" in events(record)
    assert "executed" not in events(record)
    assert record["actions"] == []
    assert record["spoken"]


async def test_a_turn_tells_how_much_the_model_read_and_wrote(rig: Rig) -> None:
    rig.model.answer = [("CLIMATE_ON", {})]
    told = [event for event in (await rig.say(STRANGE))["events"] if event["event"] == "model-answered"]
    assert [(one["prompt_tokens"], one["generated_tokens"], one["decode_ms"]) for one in told] == [(10, 5, 1.0)]
    assert "model-answered" not in events(await rig.say("打开空调"))


async def test_a_dead_model_leaves_reflex_and_phrasebook_alive(rig: Rig) -> None:
    rig.model.error = EngineError("llm-crashed", "the model process died")
    assert (await rig.say(STRANGE))["status"] == "failed"
    assert outcomes(await rig.say("开灯")) == ["done"]
    assert outcomes(await rig.say("打开空调")) == ["done"]


async def test_a_fault_of_our_own_ends_the_turn_with_an_answer(rig: Rig) -> None:
    rig.model.error = RuntimeError("a bug")
    record = await rig.say(STRANGE)
    assert record["status"] == "failed"
    assert record["spoken"]
    assert events(record)[-1] == "turn-ended"
    assert "a bug" not in json.dumps(record)
    assert outcomes(await rig.say("打开空调")) == ["done"]


async def test_a_reload_that_takes_an_action_away_is_survived(rig: Rig) -> None:
    await rig.say("空调调到二十度")
    await rig.say("给李娜发消息说我晚点到")
    gone = ("CLIMATE_", "MESSAGE_")
    left = {name: spec for name, spec in rig.catalogue.actions.items() if not name.startswith(gone)}
    smaller = Catalogue(left, rig.catalogue.signals, rig.catalogue.replies)
    rig.runner.reader = reader_for(smaller, repair=True)
    for text in ("再高一点", "确认", "撤销", "打开天窗"):
        record = await rig.say(text)
        assert "engine-failed" not in [e["event"] for e in record["events"] if e.get("engine") == "turn"]
    assert outcomes(record) == ["done"]


async def test_stop_cancels_a_turn_that_is_being_thought_about(rig: Rig) -> None:
    rig.model.gate = asyncio.Event()
    rig.model.answer = [("CLIMATE_ON", {})]
    thinking = asyncio.create_task(rig.say(STRANGE))
    await rig.model.called.wait()
    stopped = await rig.say("停止", session="elsewhere")
    assert names(stopped) == ["ASSISTANT_STOP"]
    record = await thinking
    assert record["status"] == "cancelled"
    assert "executed" not in events(record)


async def test_stop_turn_silences_the_speaker(rig: Rig) -> None:
    await rig.say("打开空调")
    assert rig.speaker.speaking
    told = await rig.runner.stop_turn("")
    await rig.speaker.finished()
    assert told["silenced"]
    assert not rig.speaker.speaking


async def test_stop_says_nothing_itself(rig: Rig) -> None:
    await rig.say("打开空调")
    record = await rig.say("停止")
    assert record["spoken"] == ""
    assert len(rig.player.played) == 1


async def test_the_same_words_over_the_answer_are_executed_once(rig: Rig) -> None:
    await rig.say("空调调到二十度")
    first = await rig.say("再高一点")
    rig.clock.advance(800)
    second = await rig.say("再高一点")
    assert outcomes(first) == ["done"]
    assert outcomes(second) == ["noop"]
    assert rig.value("Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature") == 21


async def test_the_same_words_after_the_answer_are_a_new_command(rig: Rig) -> None:
    await rig.say("空调调到二十度")
    await rig.say("再高一点")
    rig.player.played[-1].let_end()
    await rig.speaker.finished()
    await rig.say("再高一点")
    assert rig.value("Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature") == 22


async def test_a_question_is_asked_and_a_yes_leads_to_a_new_judgement(rig: Rig) -> None:
    asked = await rig.say("给李娜发消息说我晚点到")
    assert asked["status"] == "asked"
    assert asked["actions"][0]["requires_confirmation"]
    assert outcomes(asked) == ["confirm"]
    done = await rig.say("确认")
    assert names(done) == ["MESSAGE_SEND"]
    assert outcomes(done) == ["done"]


async def test_a_no_drops_the_question(rig: Rig) -> None:
    await rig.say("给李娜发消息说我晚点到")
    await rig.say("不要")
    record = await rig.say("确认")
    assert names(record) == ["ASSISTANT_CONFIRM"]
    assert "executed" not in events(record)


async def test_a_yes_too_late_does_nothing(rig: Rig) -> None:
    await rig.say("给李娜发消息说我晚点到")
    rig.clock.advance(60_000)
    assert "executed" not in events(await rig.say("确认"))


async def test_a_yes_by_hand(rig: Rig) -> None:
    await rig.say("给李娜发消息说我晚点到")
    record = await rig.runner.answer(True, TurnRequest())
    assert outcomes(record) == ["done"]


async def test_a_doubtful_reading_is_asked_about(rig: Rig) -> None:
    rig.runner.parts.actor._limits = type(rig.runner.parts.actor._limits)(confirm_below=0.5)
    rig.model.answer, rig.model.confidence = [("SUNROOF_OPEN", {})], 0.2
    record = await rig.say("我想看看天窗外面的星星")
    assert outcomes(record) == ["confirm"], record


async def test_a_write_without_readback_is_never_told_as_done(rig: Rig) -> None:
    spec = rig.catalogue.actions["CLIMATE_ON"]
    rig.car.fail(spec.writes[0].signal, "ignore")
    assert outcomes(await rig.say("打开空调")) == ["failed"]
    rig.car.heal(spec.writes[0].signal)
    rig.car.fail(spec.writes[0].signal, "silent")
    assert outcomes(await rig.say("打开空调")) == ["unknown"]


async def test_an_actuator_error_is_told(rig: Rig) -> None:
    rig.car.fail(rig.catalogue.actions["CLIMATE_ON"].writes[0].signal, "error")
    record = await rig.say("打开空调")
    assert outcomes(record) == ["failed"]
    assert record["actions"][0]["reason"] == "vehicle-write-failed"


async def test_a_car_that_was_away_for_ten_minutes_does_nothing_when_it_is_back(rig: Rig) -> None:
    path = rig.catalogue.actions["SUNROOF_OPEN"].writes[0].signal
    rig.car.fail(path, "error")
    assert outcomes(await rig.say("打开天窗")) == ["failed"]
    rig.clock.advance(600_000)
    rig.car.heal(path)
    await rig.say("现在几点了")
    assert rig.value(path) == 0


async def test_a_command_past_its_time_to_live_is_never_executed(rig: Rig) -> None:
    spec = rig.catalogue.actions["SUNROOF_OPEN"]
    log = TurnLog("t", rig.clock, rig.hub)
    late = Request(key="k", captured_ms=rig.clock.now_ms() - spec.ttl_ms - 1)
    result = await rig.runner.parts.actor.perform(Action("SUNROOF_OPEN", {}), rig.catalogue, late, log, dry_run=False)
    assert isinstance(result.outcome, Expired)
    assert rig.value(spec.writes[0].signal) == 0
    assert rig.journal.outcome("k") is None


async def test_a_voice_that_breaks_becomes_a_chime(rig: Rig) -> None:
    rig.voice.error = EngineError("tts-crashed", "the voice died")
    record = await rig.say("打开空调")
    assert outcomes(record) == ["done"]
    assert "engine-failed" in events(record)
    assert rig.player.played[-1].speech.engine == "chime"


async def test_spoken_words_go_the_same_way_as_typed_ones(rig: Rig) -> None:
    rig.ears.texts = ["打开", "打开空调"]
    record = await rig.runner.listen(tone(), TurnRequest(profile="push-to-talk"))
    assert outcomes(record) == ["done"]
    assert "heard-partial" in events(record)
    assert "stt" in record["timings_ms"]


async def test_two_agreeing_partials_switch_the_lights_on_before_the_end_of_speech(rig: Rig) -> None:
    rig.ears.texts = ["开灯", "开灯", "开灯", "开灯"]
    record = await rig.runner.listen(tone(), TurnRequest(profile="push-to-talk"))
    order = events(record)
    assert order.index("executed") < order.index("speech-ended")
    assert order.count("executed") == 1
    assert outcomes(record) == ["done"]


async def test_a_partial_control_word_only_silences(rig: Rig) -> None:
    await rig.say("打开空调")
    rig.ears.texts = ["停止", "停止", "停止导航"]
    record = await rig.runner.listen(tone(), TurnRequest(profile="push-to-talk"))
    assert names(record) == ["NAVIGATION_CANCEL"]
    assert not rig.player.played[0].completed


async def test_a_recogniser_that_fails_ends_the_turn_and_the_next_one_works(rig: Rig) -> None:
    rig.ears.error = EngineError("stt-crashed", "the recogniser died")
    record = await rig.runner.listen(tone(), TurnRequest(profile="push-to-talk"))
    assert record["status"] == "failed"
    assert record["spoken"]
    assert events(record)[-1] == "turn-ended"
    assert outcomes(await rig.say("打开空调")) == ["done"]


async def test_a_dry_run_writes_nothing(rig: Rig) -> None:
    record = await rig.say("打开空调", dry_run=True)
    assert outcomes(record) == ["allow"]
    assert "executed" not in events(record)


async def test_asked_once_for_what_is_missing(rig: Rig) -> None:
    rig.model.answer = [("CLIMATE_SET_TEMPERATURE", {})]
    asked = await rig.say("帮我调一下空调温度")
    assert asked["status"] == "asked", asked
    done = await rig.say("二十三度")
    assert names(done) == ["CLIMATE_SET_TEMPERATURE"]
    assert rig.value("Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature") == 23


async def test_say_that_again(rig: Rig) -> None:
    first = await rig.say("打开空调")
    again = await rig.say("再说一遍")
    assert again["spoken"] == first["spoken"]
