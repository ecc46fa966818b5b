"""Fillers, names called, politeness and repetition go; what was meant stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.units import Lang
from cockpitd.nlu.language import detect
from cockpitd.nlu.normalize import normalize

ROWS: list[tuple[Lang, str, str]] = [
    ("zh", "嗯，那个，帮我打开空调吧", "打开空调"),
    ("zh", "能不能帮我把车窗打开", "把车窗打开"),
    ("zh", "可以帮我打开车窗吗？", "打开车窗"),
    ("zh", "请问可以帮我打开车窗吗", "打开车窗"),
    ("zh", "给我妈打电话", "给我妈打电话"),
    ("zh", "帮我妈打个电话", "帮我妈打个电话"),
    ("zh", "给我打开天窗", "打开天窗"),
    ("zh", "开灯！开灯！", "开灯"),
    ("zh", "停停停", "停"),
    ("zh", "打开 空调", "打开空调"),
    ("zh", "播放Taylor Swift 的 Love Story。", "播放taylor swift的love story"),
    ("zh", "小车小车，打开空调", "打开空调"),
    ("zh", "二十六度，不对，二十四度", "二十六度，不对，二十四度"),
    ("zh", "麻烦你把音量调小一点谢谢", "把音量调小一点"),
    ("zh", "播放天天", "播放天天"),
    ("zh", "温度25℃", "温度25度"),
    ("zh", "二十五度半", "二十五点五度"),
    ("en", "Uh, maybe open the window a bit, please.", "open the window a bit"),
    ("en", "Hey car, turn on the A/C", "turn on the ac"),
    ("en", "could you please open the sunroof?", "open the sunroof"),
    ("en", "Stop, stop, stop!", "stop"),
    ("en", "26 degrees, no, 24 degrees", "26 degrees, no, 24 degrees"),
    ("en", "turn of the lights", "turn off the lights"),
    ("en", "play don't stop believin'", "play don't stop believin'"),
    ("en", "Can you turn the volume up for me?", "turn the volume up"),
    ("en", "call Dr. Smith", "call dr smith"),
    ("en", "okay", "okay"),
]


@pytest.mark.parametrize(("lang", "text", "plain"), ROWS)
def test_the_plain_form_keeps_what_was_meant(lang: Lang, text: str, plain: str) -> None:
    assert normalize(text, lang) == plain


@pytest.mark.parametrize("row", ROWS)
def test_the_language_is_told_by_one_chinese_character(row: tuple[Lang, str, str]) -> None:
    assert detect(row[1]) == row[0]


@given(st.text(max_size=60), st.sampled_from(["zh", "en"]))
def test_normalising_twice_changes_nothing(text: str, lang: Lang) -> None:
    once = normalize(text, lang)
    assert normalize(once, lang) == once


@given(st.lists(st.sampled_from([*"开灯请帮我嗯啊停吧吗，的 那个"]), max_size=16).map("".join))
def test_normalising_command_like_mandarin_twice_changes_nothing(text: str) -> None:
    once = normalize(text, "zh")
    assert normalize(once, "zh") == once


@given(
    st.lists(st.sampled_from("please could you open the window stop no uh um , hey car now".split()), max_size=14).map(
        " ".join
    )
)
def test_normalising_command_like_english_twice_changes_nothing(text: str) -> None:
    once = normalize(text, "en")
    assert normalize(once, "en") == once


@pytest.mark.parametrize(
    ("text", "plain"), [("打開車窗", "打开车窗"), ("今天天氣怎麼樣", "今天天气怎么样"), ("開著嗎", "开着吗")]
)
def test_traditional_characters_become_simplified(text: str, plain: str) -> None:
    assert normalize(text, "zh") == plain
