"""Syllables, their confusions, and one syllable per character whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.nlu.pinyin import fold, key, readings, syllables


@pytest.mark.parametrize(("one", "other"), [("月毒灯", "阅读灯"), ("兰色", "蓝色"), ("播方", "播放")])
def test_what_sounds_alike_has_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("zhang", "zan"), ("shi", "si"), ("nan", "lan"), ("fei", "hei"), ("qu", "qi")]
)
def test_usual_confusions_fold_together(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("kai", "guan"), ("da", "tai"), ("sheng", "jiang"), ("gao", "di")])
def test_opposites_never_fold_together(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_rare_readings_are_not_used() -> None:
    assert readings("大") == {"da"}
    assert readings("调") == {"tiao", "diao"}


@given(st.text(max_size=30))
def test_every_character_has_exactly_one_syllable(text: str) -> None:
    assert len(syllables(text)) == len(text)
