"""Phrases and slots on a small catalogue of their own; the shipped phrases stand in test_phrasebook."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cockpitd.domain.actions import ActionSpec, Catalogue, Phrase
from cockpitd.domain.units import Lang
from cockpitd.nlu.language import detect
from cockpitd.nlu.phrasebook import Phrasebook

BLANK = ActionSpec(
    name="",
    domain="test",
    title={"zh": "", "en": ""},
    klass="command",
    risk="reversible",
    confirm=False,
    ttl_ms=1000,
    parameters={"type": "object", "properties": {}},
    writes=(),
    reads={},
    readback=False,
    phrases={"zh": (), "en": ()},
    replies={},
    examples={"zh": (), "en": ()},
)


def _spec(name: str, properties: dict[str, Any], zh: list[str], en: list[str]) -> ActionSpec:
    phrases: dict[Lang, tuple[Phrase, ...]] = {"zh": tuple(map(Phrase, zh)), "en": tuple(map(Phrase, en))}
    return replace(BLANK, name=name, parameters={"type": "object", "properties": properties}, phrases=phrases)


def _book(*specs: ActionSpec) -> Phrasebook:
    return Phrasebook(Catalogue({spec.name: spec for spec in specs}, {}, {"zh": {}, "en": {}}))


SIDE = {
    "type": "string",
    "enum": ["left", "right"],
    "names": {"left": {"zh": ["左", "左边"], "en": ["left", "left side"]}},
}
POT = _spec(
    "POT_HEAT",
    {
        "level": {"type": "integer", "minimum": 1, "maximum": 9},
        "share": {"type": "number", "unit": "percent"},
        "side": SIDE,
    },
    ["[把]{side}[的]锅加热[到](第{level}档|{share})", "锅(热|烫)一点"],
    ["heat [the] {side} pot to ({share}|level {level})", "it's cold in the pot"],
)
NOTE = _spec(
    "NOTE_TAKE",
    {"text": {"type": "string", "maxLength": 80}, "to": {"type": "string"}},
    ["记下{text}"],
    ["note {text} for {to}"],
)
TWIN = _spec("TWIN_A", {}, ["双胞胎来了"], ["twins here"])


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("把左边的锅加热到第三档", {"side": "left", "level": 3}),
        ("左锅加热百分之三十", {"side": "left", "share": 30}),
        ("左边锅加热到一半", {"side": "left", "share": 50}),
        ("heat the left side pot to level seven", {"side": "left", "level": 7}),
        ("please heat left pot to 30%", {"side": "left", "share": 30}),
        ("heat the right pot to half", {"side": "right", "share": 50}),
        ("it is cold in the pot", {}),
        ("那个锅烫一点吧", {}),
    ],
)
def test_slots_are_read_by_their_schema(text: str, parameters: dict[str, Any]) -> None:
    found = _book(POT).match(text, detect(text))
    assert found is not None
    assert dict(found.actions[0].parameters) == parameters


@pytest.mark.parametrize(
    "text",
    [
        "左锅加热",
        "左锅加热第三",
        "上边的锅加热到第三档",
        "heat the left pot",
        "it's cold in the pot today",
        "左锅加热到第百分之三十档",
    ],
)
def test_only_the_whole_utterance_counts(text: str) -> None:
    assert _book(POT).match(text, detect(text)) is None


def test_a_free_text_stops_at_the_next_fixed_word_and_names_something() -> None:
    book = _book(NOTE)
    found = book.match("note buy the milk for anna", "en")
    assert found is not None
    assert dict(found.actions[0].parameters) == {"text": "buy the milk", "to": "anna"}
    assert book.match("note it for anna", "en") is None


def test_two_actions_with_the_same_phrase_are_ambiguous_and_nothing_is_proposed() -> None:
    assert _book(TWIN).match("双胞胎来了", "zh") is not None
    assert _book(TWIN, replace(TWIN, name="TWIN_B")).match("双胞胎来了", "zh") is None


def test_a_new_action_file_needs_nothing_else() -> None:
    book = _book(POT, NOTE, _spec("KETTLE_BOIL", {}, ["烧[一]壶水"], ["boil [the] kettle"]))
    for text in ("烧一壶水", "烧壶水", "boil the kettle", "could you boil the kettle please"):
        found = book.match(text, detect(text))
        assert found is not None
        assert found.actions[0].name == "KETTLE_BOIL"


def test_a_hostile_phrase_and_text_end_in_time() -> None:
    nasty = _spec("NASTY", {}, ["[啊][啊][啊]" * 12 + "锅"], ["[a b]" * 30 + " pot"])
    assert _book(nasty).match("啊" * 60 + "盆", "zh") is None
    assert _book(nasty).match("a b " * 60 + "pan", "en") is None
