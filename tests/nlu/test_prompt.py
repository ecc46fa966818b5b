"""What is put before the language model: the fixed beginning, the nearest examples, one prompt per wish."""

from __future__ import annotations

import pytest

from cockpitd.domain.actions import ActionSpec, Catalogue, Example, Phrase
from cockpitd.domain.units import Lang
from cockpitd.nlu.prompt import PromptBook, in_digits, in_words
from cockpitd.nlu.shots import ShotIndex


@pytest.fixture(scope="module")
def book(catalogue: Catalogue) -> PromptBook:
    return PromptBook(catalogue)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_beginning_never_changes_and_shows_how_to_decline(lang: Lang, book: PromptBook) -> None:
    first, second = (book.prompts(text, lang, "", 3)[0] for text in ("打开空调", "play some jazz"))
    assert first.prefix == second.prefix == book.prefix(lang)
    assert '"ASSISTANT_NOT_FOR_ME"' in first.prefix
    assert '"ASSISTANT_NOT_SUPPORTED"' in first.prefix


@pytest.mark.parametrize(
    ("lang", "text", "action"),
    [
        ("zh", "我想听一会儿陈奕迅的歌", "MUSIC_PLAY"),
        ("zh", "后排温度给我弄到二十二度", "CLIMATE_SET_TEMPERATURE"),
        ("zh", "找一家最近的咖啡馆歇歇", "NAVIGATE_NEAREST"),
        ("en", "the back seats should be at 21 degrees", "CLIMATE_SET_TEMPERATURE"),
        ("en", "would you shut all of the windows", "WINDOW_CLOSE"),
        ("en", "please call my sister on her phone", "PHONE_CALL"),
    ],
)
def test_the_action_meant_is_among_the_shots(lang: Lang, text: str, action: str, book: PromptBook) -> None:
    prompt = book.prompts(text, lang, "", 3)[0]
    assert f'"{action}"' in prompt.tail
    assert prompt.leanings[action] > -2.0


def test_the_most_alike_shot_stands_right_before_the_utterance(catalogue: Catalogue) -> None:
    shots = ShotIndex(catalogue, "en").nearest("close all the windows now", 3)
    assert [shot.likeness for shot in shots] == sorted(shot.likeness for shot in shots)
    assert shots[-1].action == "WINDOW_CLOSE"


def test_a_shot_carries_the_value_that_was_said(book: PromptBook) -> None:
    tail = book.prompts("副驾那边二十三度就够了", "zh", "", 3)[0].tail
    assert '{"temperature":23,"zone":"passenger"}' in tail
    assert tail.endswith("司机：副驾那边23度就够了\n")


def test_two_wishes_are_two_prompts(book: PromptBook) -> None:
    first, second = book.prompts("open the windows and play some jazz", "en", "", 3)
    assert first.tail.endswith("Driver: open the windows\n")
    assert second.tail.endswith("Driver: play some jazz\n")
    assert [len(book.prompts(text, "zh", "", 3)) for text in ("打开空调然后放首歌", "我有点冷，温度高一点")] == [2, 1]


def test_the_previous_action_stands_before_the_utterance(book: PromptBook) -> None:
    tail = book.prompts("a bit more", "en", '{"action":"VOLUME_ADJUST"}', 3)[0].tail
    assert tail.endswith('Before: {"action":"VOLUME_ADJUST"}\nDriver: a bit more\n')


@pytest.mark.parametrize(
    ("lang", "text", "digits"),
    [
        ("zh", "升到二十六度", "升到26度"),
        ("zh", "调到一百零三点九", "调到103.9"),
        ("zh", "开一下车窗", "开一下车窗"),
        ("zh", "调到26度", "调到26度"),
        ("en", "warm it up to twenty four", "warm it up to 24"),
        ("en", "play this one", "play this one"),
    ],
)
def test_numbers_are_shown_in_digits(lang: Lang, text: str, digits: str) -> None:
    assert in_digits(text, lang) == digits


def test_a_title_gets_its_words_back() -> None:
    answer = '[{"action":"MUSIC_PLAY","parameters":{"song":"1001夜"}}]'
    assert in_words(answer, "播放一千零一夜", "zh") == answer.replace("1001夜", "一千零一夜")
    assert in_words(answer, "播放1001夜", "zh") == answer


@pytest.mark.parametrize(
    ("lang", "said", "shown", "meant"),
    [
        ("en", "wake me saturday at five thirty", "saturday at 5 30", "saturday at five thirty"),
        ("en", "remind me at six fifteen to buy twenty two eggs", "buy 22 eggs", "buy twenty two eggs"),
        ("en", "remind me at six fifteen", "6 15", "six fifteen"),
        ("zh", "明天下午三点四十五提醒我开会", "明天下午3点45", "明天下午三点四十五"),
    ],
)
def test_several_numbers_of_one_text_are_said_as_they_were(lang: Lang, said: str, shown: str, meant: str) -> None:
    assert shown in in_digits(said, lang)
    answer = '[{"action":"REMINDER_SET","parameters":{"when":"%s"}}]'
    assert in_words(answer % shown, said, lang) == answer % meant


def test_an_action_no_one_has_seen_is_shown_from_its_own_file(catalogue: Catalogue) -> None:
    spec = ActionSpec(
        name="BUBBLE_MACHINE",
        domain="fun",
        title={"zh": "泡泡机", "en": "bubble machine"},
        klass="command",
        risk="reversible",
        confirm=False,
        ttl_ms=5_000,
        parameters={"type": "object", "properties": {"amount": {"type": "integer", "minimum": 1, "maximum": 9}}},
        writes=(),
        reads={},
        readback=False,
        phrases={"en": (Phrase("(blow|make) {amount} bubbles"),), "zh": ()},
        replies={},
        examples={"en": (Example("bubbles everywhere please", {"amount": 9}),), "zh": ()},
    )
    extended = Catalogue({**catalogue.actions, spec.name: spec}, catalogue.signals, catalogue.replies)
    prompt = PromptBook(extended).prompts("could you blow four bubbles for the kids", "en", "", 3)[0]
    assert '[{"action":"BUBBLE_MACHINE","parameters":{"amount":4}}]' in prompt.tail
    assert prompt.leanings[spec.name] == 0.0
    assert 'BUBBLE_MACHINE\\"' in prompt.grammar


def test_an_utterance_in_no_known_words_still_gets_a_prompt(book: PromptBook) -> None:
    for text in ("", "?!", "zzzz qqqq", "ก ข ค"):
        prompt = book.prompts(text, "en", "", 3)[0]
        assert prompt.leanings["ASSISTANT_NOT_FOR_ME"] == 0.0


def test_a_telephone_number_stays_in_digits() -> None:
    said = "打给一三八零零一三八零零零"
    number = in_digits(said, "zh").removeprefix("打给")
    answer = f'[{{"action":"PHONE_CALL","parameters":{{"number":"{number}"}}}}]'
    assert number.isdecimal()
    assert in_words(answer, said, "zh") == answer
