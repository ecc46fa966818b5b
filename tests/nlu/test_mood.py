"""Questions, prohibitions and stories are told from orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.units import Lang
from cockpitd.nlu.mood import mood

QUESTIONS: list[tuple[Lang, str]] = [
    ("zh", "阅读灯开着吗"),
    ("zh", "现在车速是多少"),
    ("zh", "胎压正常吗"),
    ("zh", "空调是不是开着"),
    ("zh", "车窗关了没有"),
    ("zh", "怎么打开雨刷"),
    ("zh", "上一首歌是什么"),
    ("zh", "我能打开车窗吗"),
    ("zh", "大灯开了没"),
    ("zh", "打开车窗？"),
    ("zh", "现在是内循环还是外循环"),
    ("zh", "外面三度还是四度"),
    ("en", "is the reading light on?"),
    ("en", "how do I open the trunk"),
    ("en", "are the windows closed"),
    ("en", "what's the tyre pressure"),
    ("en", "can I open the window"),
    ("en", "did you lock the doors"),
    ("en", "should I turn on the headlights"),
    ("en", "do you know if the window is open"),
    ("en", "open the window?"),
]
ORDERS: list[tuple[Lang, str]] = [
    ("zh", "打开车窗"),
    ("zh", "可以帮我打开车窗吗"),
    ("zh", "能不能帮我把空调打开？"),
    ("zh", "请打开天窗好吗"),
    ("zh", "不对，是二十六度"),
    ("zh", "停止"),
    ("zh", "取消导航"),
    ("zh", "再高一点"),
    ("zh", "特别热"),
    ("zh", "还是放周杰伦吧"),
    ("zh", "车门都锁好吧"),
    ("en", "open the window"),
    ("en", "could you open the window?"),
    ("en", "would you turn it up please?"),
    ("en", "no, 26 degrees"),
    ("en", "stop"),
    ("en", "cancel the navigation"),
    ("en", "never mind"),
    ("en", "can you close the sunroof"),
]
FORBIDDEN: list[tuple[Lang, str]] = [
    ("zh", "别打开车窗"),
    ("zh", "不要关空调"),
    ("zh", "先别开天窗"),
    ("zh", "不用开灯"),
    ("zh", "车窗别打开"),
    ("zh", "千万别锁车"),
    ("en", "don't open the window"),
    ("en", "do not turn off the lights"),
    ("en", "never open the trunk"),
    ("en", "please don't close the sunroof"),
    ("en", "stop opening the window"),
    ("en", "you should not unlock the doors"),
]
STORIES: list[tuple[Lang, str]] = [
    ("zh", "如果打开车窗会很吵"),
    ("zh", "昨天我打开了车窗"),
    ("zh", "他说打开车窗"),
    ("en", "if I open the window it gets loud"),
    ("en", "I opened the window yesterday"),
    ("en", "she said open the window"),
]


@pytest.mark.parametrize(("lang", "text"), QUESTIONS)
def test_a_question_is_a_question(lang: Lang, text: str) -> None:
    assert mood(text, lang).question


@pytest.mark.parametrize(
    ("lang", "text", "courteous"),
    [
        ("zh", "天窗能不能开一下", True),
        ("zh", "可以放首歌吗", True),
        ("zh", "空调开了吗", False),
        ("zh", "开车时能不能看电影", False),
        ("zh", "要不要关窗", False),
        ("en", "can we get some air in here?", True),
        ("en", "would it be possible to open the sunroof?", True),
        ("en", "could i open the sunroof while driving", False),
        ("en", "is the window open?", False),
        ("en", "should i open the window", False),
    ],
)
def test_a_question_may_have_the_form_of_a_polite_wish(lang: Lang, text: str, courteous: bool) -> None:
    assert mood(text, lang).question
    assert mood(text, lang).courteous == courteous


@pytest.mark.parametrize(("lang", "text"), ORDERS)
def test_an_order_is_neither_question_nor_prohibition(lang: Lang, text: str) -> None:
    found = mood(text, lang)
    assert (found.question, found.negated, found.reported) == (False, False, False)


@pytest.mark.parametrize(("lang", "text"), FORBIDDEN)
def test_a_prohibition_is_negated(lang: Lang, text: str) -> None:
    assert mood(text, lang).negated


@pytest.mark.parametrize(("lang", "text"), STORIES)
def test_a_story_orders_nothing(lang: Lang, text: str) -> None:
    assert mood(text, lang).reported


@given(st.text(max_size=40), st.sampled_from(["zh", "en"]))
def test_junk_never_raises(text: str, lang: Lang) -> None:
    assert isinstance(mood(text, lang).question, bool)


@pytest.mark.parametrize(
    "text",
    [
        "别打开车窗",
        "甭开窗",
        "请勿打开天窗",
        "不许开窗",
        "不能开后备箱",
        "先不开空调",
        "不想听歌",
        "没让你开窗",
        "用不着开空调",
        "没必要开窗",
        "可别把窗户打开",
        "音乐先不放",
        "内循环别关，外面还臭着",
        "雨刮别调，这个速度合适",
        "闹钟先留着",
        "没人叫你放歌",
        "我又没点歌",
        "空调别给我关了",
        "不是让你开窗",
        "不开空调",
        "座椅加热就不用了",
        "窗户不用关",
        "天窗还是别开了",
        "算了不开窗了",
        "不打电话了",
        "禁止打开天窗",
        "不可以打开车窗",
    ],
)
def test_every_way_of_saying_no_in_mandarin(text: str) -> None:
    assert mood(text, "zh").negated


@pytest.mark.parametrize(
    "text",
    [
        "don't open the window",
        "never open the windows",
        "no need to open the window",
        "i'd rather you didn't open the window",
        "leave the window closed",
        "no music please",
        "hold off on the music",
        "i would rather not have the heater on",
        "let's not open the sunroof",
        "refrain from opening the trunk",
        "the window should stay shut",
        "it's not necessary to turn on the wipers",
        "better not open the roof, look at those clouds",
        "hands off the seats",
        "leave the blind the way it is",
        "keep the fan exactly as it is",
        "i'm not going to turn the lights on at midday",
        "can you not open the window",
        "would you please not open the window",
        "i'm not asking you to open the sunroof",
        "leave the heating off",
        "i didn't ask you to open the window",
    ],
)
def test_every_way_of_saying_no_in_english(text: str) -> None:
    assert mood(text, "en").negated


@pytest.mark.parametrize(
    "text",
    [
        "能不能打开车窗",
        "不对，是二十六度",
        "播放别来无恙",
        "音量特别小，大一点",
        "播放别的歌",
        "关掉空调",
        "空调不够冷",
        "可不可以开窗",
        "听不清楚",
        "别墅附近的加油站",
        "no, twenty four degrees",
        "no make it warmer",
        "the music is not loud enough",
        "i can't see through the windscreen",
        "never mind, play some jazz",
        "keep the doors locked",
        "it's not warm enough",
    ],
)
def test_corrections_complaints_and_requests_are_no_negations(text: str) -> None:
    assert not mood(text, "en" if text.isascii() else "zh").negated
