"""What is made of whisper's tokens: what cannot have been said is dropped, loops are cut, noise stays silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.adapters._whisper_text import Segment, confidence, doubtful, segments, spoken, traditional_only, unlooped

T0 = 1_000


def test_tokens_are_cut_at_their_timestamps() -> None:
    tokens = [T0, 1, 2, T0 + 100, T0 + 100, 3, T0 + 250]
    assert segments(tokens, T0) == [Segment(0.0, (1, 2)), Segment(2.0, (3,))]


def test_an_unfinished_segment_counts() -> None:
    assert segments([T0, 1], T0) == [Segment(0.0, (1,))]


def test_a_sentence_after_the_end_of_the_sound_was_not_said() -> None:
    found = [Segment(0.0, (1,)), Segment(2.0, (1,)), Segment(4.0, (1,))]
    assert spoken(found, 2.1) == [Segment(0.0, (1,))]
    assert spoken(found, 3.5) == found[:2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Turn on the light.", "Turn on the light."),
        ("play some music. Play some music. Play some music.", "play some music"),
        ("外面多少度外面多少度外面多少度", "外面多少度"),
        ("打开车窗，打开车窗。", "打开车窗"),
        ("再高一点再高一点", "再高一点再高一点"),
        ("twenty two", "twenty two"),
        ("no no", "no no"),
        ("拨打一三八八八八", "拨打一三八八八八"),
        ("room, town, room, town, room, town, room, town, and the", None),
        ("", ""),
    ],
)
def test_loops_are_cut_and_speech_is_not(text: str, expected: str | None) -> None:
    assert unlooped(text) == expected


@given(st.text(max_size=80))
def test_cutting_never_adds(text: str) -> None:
    cut = unlooped(text)
    assert cut is None or cut in text


def test_doubt_needs_both_signs_or_a_bad_one() -> None:
    assert doubtful(0.83, -1.15)
    assert not doubtful(0.7, -0.93)
    assert not doubtful(0.1, -1.2)
    assert doubtful(0.1, -1.4)


def test_confidence_is_a_probability() -> None:
    assert confidence(0.1) == 1.0
    assert 0 < confidence(-2.0) < 0.2


def test_traditional_characters_are_known_by_their_absence() -> None:
    assert [c for c in "開阅讀灯燈aé" if traditional_only(c)] == ["開", "讀", "燈"]
