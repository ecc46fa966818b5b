"""Toneless Mandarin syllables and which of them recognisers confuse; no knowledge of actions."""

from __future__ import annotations

from functools import cache, lru_cache

from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.constants import PHRASES_DICT

from cockpitd.nlu.language import is_han

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"))
_FINALS = {"qu": "qi", "ju": "ji", "xu": "xi", "yu": "yi", "lv": "li", "nv": "li", "zuo": "suo"}
"""Whole syllables that recognisers swap (夜曲 -> 业企, 锁上 -> 左上)."""
_ALSO_READ = {"著": ("zhe",), "嗯": ("en",)}
"""Readings the table lacks but drivers use."""


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
    """Return all toneless readings of one character, or the character itself when it has none."""
    if not is_han(char):
        return frozenset((char,))
    found = pinyin(char, style=Style.NORMAL, heteronym=True)
    return frozenset(found[0]) | frozenset(_ALSO_READ.get(char, ()))


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
