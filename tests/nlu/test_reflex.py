"""Reflexes answer exact, misheard, repeated and clipped phrases, and never the opposite."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.template import parse
from cockpitd.domain.units import LANGS, Lang
from cockpitd.nlu.language import detect
from cockpitd.nlu.reflex import Reflex

ROWS = [
    ("停", "ASSISTANT_STOP"),
    ("停！停！停！", "ASSISTANT_STOP"),
    ("停止", "ASSISTANT_STOP"),
    ("挺直", "ASSISTANT_STOP"),
    ("取消", "ASSISTANT_CANCEL"),
    ("嗯，确认", "ASSISTANT_CONFIRM"),
    ("开灯", "HEADLIGHTS_ON"),
    ("开灯开灯开灯", "HEADLIGHTS_ON"),
    ("请帮我开灯吧", "HEADLIGHTS_ON"),
    ("打开灯光", "HEADLIGHTS_ON"),
    ("开大灯", "HEADLIGHTS_ON"),
    ("大开大灯", "HEADLIGHTS_ON"),
    ("锁上车门", "DOORS_LOCK"),
    ("紧急呼叫", "EMERGENCY_CALL"),
    ("静音", "VOLUME_MUTE"),
    ("stop", "ASSISTANT_STOP"),
    ("Stop, stop, stop!", "ASSISTANT_STOP"),
    ("uh cancel please", "ASSISTANT_CANCEL"),
    ("lights on", "HEADLIGHTS_ON"),
    ("turn on the headlights now", "HEADLIGHTS_ON"),
    ("undo", "ASSISTANT_UNDO"),
    ("call emergency", "EMERGENCY_CALL"),
]
NOTHING = [
    "关灯",
    "关闭大灯",
    "别开灯",
    "开灯？",
    "大灯开着吗",
    "取消导航",
    "停车场在哪",
    "窗户",
    "打开",
    "",
    "今天天气不错",
    "headlights off",
    "don't turn on the headlights",
    "the music",
    "stop at the next petrol station",
]


@pytest.mark.parametrize(("text", "action"), ROWS)
def test_a_reflex_answers(reflex: Reflex, text: str, action: str) -> None:
    found = reflex.match(text, detect(text))
    assert found is not None
    assert [each.name for each in found.actions] == [action]
    assert found.tier == "reflex"


@pytest.mark.parametrize("text", NOTHING)
def test_anything_else_is_left_to_the_next_tier(reflex: Reflex, text: str) -> None:
    assert reflex.match(text, detect(text)) is None


def test_every_reflex_phrase_of_the_catalogue_answers_for_its_own_action(reflex: Reflex, catalogue: Catalogue) -> None:
    wrong = [
        (plain, spec.name)
        for spec in catalogue.actions.values()
        for lang in LANGS
        for phrase in spec.reflex.get(lang, ())
        for plain in parse(phrase.say).expand(50)
        if (found := reflex.match(plain, lang)) is None or found.actions[0].name != spec.name
    ]
    assert wrong == []


def test_a_look_up_takes_less_than_a_millisecond(reflex: Reflex) -> None:
    start = time.process_time()
    for number in range(200):
        reflex.match(f"请帮我把第{number}个阅读灯打开", "zh")
    assert (time.process_time() - start) / 200 < 0.001


@given(text=st.text(max_size=40), lang=st.sampled_from(["zh", "en"]))
def test_junk_never_raises(reflex: Reflex, text: str, lang: Lang) -> None:
    found = reflex.match(text, lang)
    assert found is None or len(found.actions) == 1
