"""Words for on, off, open, close, up and down, and the everyday words that only contain them."""

from __future__ import annotations

import pytest

from cockpitd.domain.actions import Polarity
from cockpitd.domain.units import Lang
from cockpitd.nlu.polarity import ceases, contradicts

AGAINST: list[tuple[Lang, str, Polarity]] = [
    ("zh", "把空调关了", "on"),
    ("zh", "打开空调", "off"),
    ("zh", "车窗关上", "open"),
    ("zh", "车窗打开", "close"),
    ("zh", "温度调低", "up"),
    ("zh", "声音大一点", "down"),
    ("en", "turn the lights off", "on"),
    ("en", "turn on the lights", "off"),
    ("en", "close the sunroof", "open"),
    ("en", "unlock the doors", "close"),
    ("en", "turn it down", "up"),
    ("en", "make it louder", "down"),
]
NOT_AGAINST: list[tuple[Lang, str, Polarity]] = [
    ("zh", "我在开车，关窗", "close"),
    ("zh", "打开关于天气的节目", "on"),
    ("zh", "声音太小了", "up"),
    ("zh", "把开着的灯关掉", "off"),
    ("zh", "导航到海关大楼", "on"),
    ("zh", "空调", "on"),
    ("en", "the music is too loud", "down"),
    ("en", "what's on the radio", "off"),
    ("en", "head home on the highway", "off"),
    ("en", "anything at all", "none"),
]


@pytest.mark.parametrize(("lang", "text", "polarity"), AGAINST)
def test_the_opposite_is_a_contradiction(lang: Lang, text: str, polarity: Polarity) -> None:
    assert contradicts(text, lang, polarity)


@pytest.mark.parametrize(("lang", "text", "polarity"), NOT_AGAINST)
def test_everything_else_is_not(lang: Lang, text: str, polarity: Polarity) -> None:
    assert not contradicts(text, lang, polarity)


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("zh", "不用空调了", True),
        ("zh", "别吹玻璃了", True),
        ("zh", "别关空调了", False),
        ("zh", "不要停了", False),
        ("zh", "打开空调", False),
        ("en", "i don't need the heater any more", True),
        ("en", "no more music", True),
        ("en", "open the window", False),
    ],
)
def test_a_wish_for_an_end_is_told_from_a_prohibition(lang: Lang, text: str, expected: bool) -> None:
    assert ceases(text, lang) is expected
