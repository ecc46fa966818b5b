"""Numbers of both languages are found and read; units stand in the action files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.units import Lang
from cockpitd.nlu.numbers import find_numbers, read_at

ROWS: list[tuple[Lang, str, list[float], bool]] = [
    ("zh", "二十四", [24], False),
    ("zh", "24", [24], False),
    ("zh", "两度", [2], False),
    ("zh", "一百二十", [120], False),
    ("zh", "一百二", [120], False),
    ("zh", "一百零五", [105], False),
    ("zh", "十六", [16], False),
    ("zh", "五百", [500], False),
    ("zh", "一千二百", [1200], False),
    ("zh", "一万二", [12000], False),
    ("zh", "百分之三十", [30], True),
    ("zh", "30%", [30], True),
    ("zh", "一半", [50], True),
    ("zh", "四分之一", [25], True),
    ("zh", "再高半度", [0.5], False),
    ("zh", "开一半", [50], True),
    ("zh", "二十五点五度", [25.5], False),
    ("zh", "九十七点四", [97.4], False),
    ("zh", "九七点四", [97.4], False),
    ("zh", "97.4", [97.4], False),
    ("zh", "97点4", [97.4], False),
    ("zh", "六点二十", [6, 20], False),
    ("zh", "三点四十五", [3, 45], False),
    ("zh", "七点零五", [7, 5], False),
    ("zh", "九点五分", [9, 5], False),
    ("zh", "一点二十", [1, 20], False),
    ("zh", "7点20", [7, 20], False),
    ("zh", "一点五米", [1.5], False),
    ("zh", "一百点零五", [100.05], False),
    ("zh", "亮一点十分感谢", [10], False),
    ("zh", "零下五度", [-5], False),
    ("zh", "从二十到三十", [20, 30], False),
    ("zh", "再高一点", [], False),
    ("zh", "下一首", [], False),
    ("en", "twenty-four", [24], False),
    ("en", "twenty four degrees", [24], False),
    ("en", "a hundred and twenty", [120], False),
    ("en", "one hundred twenty", [120], False),
    ("en", "five hundred", [500], False),
    ("en", "ninety seven point four", [97.4], False),
    ("en", "ninety-seven point four fm", [97.4], False),
    ("en", "one oh one", [101], False),
    ("en", "thirty percent", [30], True),
    ("en", "30%", [30], True),
    ("en", "a half", [50], True),
    ("en", "half", [50], True),
    ("en", "up by half a degree", [0.5], False),
    ("en", "minus two", [-2], False),
    ("en", "twenty two and a half", [22.5], False),
    ("en", "two thousand and five", [2005], False),
    ("en", "make it a bit warmer", [], False),
    ("en", "someone often", [], False),
]


@pytest.mark.parametrize(("lang", "text", "values", "percent"), ROWS)
def test_numbers_are_read(lang: Lang, text: str, values: list[float], percent: bool) -> None:
    found = find_numbers(text, lang)
    assert [span.value for span in found] == values
    assert all(span.percent is percent for span in found)


def test_a_clock_time_can_be_read_without_its_fraction() -> None:
    assert 7.0 in [span.value for span in read_at("七点三十分", 0, "zh")]


def _say_zh(value: int) -> str:
    """Say 0..9999 in Mandarin, written independently of the reader."""
    if value == 0:
        return "零"
    out, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            out += ("零" if gap and out else "") + "零一二三四五六七八九"[digit] + name
            gap = False
        else:
            gap = True
    return out.removeprefix("一") if out.startswith("一十") else out


def _say_en(value: int) -> str:
    """Say 0..9999 in English, written independently of the reader."""
    small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    small += "sixteen seventeen eighteen nineteen".split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    if value < 20:
        return small[value]
    if value < 100:
        return tens[value // 10 - 2] + (f"-{small[value % 10]}" if value % 10 else "")
    unit, name = (100, "hundred") if value < 1000 else (1000, "thousand")
    rest = value % unit
    return f"{_say_en(value // unit)} {name}" + (f" and {_say_en(rest)}" if rest else "")


@given(st.integers(0, 9999))
def test_a_number_said_in_mandarin_comes_back(value: int) -> None:
    assert [span.value for span in find_numbers(_say_zh(value), "zh")] == [value]


@given(st.integers(0, 9999))
def test_a_number_said_in_english_comes_back(value: int) -> None:
    assert [span.value for span in find_numbers(_say_en(value), "en")] == [value]


@given(st.text(alphabet="一二十百千万点半零下负%分之度 123.abc", max_size=20), st.sampled_from(["zh", "en"]))
def test_junk_never_raises(text: str, lang: Lang) -> None:
    for span in find_numbers(text, lang):
        assert 0 <= span.start < span.end <= len(text)
