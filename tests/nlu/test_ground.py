"""What a model proposes must fit the schema and be borne out by the words; the phrasebook is held to the schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cockpitd.domain.actions import Action, Catalogue
from cockpitd.domain.turn import Grounded, Proposal, ProposedAction, Rejection, Tier
from cockpitd.domain.units import Lang
from cockpitd.nlu.ground import SURE, Grounder
from cockpitd.nlu.language import detect
from tests.nlu.rows import rows

ACCEPTED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("播放周杰伦的夜曲", "MUSIC_PLAY", {"artist": "周杰伦", "song": "夜曲"}, {"artist": "周杰伦", "song": "夜曲"}),
    ("空调弄到二十二度得了", "CLIMATE_SET_TEMPERATURE", {"temperature": 22}, {"temperature": 22}),
    ("空调弄到二十二度得了", "CLIMATE_SET_TEMPERATURE", {"temperature": 22, "zone": "rear"}, {"temperature": 22}),
    ("不用空调了，关掉吧", "CLIMATE_OFF", {}, {}),
    ("今天天气怎么样，空调也开开", "CLIMATE_ON", {}, {}),
    ("车窗给我弄开一半", "WINDOW_OPEN", {"position": 50}, {"position": 50}),
    ("we could do with some air conditioning", "CLIMATE_ON", {}, {}),
    ("play something by the beatles for us", "MUSIC_PLAY", {"artist": "the beatles"}, {"artist": "the beatles"}),
    ("what's the weather like outside", "WEATHER_NOW", {}, {}),
    ("move the seat five centimetres back", "SEAT_POSITION", {"forward": -50}, {"forward": -50}),
    ("座椅往前三公分", "SEAT_POSITION", {"forward": 30}, {"forward": 30}),
    ("fan up two notches", "CLIMATE_ADJUST_FAN", {"delta": 28}, {"delta": 28}),
]
REJECTED: list[tuple[str, str, dict[str, Any], str]] = [
    ("打开空调", "FLY_TO_THE_MOON", {}, "unknown-action"),
    ("音量五百", "VOLUME_SET", {"volume": 500}, "out-of-range"),
    ("音量五百", "VOLUME_SET", {"volume": 100}, "out-of-range"),
    ("温度调一下", "CLIMATE_SET_TEMPERATURE", {}, "missing"),
    ("温度调一下", "CLIMATE_SET_TEMPERATURE", {"temperature": 24}, "not-said"),
    ("温度二十四", "CLIMATE_SET_TEMPERATURE", {"temperature": 25}, "not-said"),
    ("播放音乐", "NAVIGATE_TO", {"destination": "北京"}, "not-said"),
    ("打开空调", "CLIMATE_OFF", {}, "contradicted"),
    ("关上车窗", "WINDOW_OPEN", {}, "contradicted"),
    ("turn off the air conditioning", "CLIMATE_ON", {}, "contradicted"),
    ("音量调低一点", "VOLUME_ADJUST", {"delta": 10}, "contradicted"),
    ("turn the volume down a bit", "VOLUME_ADJUST", {"delta": 10}, "contradicted"),
    ("move the seat five centimetres back", "SEAT_POSITION", {"forward": -30}, "missing"),
    ("fan up two notches", "CLIMATE_ADJUST_FAN", {"delta": 42}, "not-said"),
    ("把副驾调到二十四度", "CLIMATE_SET_TEMPERATURE", {"temperature": 24, "zone": "driver"}, "contradicted"),
    ("空调开着吗", "CLIMATE_ON", {}, "question"),
    ("is the window open", "WINDOW_OPEN", {}, "question"),
    ("别打开空调", "CLIMATE_ON", {}, "negated"),
    ("别关空调了", "CLIMATE_OFF", {}, "negated"),
    ("please don't open the window", "WINDOW_OPEN", {}, "negated"),
    ("昨天我打开了车窗", "WINDOW_OPEN", {}, "not-said"),
    ("if i open the window it gets loud", "WINDOW_OPEN", {}, "not-said"),
    ("i would like a medium iced latte", "CLIMATE_ON", {}, "not-said"),
    ("give me a large dark roast with two sugars", "MUSIC_PLAY", {"song": "dark roast"}, "not-said"),
    ("我要一杯大杯冰美式", "CLIMATE_ADJUST_TEMPERATURE", {"delta": -2}, "not-said"),
]


def _ground(grounder: Grounder, text: str, action: ProposedAction, tier: Tier = "llm") -> Grounded | Rejection:
    (found,) = grounder.ground(Proposal((action,), tier), text, detect(text), None)
    return found


@pytest.mark.parametrize(("text", "name", "parameters", "kept"), ACCEPTED)
def test_what_the_words_bear_out_passes(
    grounder: Grounder, text: str, name: str, parameters: dict[str, Any], kept: dict[str, Any]
) -> None:
    found = _ground(grounder, text, ProposedAction(name, parameters, 0.9))
    assert isinstance(found, Grounded)
    assert (found.action, found.confidence) == (Action(name, kept), 0.9)


@pytest.mark.parametrize(("text", "name", "parameters", "code"), REJECTED)
def test_what_they_do_not_is_rejected_with_its_reason(
    grounder: Grounder, text: str, name: str, parameters: dict[str, Any], code: str
) -> None:
    found = _ground(grounder, text, ProposedAction(name, parameters))
    assert isinstance(found, Rejection)
    assert found.code == code


def test_out_of_range_names_the_range_and_nothing_is_clamped(grounder: Grounder) -> None:
    found = _ground(grounder, "音量五百", ProposedAction("VOLUME_SET", {"volume": 500}), "phrasebook")
    assert isinstance(found, Rejection)
    assert (found.code, found.parameter, found.minimum, found.maximum) == ("out-of-range", "volume", 0, 100)


def test_a_binary_fraction_is_still_a_multiple(grounder: Grounder) -> None:
    found = _ground(grounder, "调频九十七点四", ProposedAction("RADIO_TUNE", {"frequency": 97.4}), "phrasebook")
    assert isinstance(found, Grounded)


def test_a_follow_up_may_carry_a_value_over(grounder: Grounder) -> None:
    last = Action("CLIMATE_SET_TEMPERATURE", {"temperature": 24, "zone": "rear"})
    action = ProposedAction("CLIMATE_SET_TEMPERATURE", {"temperature": 26, "zone": "rear"})
    (found,) = grounder.ground(Proposal((action,), "llm"), "还是二十六度吧", "zh", last)
    assert isinstance(found, Grounded)
    assert found.evidence == {"temperature": "said", "zone": "context"}


def test_each_of_several_actions_is_checked_on_its_own(grounder: Grounder) -> None:
    proposal = Proposal((ProposedAction("CLIMATE_ON", {}), ProposedAction("WINDOW_OPEN", {})), "llm")
    first, second = grounder.ground(proposal, "把空调弄起来，别开车窗", "zh", None)
    assert isinstance(first, Grounded)
    assert isinstance(second, Rejection)


def test_nearly_every_example_of_the_catalogue_passes_as_a_model_would_answer_it(
    grounder: Grounder, catalogue: Catalogue
) -> None:
    """A guard that refuses what it should let through is no use: at most one in twenty-five."""
    total, refused = 0, []
    for spec in catalogue.actions.values():
        for lang, examples in spec.examples.items():
            for example in examples:
                total += 1
                (found,) = grounder.ground(
                    Proposal((ProposedAction(spec.name, example.parameters),), "llm"), example.say, lang, None
                )
                if isinstance(found, Rejection) or dict(found.action.parameters) != dict(example.parameters):
                    refused.append((spec.name, example.say, found))
    assert len(refused) <= total / 25, refused


def test_random_actions_rarely_pass_on_rejected_sentences(grounder: Grounder, catalogue: Catalogue) -> None:
    """The model may answer anything to speech that only sounds like commands; one action in forty may survive."""
    tried = passed = 0
    for row in rows("rejections")[::3]:
        for spec in catalogue.actions.values():
            if not spec.writes or spec.required:
                continue
            tried += 1
            (found,) = grounder.ground(Proposal((ProposedAction(spec.name, {}),), "llm"), row.say, row.lang, None)
            passed += isinstance(found, Grounded)
    assert passed < tried / 40


SCALARS = st.one_of(
    st.booleans(), st.integers(-1000, 1000), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12)
)


@settings(max_examples=150)
@given(data=st.data(), tier=st.sampled_from(["llm", "phrasebook", "reflex"]), lang=st.sampled_from(["zh", "en"]))
def test_nothing_grounded_breaks_its_schema(
    grounder: Grounder, catalogue: Catalogue, data: st.DataObject, tier: Tier, lang: Lang
) -> None:
    spec = data.draw(st.sampled_from(sorted(catalogue.actions.values(), key=lambda each: each.name)))
    names = st.sampled_from([*spec.properties, "nonsense"])
    action = ProposedAction(spec.name, data.draw(st.dictionaries(names, SCALARS, max_size=4)))
    say = data.draw(st.sampled_from([each.say for each in spec.examples[lang]] or ["打开空调"]))
    for found in grounder.ground(Proposal((action,), tier), say, lang, None):
        if isinstance(found, Grounded):
            errors = Draft202012Validator(_thawed(spec.parameters)).iter_errors(dict(found.action.parameters))
            assert [error for error in errors if error.validator != "multipleOf"] == []
            assert set(found.action.parameters) <= set(spec.properties)


def _thawed(node: Any) -> Any:
    if hasattr(node, "items"):
        return {key: _thawed(value) for key, value in node.items()}
    return [_thawed(value) for value in node] if isinstance(node, list | tuple) else node


def _told(grounder: Grounder, confidence: float, *actions: str, said: str, taught: bool = True) -> list[bool]:
    proposed = tuple(ProposedAction(name, {}, confidence) for name in actions)
    found = grounder.ground(Proposal(proposed, "llm", taught), said, "en", None)
    return [isinstance(each, Grounded) for each in found]


def test_a_taught_model_that_is_sure_needs_no_word_of_the_files(grounder: Grounder) -> None:
    assert _told(grounder, SURE, "CLIMATE_ON", said="it is like an oven in here") == [True]
    assert _told(grounder, SURE - 0.01, "CLIMATE_ON", said="it is like an oven in here") == [False]
    assert _told(grounder, 1.0, "CLIMATE_ON", said="it is like an oven in here", taught=False) == [False]


def test_however_sure_a_question_a_negation_or_the_opposite_stays_refused(grounder: Grounder) -> None:
    assert _told(grounder, 1.0, "WINDOW_OPEN", said="is the window open?") == [False]
    assert _told(grounder, 1.0, "WINDOW_OPEN", said="don't open the window") == [False]
    assert _told(grounder, 1.0, "WINDOW_OPEN", said="close the window") == [False]


def test_a_sure_model_tells_a_polite_wish_from_a_question(grounder: Grounder) -> None:
    assert _told(grounder, 1.0, "WINDOW_OPEN", said="can we get the window down a bit") == [True]
    assert _told(grounder, SURE - 0.01, "WINDOW_OPEN", said="can we get the window down a bit") == [False]
    assert _told(grounder, 1.0, "WINDOW_OPEN", said="can we open the window while driving") == [False]


def test_the_question_may_be_another_actions(grounder: Grounder) -> None:
    said = "what's the range then open the window"
    assert _told(grounder, 1.0, "RANGE_REMAINING", "WINDOW_OPEN", said=said) == [True, True]
    assert _told(grounder, SURE - 0.01, "RANGE_REMAINING", "WINDOW_OPEN", said=said) == [True, False]
    assert _told(grounder, SURE - 0.01, "CLIMATE_ON", "WINDOW_OPEN", said="is the window open") == [False, False]
    own = "what's the range, is the window open"
    assert _told(grounder, 1.0, "RANGE_REMAINING", "WINDOW_OPEN", said=own) == [True, False]


def test_a_sure_model_may_read_a_not_or_a_question_as_a_wish_that_hurts_nobody(grounder: Grounder) -> None:
    for said in ("i don't want this one", "why is this song still on"):
        assert _told(grounder, SURE, "MUSIC_NEXT", said=said) == [True]
        assert _told(grounder, SURE - 0.01, "MUSIC_NEXT", said=said) == [False]
        assert _told(grounder, 1.0, "MUSIC_NEXT", said=said, taught=False) == [False]
    assert _told(grounder, SURE, "FATIGUE_ALERT", said="i can't keep my eyes open") == [True]
    assert _told(grounder, 1.0, "AIRBAG_OFF", said="why is the airbag not off") == [False]


def test_a_sure_model_may_read_a_refusal_as_a_wish_for_the_end(grounder: Grounder) -> None:
    for said in ("no sidelights", "i don't want the sidelights on", "i don't need the parking lights"):
        assert _told(grounder, SURE, "POSITION_LIGHTS_OFF", said=said) == [True]
        assert _told(grounder, 1.0, "POSITION_LIGHTS_ON", said=said) == [False]
    assert _told(grounder, SURE - 0.01, "POSITION_LIGHTS_OFF", said="no sidelights") == [False]
    assert _told(grounder, 1.0, "POSITION_LIGHTS_OFF", said="don't turn the sidelights off") == [False]


@pytest.mark.parametrize(
    ("said", "state", "kept"), [("don't talk me through it", "on", False), ("no more talking", "off", True)]
)
def test_nothing_is_switched_on_that_is_forbidden_alone(grounder: Grounder, said: str, state: str, kept: bool) -> None:
    action = ProposedAction("NAVIGATION_VOICE", {"mode": state}, 1.0, {})
    (found,) = grounder.ground(Proposal((action,), "llm", taught=True), said, "en", None)
    assert isinstance(found, Grounded) is kept


def test_an_artist_whose_song_it_is_was_said(grounder: Grounder) -> None:
    said = {"artist": "dolly parton", "song": "jolene"}
    proposal = Proposal((ProposedAction("MUSIC_PLAY", said, 0.95),), "llm", taught=True)
    (found,) = grounder.ground(proposal, "play dolly parton's jolene", "en", None)
    assert isinstance(found, Grounded)
    assert found.action.parameters == said


@pytest.mark.parametrize(
    ("lang", "said", "action", "value"),
    [
        ("zh", "明早六点二十喊我", "ALARM_SET", {"hour": 6, "minute": 20}),
        ("zh", "差五分七点叫我", "ALARM_SET", {"hour": 6, "minute": 55}),
        ("zh", "下午三点四十五响一下", "ALARM_SET", {"hour": 15, "minute": 45}),
        ("zh", "半夜十二点叫我", "ALARM_SET", {"hour": 0}),
        ("en", "get me up at six oh five", "ALARM_SET", {"hour": 6, "minute": 5}),
        ("en", "alarm for quarter to seven", "ALARM_SET", {"hour": 6, "minute": 45}),
        ("en", "ten to eight alarm please", "ALARM_SET", {"hour": 7, "minute": 50}),
        ("en", "an hour and twenty minutes on the timer", "TIMER_SET", {"minutes": 80}),
        ("en", "three quarters of an hour timer", "TIMER_SET", {"minutes": 45}),
        ("zh", "一小时二十分钟后喊我", "TIMER_SET", {"minutes": 80}),
        ("zh", "两个半小时倒计时", "TIMER_SET", {"minutes": 150}),
    ],
)
def test_times_may_be_put_together_from_what_was_said(
    grounder: Grounder, lang: Lang, said: str, action: str, value: dict[str, int]
) -> None:
    proposal = Proposal((ProposedAction(action, value, 0.95),), "llm", taught=True)
    (found,) = grounder.ground(proposal, said, lang, None)
    assert isinstance(found, Grounded), found
    assert found.action.parameters == value


@pytest.mark.parametrize(
    ("said", "action", "value"),
    [
        ("wake me at seven", "ALARM_SET", {"hour": 9}),
        ("wake me at seven", "ALARM_SET", {"hour": 0}),
        ("wake me at seven", "ALARM_SET", {"hour": 12}),
        ("alarm for quarter past seven", "ALARM_SET", {"hour": 6}),
        ("timer for ten minutes", "TIMER_SET", {"minutes": 25}),
    ],
)
def test_a_time_that_was_not_said_is_refused(grounder: Grounder, said: str, action: str, value: dict[str, int]) -> None:
    proposal = Proposal((ProposedAction(action, value, 1.0),), "llm", taught=True)
    (found,) = grounder.ground(proposal, said, "en", None)
    assert isinstance(found, Rejection)
    assert found.code == "not-said"


def test_minutes_that_were_not_said_are_left_out(grounder: Grounder) -> None:
    proposal = Proposal((ProposedAction("ALARM_SET", {"hour": 7, "minute": 20}, 1.0),), "llm", taught=True)
    (found,) = grounder.ground(proposal, "wake me at seven", "en", None)
    assert isinstance(found, Grounded)
    assert found.action.parameters == {"hour": 7}


def test_a_number_of_one_action_is_no_limit_of_another(grounder: Grounder) -> None:
    actions = (
        ProposedAction("RADIO_TUNE", {"frequency": 104}, 0.95),
        ProposedAction("VOLUME_ADJUST", {"delta": -10}, 0.95),
    )
    found = grounder.ground(Proposal(actions, "llm", taught=True), "收音机调到一百零四，声音小一点", "zh", None)
    assert all(isinstance(each, Grounded) for each in found), found


def test_what_is_looked_for_moves_nothing(grounder: Grounder) -> None:
    assert _told(grounder, 1.0, "MUSIC_PLAY", said="is there any music") == [True]
    assert _told(grounder, 1.0, "WINDOW_OPEN", said="is there a window open") == [False]


def test_the_off_of_one_action_is_no_word_against_another(grounder: Grounder) -> None:
    said = "quit the film and stick the interior light on"
    assert _told(grounder, 0.95, "VIDEO_STOP", "DOME_LIGHT_ON", said=said) == [True, True]


def test_its_own_clause_is_a_word_against_it(grounder: Grounder) -> None:
    said = "turn the mirror heating off, turn the interior light on"
    assert _told(grounder, 0.95, "MIRROR_HEATING_ON", "DOME_LIGHT_ON", said=said) == [False, True]
