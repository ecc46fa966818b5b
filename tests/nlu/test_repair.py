"""Misheard words are mended towards the catalogue; what already means something, and ordinary talk, stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpitd.domain.units import Lang
from cockpitd.nlu.language import detect
from cockpitd.nlu.repair import Repairer
from tests.nlu.rows import Row, rows

MENDED = [
    ("打开月毒灯", "打开阅读灯"),
    ("关闭所有月毒灯", "关闭所有阅读灯"),
    ("播放周杰轮的业企", "播放周杰伦的夜曲"),
    ("左上车门", "锁上车门"),
    ("打开主驾座一加热", "打开主驾座椅加热"),
    ("大开空跳", "打开空调"),
    ("倒行到最近的加油站", "导航到最近的加油站"),
    ("避開用度走高速", "避开拥堵走高速"),
    ("打開前擋風波離除物", "打开前挡风玻璃除雾"),
    ("副驾温度掉高2度", "副驾温度调高2度"),
    ("把氛围等换成兰色", "把氛围灯换成蓝色"),
    ("close the widow", "close the window"),
    ("set the temperature to to degrees", "set the temperature to two degrees"),
]
TALK = [
    "今天天气真好我们出去玩吧",
    "你吃饭了没有",
    "昨天那场球谁赢了",
    "我在车床厂上班",
    "他坐以待毙",
    "商行",
    "背景",
    "数字",
    "语音",
    "总工",
    "老张那个人不太靠谱",
    "这个周末去爬山吧",
    "股票又跌了真倒霉",
    "妈你把药吃了没有",
    "can i get a large dark roast with two sugars",
    "did you watch the game last night",
    "the kids have soccer practice on saturday",
    "put the groceries in the fridge",
]


@pytest.mark.parametrize(("heard", "meant"), MENDED)
def test_a_misheard_command_is_mended(repairer: Repairer, heard: str, meant: str) -> None:
    assert repairer.repair(heard, detect(heard)) == meant


@pytest.mark.parametrize("text", TALK)
def test_ordinary_talk_is_left_alone(repairer: Repairer, text: str) -> None:
    assert repairer.repair(text, detect(text)) == text


@pytest.mark.parametrize("row", rows("corpus")[::7], ids=str)
def test_what_already_matches_is_left_alone(repairer: Repairer, row: Row) -> None:
    assert repairer.repair(row.say, row.lang) == row.say


@settings(max_examples=60)
@given(text=st.text(max_size=30), lang=st.sampled_from(["zh", "en"]))
def test_junk_never_raises(repairer: Repairer, text: str, lang: Lang) -> None:
    assert isinstance(repairer.repair(text, lang), str)
