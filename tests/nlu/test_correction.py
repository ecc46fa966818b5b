"""Corrections within a sentence are found, and song titles with a "no" in them are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.units import Lang
from cockpitd.nlu.correction import Correction, find, splices, without_head

FOUND: list[tuple[Lang, str, tuple[str, str]]] = [
    ("zh", "二十六度，不对，二十四度", ("二十六度", "二十四度")),
    ("zh", "打开车窗不对打开天窗", ("打开车窗", "打开天窗")),
    ("zh", "音量三十，说错了，四十", ("音量三十", "四十")),
    ("en", "26 degrees no wait 24 degrees", ("26 degrees", "24 degrees")),
    ("en", "open the window, i mean the sunroof", ("open the window", "the sunroof")),
    ("en", "volume twenty, sorry, thirty", ("volume twenty", "thirty")),
    ("en", "volume twenty no thirty", ("volume twenty", "thirty")),
]
HEADS: list[tuple[Lang, str, str]] = [
    ("zh", "不对，是二十六度", "二十六度"),
    ("zh", "不对二十六度", "二十六度"),
    ("en", "no, 26 degrees", "26 degrees"),
    ("en", "no i meant 26", "26"),
    ("zh", "不要", "不要"),
    ("zh", "不对", "不对"),
    ("en", "no", "no"),
]


@pytest.mark.parametrize(("lang", "text", "halves"), FOUND)
def test_a_correction_is_found(lang: Lang, text: str, halves: tuple[str, str]) -> None:
    found = find(text, lang)
    assert found is not None
    assert (found.before, found.after) == halves


@pytest.mark.parametrize(("lang", "text"), [("zh", "打开车窗"), ("zh", "不对"), ("en", "play the piano"), ("en", "no")])
def test_other_sentences_have_none(lang: Lang, text: str) -> None:
    assert find(text, lang) is None


@pytest.mark.parametrize(("lang", "text", "rest"), HEADS)
def test_an_opening_correction_mends_the_turn_before(lang: Lang, text: str, rest: str) -> None:
    assert without_head(text, lang) == rest


def test_the_value_is_replaced_before_the_tail_is() -> None:
    found = Correction("副驾二十六度", "二十四度", strong=True)
    assert splices(found, ((2, 5),), "zh")[:2] == ["副驾二十四度度", "副驾二十四度"]


@given(st.text(alphabet="不对是错了，二十度 no wait,i mean26", max_size=30), st.sampled_from(["zh", "en"]))
def test_junk_never_raises(text: str, lang: Lang) -> None:
    found = find(text, lang)
    assert found is None or (found.before and found.after)
    assert text == "" or isinstance(without_head(text, lang), str)
