"""Numbers as they are said, and the words around them: everything is read back as it was meant."""

from __future__ import annotations

from random import Random

import pytest

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.template import parse
from cockpitd.domain.units import LANGS, Lang
from cockpitd.nlu.numbers import find_numbers
from cockpitd.training.data import data_directory
from cockpitd.training.fill import fill
from cockpitd.training.lexicon import Lexicons, load_lexicons
from cockpitd.training.noise import Mishearing
from cockpitd.training.patterns import Family
from cockpitd.training.spoken import forms, is_share, means
from cockpitd.training.surface import beside, typeset, vary
from cockpitd.training.utterance import Call, Piece


@pytest.fixture(scope="module")
def lexicons() -> Lexicons:
    return load_lexicons(data_directory() / "lexicons")


@pytest.mark.parametrize(
    ("value", "lang", "expected"),
    [
        (24, "zh", {"24", "二十四"}),
        (24.5, "zh", {"24.5", "二十四点五", "二四点五"}),
        (30, "zh", {"30", "三十", "百分之三十", "30%", "百分之30"}),
        (50, "zh", {"一半", "百分之五十"}),
        (105, "zh", {"一百零五"}),
        (24, "en", {"24", "twenty four", "twenty-four"}),
        (97.4, "en", {"97.4", "ninety seven point four"}),
        (50, "en", {"a half", "half", "fifty percent", "50 percent"}),
        (120, "en", {"a hundred and twenty", "one hundred twenty"}),
        (2.5, "en", {"two and a half", "two point five"}),
    ],
)
def test_the_usual_forms_are_there(value: float, lang: Lang, expected: set[str]) -> None:
    assert expected <= set(forms(value, lang, share=True))


@pytest.mark.parametrize("lang", LANGS)
def test_every_form_reads_back(lang: Lang) -> None:
    for number in range(-40, 401):
        for value in (number, number / 2, number / 10 + 87.5):
            said = forms(value, lang, share=0 <= value <= 100)
            assert said or value < 0, value
            assert all(means(each, lang) == value for each in said)


def test_a_share_is_said_only_where_one_is_meant() -> None:
    assert not any(is_share(each, "zh") for each in forms(50, "zh"))
    assert is_share("百分之五十", "zh")
    assert is_share("half", "en")


def family(catalogue: Catalogue, action: str, lang: Lang, say: str) -> Family:
    return Family("test:0", lang, parse(say), (Call(catalogue.actions[action], {}),))


def test_a_taken_back_number_is_not_drawn(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "SEAT_MEMORY", "zh", "座椅记忆二不对{slot}号")
    found = [fill(wanted, lexicons, Random(seed)) for seed in range(40)]  # noqa: S311
    assert {each.calls[0].parameters["slot"] for each in found if each} == {1, 3}


def test_numbers_stay_in_range_and_are_said(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "VOLUME_ADJUST", "en", "turn it up by {delta}")
    for seed in range(60):
        said = fill(wanted, lexicons, Random(seed))  # noqa: S311
        assert said is not None
        delta = said.calls[0].parameters["delta"]
        assert isinstance(delta, int)
        assert 0 < delta <= 100
        assert delta in {span.value for span in find_numbers(said.text(), "en")}


def test_a_time_fits_its_preposition(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "REMINDER_SET", "en", "remind me in {when} to {text}")
    spans = [fill(wanted, lexicons, Random(seed)) for seed in range(30)]  # noqa: S311
    assert not any("tomorrow" in str(each.calls[0].parameters["when"]) for each in spans if each)


def test_artist_and_song_belong_together(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "MUSIC_PLAY", "zh", "播放{artist}的{song}")
    works = {(work.artist, work.title) for work in lexicons.songs["zh"]}
    for seed in range(40):
        said = fill(wanted, lexicons, Random(seed))  # noqa: S311
        assert said is None or (said.calls[0].parameters["artist"], said.calls[0].parameters["song"]) in works


def test_noise_and_style_leave_the_values_alone(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "NAVIGATE_TO", "zh", "麻烦帮我规划一条到{destination}的路线")
    mishearing = Mishearing.of(["麻烦帮我规划一条到的路线马反帮窝归化议条道得录现"])
    changed = 0
    for seed in range(40):
        rng = Random(seed)  # noqa: S311
        said = fill(wanted, lexicons, rng)
        assert said is not None
        garbled = mishearing.mishear(said, rng)
        changed += garbled is not None
        shown = typeset(vary(garbled or said, rng), rng)
        assert str(said.calls[0].parameters["destination"]) in shown.text()
        assert shown.meant()[0][1] == said.calls[0].parameters
    assert changed > 20


def test_lower_case_reaches_the_free_text(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "MUSIC_PLAY", "en", "play {song} by {artist}")
    for seed in range(30):
        said = fill(wanted, lexicons, Random(seed))  # noqa: S311
        assert said is not None
        shown = typeset(said, Random(seed))  # noqa: S311
        assert all(str(value) in shown.text() for _, values in shown.meant() for value in values.values())


def test_spaces_stand_between_latin_words_only(catalogue: Catalogue, lexicons: Lexicons) -> None:
    said = fill(family(catalogue, "MUSIC_PLAY", "zh", "把 AC 的 country music 打开"), lexicons, Random(1))  # noqa: S311
    assert said is not None
    assert said.text() == "把AC的country music打开"
    assert said.with_pieces(Piece("Turn "), Piece("  it"), Piece(" on .")).text() == "Turn it on."


def test_lexicons_are_wide(lexicons: Lexicons) -> None:
    for lang in LANGS:
        assert len(set(lexicons.words[lang]["song"])) >= 250
        assert len(set(lexicons.words[lang]["artist"])) >= 70
        for name, many in (("destination", 400), ("contact", 300), ("poi", 80), ("task", 50), ("part", 60)):
            drawn = {lexicons.draw(name, lang, Random(seed)) for seed in range(1500)}  # noqa: S311
            assert len(drawn) >= many, (name, lang, len(drawn))


def test_a_clause_without_weight_never_stands_behind_a_free_text(catalogue: Catalogue, lexicons: Lexicons) -> None:
    wanted = family(catalogue, "NAVIGATE_TO", "en", "take me to {destination}")
    for seed in range(30):
        said = fill(wanted, lexicons, Random(seed))  # noqa: S311
        assert said is not None
        assert beside(said, "we're nearly there", Random(seed)).text().startswith("we're nearly there, take me to ")  # noqa: S311
