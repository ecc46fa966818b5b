"""Words that say which way something moves, in both languages; which action moves which way stands in its file."""

from __future__ import annotations

import re

from cockpitd.domain.actions import Polarity
from cockpitd.domain.units import Lang

_NOT_VERBS = {
    "zh": re.compile(
        r"开车|开心|开始|公开|开会|离开|分开|避开|绕开|躲开|关于|关心|关注|海关|机关|开关"
        r"|开着的?|关着的?|开花|开水|没关系|有关|相关|关键|大家|大概|大灯|大厦|大学|大道"
        r"|大街|最大|最小"
        r"|小时|[大中小]杯|小车|小心|小区|高速|高铁|高德|高架|高兴|高速公路|多少|一点|下一"
        r"|上一|下雨|下雪|下午|上午|晚上|早上|上海|上班|下班|地下|上次|下次|加油|加热|多久"
        r"|锁[上好住]?儿童锁|儿童锁[都给也全]{0,2}(?:锁[上好住]?)?|门锁|锁屏|太.|不够.|有点[大小高低暗亮响吵]|还是[大小高低暗亮]|快餐|大声|小声(?!点)"
    ),
    "en": re.compile(
        r"\b(?:(?:lock (?:the |a )?)?child locks?|on the (?:way|road|highway|left|right|radio|phone)"
        r"|open (?:air|now)|close "
        r"(?:by|to)|closest|right on|what's on|up to|based on|too (?:loud|quiet|high|low"
        r"|fast|slow|bright|dark|hot|cold|warm|dim)|not \w+ enough|more like|how much|lower "
        r"(?:manhattan|east)|on my (?:way|phone)"
        r"|downtown|upcoming|coming up|what's up|look up|pick up|wake up|stuffy|start (?:navigation"
        r"|navigating|playing))\b"
    ),
}
_WORDS: dict[Lang, dict[str, re.Pattern[str]]] = {
    "zh": {
        "on": re.compile(r"打开|开启|启动|启用|开一?下|开起来|开开|点亮|开(?!了吗|到)"),
        "off": re.compile(r"关闭|关掉|关上|关了|熄灭|停用|关一?下|关|熄|灭"),
        "up": re.compile(
            r"调高|升高|调大|增大|提高|加大|高一?点|大一?点|升|增|加|高|大|亮一?点|响|强|快一?点"
            r"|暖|多一?点"
        ),
        "down": re.compile(r"调低|降低|调小|减小|低一?点|小一?点|降|减|低|小|暗|轻一?点|弱|慢一?点|凉|少一?点"),
        "open": re.compile(r"打开|开启|敞开|解.{0,1}锁|开锁|降下|摇下|开"),
        "close": re.compile(r"关闭|关上|关掉|关了|合上|锁上|锁好|上锁|升起|摇上|升上|关|锁(?!定)"),
    },
    "en": {
        "on": re.compile(
            r"\b(?:turn(?:ed)?|switch|put|power|get|have|stick|pop|bring)\b.*\bon\b|\bon$|\b(?:enable"
            r"|activate|start|engage)\b"
        ),
        "off": re.compile(
            r"\b(?:turn|switch|shut|put|power|cut|flip|take)(?:ed|ing|ned)?\b.*\boff\b|\boff(?: "
            r"again| now)?$|\b(?:disable|deactivate|kill|cut|shut)\b"
        ),
        "up": re.compile(
            r"\b(?:up|higher|raise|increase|louder|warmer|hotter|brighter|more|faster|boost"
            r"|max|stronger|longer)\b"
        ),
        "down": re.compile(
            r"\b(?:down|lower|decrease|reduce|quieter|cooler|colder|dim|dimmer|less|slower"
            r"|softer|min|weaker|drop)\b"
        ),
        "open": re.compile(r"\b(?:open|unlock|crack|roll down|wind down|pop)\b"),
        "close": re.compile(r"\b(?:close|shut|lock|roll up|wind up)\b"),
    },
}
_OPPOSED: dict[Polarity, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "on": (("on", "open"), ("off", "close")),
    "open": (("on", "open"), ("off", "close")),
    "off": (("off", "close"), ("on",)),
    "close": (("off", "close"), ("on", "open")),
    "up": (("up",), ("down",)),
    "down": (("down",), ("up",)),
}
"""Polarity of an action -> words that bear it out, words that say the opposite."""


def says(text: str, lang: Lang, *ways: str) -> bool:
    """Tell whether any word for one of `ways` stands in a normalised text."""
    plain = _NOT_VERBS[lang].sub(" ", text)
    return any(_WORDS[lang][way].search(plain) for way in ways)


def contradicts(text: str, lang: Lang, polarity: Polarity) -> bool:
    """Tell whether a text says the opposite of `polarity` and nothing that bears it out."""
    if polarity == "none":
        return False
    same, opposite = _OPPOSED[polarity]
    return says(text, lang, *opposite) and not says(text, lang, *same)


def ceases(text: str, lang: Lang, *, plainly: bool = True) -> bool:
    """Tell whether a refusal asks for an end ("不用空调了", "no more music"), not for leaving something as it is.

    "别关空调了" is no such wish: what must not be done is the ending itself. `plainly`: the words themselves say that
    it goes on now; without it, any refusal of a thing that is not refused to end ("no sidelights", 不需要开大灯).
    """
    found = (_CEASING if plainly else _REFUSING)[lang].search(text)
    return found is not None and not says(found[0], lang, "off", "close") and not _ENDING.search(found[0])


_CEASING = {
    "zh": re.compile(r"(?:别|不用|不要|不想|不需要|用不着)[^，]{0,10}?了|[^，]{1,6}(?:不要|不用|不需要)了?$"),
    "en": re.compile(
        r"\b(?:do not|don't|dont|not|no)\b.*\b(?:any ?more|any longer)\b|\bno more\b|\benough "
        r"of\b|\bdo not (?:need|want)\b.*"
    ),
}
_REFUSING = {
    "zh": re.compile(r"(?:别|不)[^，]*"),
    "en": re.compile(r"\b(?:do not|don't|dont|not|no)\b.*"),
}
_ENDING = re.compile(r"停|取消|退出|结束|stop|cancel|end")
