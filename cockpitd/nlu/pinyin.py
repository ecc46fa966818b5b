"""Toneless Mandarin syllables and which of them recognisers confuse; no knowledge of actions."""

from __future__ import annotations

from functools import cache, lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from cockpitd.nlu.language import is_han

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"))
_FINALS = {"qu": "qi", "ju": "ji", "xu": "xi", "yu": "yi", "lv": "li", "nv": "li", "zuo": "suo"}
"""Whole syllables that recognisers swap (夜曲 -> 业企, 锁上 -> 左上)."""
_ALSO_READ = {
    "调": ("tiao", "diao"), "重": ("zhong", "chong"), "行": ("xing", "hang"), "乐": ("le", "yue"),
    "长": ("chang", "zhang"),
    "还": ("hai", "huan"), "得": ("de", "dei"), "地": ("de", "di"), "着": ("zhe", "zhao"), "了": ("le", "liao"),
    "角": ("jiao", "jue"), "模": ("mo", "mu"), "薄": ("bao", "bo"),
    "都": ("dou", "du"), "好": ("hao",), "弹": ("tan", "dan"),
    "降": ("jiang", "xiang"), "落": ("luo", "la"), "车": ("che",), "嗯": ("en",), "著": ("zhe", "zhu"), "曲": ("qu",),
    "量": ("liang",), "间": ("jian",), "数": ("shu",), "几": ("ji",), "没": ("mei",), "系": ("xi", "ji"), "播": ("bo",),
}  # fmt: skip
"""Characters that everyday words read in more than one way, or that the table reads oddly on their own."""


@lru_cache(maxsize=4096)
def syllables(text: str) -> tuple[str, ...]:
    """Return one syllable per character, chosen by context; a character without one stands for itself."""
    out: list[str] = []
    run = ""
    for char in text:
        if is_han(char):
            run += char
            continue
        out.extend(_run(run))
        run = ""
        out.append(char)
    out.extend(_run(run))
    return tuple(out)


def _run(text: str) -> list[str]:
    if not text:
        return []
    found = lazy_pinyin(text, style=Style.NORMAL, v_to_u=False)
    # pypinyin keeps one item per character for pure Han text; a miss would shift every later syllable.
    return [*found] if len(found) == len(text) else [*text]


@cache
def readings(char: str) -> frozenset[str]:
    """Return the toneless readings a character has in everyday words, or the character itself when it has none.

    The full table lists readings no driver uses (大 as tài), which would make strangers sound alike.
    """
    if not is_han(char):
        return frozenset((char,))
    return frozenset((*lazy_pinyin(char, style=Style.NORMAL, v_to_u=False), *_ALSO_READ.get(char, ())))


@cache
def fold(syllable: str) -> str:
    """Map a syllable to its class under the usual confusions: zh/z, ch/c, sh/s, n/l, f/h, ng/n."""
    for initial, folded in _INITIALS:
        if syllable.startswith(initial) and len(syllable) > len(initial):
            syllable = folded + syllable[len(initial) :]
            break
    syllable = _FINALS.get(syllable, syllable)
    return syllable[:-1] if syllable.endswith("ng") else syllable


@cache
def folded_readings(char: str) -> frozenset[str]:
    """Return the confusion classes of all readings of one character."""
    return frozenset(fold(syllable) for syllable in readings(char))


def key(text: str) -> str:
    """Return the toneless spelling of a text, one space between syllables; equal keys sound alike."""
    return " ".join(syllables(text))


def is_word(text: str) -> bool:
    """Tell whether a text is an entry of the phrase table: an ordinary word is not a mishearing."""
    return text in PHRASES_DICT
