"""Sentences that two actions would both answer to, and those that only look alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cockpitd import catalogue
from cockpitd.catalogue.source import Problem
from tests.catalogue.samples import FAN, fan, write_catalogue

TEXT = {"type": "object", "properties": {"song": {"type": "string", "maxLength": 40}}}
GEAR = {"type": "object", "properties": {"gear": {"type": "integer", "minimum": 1, "maximum": 3}}}


def action(number: int, zh: str, en: str, **changes: Any) -> dict[str, Any]:
    """An action that hears one phrase in each language."""
    plain = {
        "action": f"TEST_{number}",
        "parameters": {"type": "object", "properties": {}},
        "writes": [{"signal": FAN, "value": number}],
        "phrases": {"zh": [zh], "en": [en]},
        "follow_ups": None,
        "examples": {"zh": [{"say": f"例子{number}"}], "en": [{"say": f"example {number}"}]},
    }
    return fan(**{**plain, **changes})


def problems(tmp_path: Path, *actions: dict[str, Any]) -> list[Problem]:
    return list(catalogue.examine(write_catalogue(tmp_path, *actions), phrases=True).problems)


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("开灯", "开灯", "开灯"),
        ("[请]开灯", "开(灯|窗)", "开灯"),
        ("[把]窗[户](打开|关上)", "[把][车]窗[子]打开", "窗打开"),
        ("打 开 灯", "打开灯", "打 开 灯"),
        ("[一][二][三][四][五][六][七][八]九", "[八]九", "九"),
    ],
)
def test_a_sentence_of_both_is_found(tmp_path: Path, one: str, other: str, sentence: str) -> None:
    found = problems(tmp_path, action(1, other, "one"), action(2, one, "two"))
    assert [problem.code for problem in found] == ["catalogue-phrase-overlap"]
    assert found[0].file.endswith("action1.yaml")
    assert found[0].key == "phrases.zh.0"
    assert repr(sentence) in found[0].message
    assert "TEST_1" in found[0].message


def test_case_spaces_and_marks_do_not_tell_english_phrases_apart(tmp_path: Path) -> None:
    found = problems(tmp_path, action(1, "一", "It's Too Loud"), action(2, "二", "its [too] loud"))
    assert [problem.code for problem in found] == ["catalogue-phrase-overlap"]


@pytest.mark.parametrize(
    ("one", "other"), [("开灯", "关灯"), ("开[前]灯", "开后灯"), ("(打|掀)开窗", "(关|合)上窗"), ("开灯", "开灯了")]
)
def test_different_sentences_are_left_alone(tmp_path: Path, one: str, other: str) -> None:
    assert problems(tmp_path, action(1, one, "one"), action(2, other, "two")) == []


def test_two_numbers_in_the_same_place_collide(tmp_path: Path) -> None:
    one = action(1, "{gear}档", "one", parameters=GEAR)
    two = action(2, "[第]{gear}档", "two", parameters=GEAR)
    assert [problem.code for problem in problems(tmp_path, one, two)] == ["catalogue-phrase-overlap"]


def test_the_words_of_an_enum_collide_with_words(tmp_path: Path) -> None:
    names = {"driver": {"zh": ["主驾"], "en": ["driver"]}}
    seat = {"type": "object", "properties": {"seat": {"type": "string", "enum": ["driver"], "names": names}}}
    found = problems(tmp_path, action(1, "{seat}吹风", "one", parameters=seat), action(2, "主驾吹风", "two"))
    assert [problem.code for problem in found] == ["catalogue-phrase-overlap"]
    assert "'主驾吹风'" in found[0].message


def test_free_text_gives_way_to_exact_words(tmp_path: Path) -> None:
    text = action(1, "播放{song}", "play {song}", parameters=TEXT)
    assert problems(tmp_path, text, action(2, "播放广播", "play the radio")) == []


def test_two_free_texts_in_the_same_place_collide(tmp_path: Path) -> None:
    one = action(1, "播放{song}", "one", parameters=TEXT)
    two = action(2, "[请]播放{song}", "two", parameters=TEXT)
    assert [problem.code for problem in problems(tmp_path, one, two)] == ["catalogue-phrase-overlap"]


def test_reflex_phrases_count_too(tmp_path: Path) -> None:
    reflex = action(1, "一", "one", reflex={"zh": ["停"], "en": []}, **{"class": "safety"})
    assert [problem.code for problem in problems(tmp_path, reflex, action(2, "停[下]", "two"))] == [
        "catalogue-phrase-overlap"
    ]


@pytest.mark.parametrize(("topic", "expected"), [("fan", ["catalogue-phrase-overlap"]), ("light", [])])
def test_follow_ups_collide_only_within_a_topic(tmp_path: Path, topic: str, expected: list[str]) -> None:
    follow_ups = {"zh": ["再大[一]点"], "en": []}
    one = action(1, "一", "one", follow_ups=follow_ups, topic="fan")
    two = action(2, "二", "two", follow_ups=follow_ups, topic=topic)
    assert [problem.code for problem in problems(tmp_path, one, two)] == expected


def test_a_follow_up_may_be_a_phrase_of_another_action(tmp_path: Path) -> None:
    one = action(1, "一", "one", follow_ups={"zh": ["再来"], "en": []})
    assert problems(tmp_path, one, action(2, "再来", "two")) == []


def test_an_example_that_another_action_takes_is_found(tmp_path: Path) -> None:
    examples = {"zh": [{"say": "请开到二十五档"}], "en": [{"say": "no phrase of anyone"}]}
    found = problems(
        tmp_path, action(1, "[请]开到{gear}档", "one", parameters=GEAR), action(2, "二", "two", examples=examples)
    )
    assert [problem.code for problem in found] == ["catalogue-example-overlap"]
    assert found[0].key == "examples.zh.0"


def test_an_example_that_its_own_phrase_takes_more_exactly_is_fine(tmp_path: Path) -> None:
    examples = {"zh": [{"say": "播放广播"}], "en": [{"say": "no phrase of anyone"}]}
    text = action(1, "播放{song}", "play {song}", parameters=TEXT)
    assert problems(tmp_path, text, action(2, "播放广播", "play the radio", examples=examples)) == []


def test_phrases_with_very_many_forms_are_compared_whole(tmp_path: Path) -> None:
    many = "".join(
        f"[{char}|{other}]" for char, other in zip("一二三四五六七八九十", "甲乙丙丁戊己庚辛壬癸", strict=True)
    )
    found = problems(tmp_path, action(1, f"{many}灯", "one"), action(2, "甲二丙四戊六庚八壬十灯", "two"))
    assert [problem.code for problem in found] == ["catalogue-phrase-overlap"]
