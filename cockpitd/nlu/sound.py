"""How strictly two tokens must agree, from the same letters to the same blurred sound; nothing about phrases."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache

from cockpitd.nlu import pinyin
from cockpitd.nlu.language import is_han
from cockpitd.nlu.text import Tokens

POLAR = frozenset("开关闭升降高低大小上下加减增启停左右前后内外冷热暖快慢进退解收放亮暗强弱取确否是不别")
"""Characters that turn a meaning round; they are never matched by a merely similar sound."""


class Strictness(IntEnum):
    """What counts as the same token."""

    LETTERS = 0
    SYLLABLES = 1
    """Same toneless pinyin."""
    BLURRED = 2
    """Same pinyin after the usual confusions (zh/z, n/l, ng/n …), polar characters excepted."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One token of a template."""

    text: str
    readings: frozenset[str]
    folds: frozenset[str]
    polar: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance with the sound of every token, ready to be compared."""

    tokens: Tokens
    strictness: Strictness
    words: tuple[str, ...]
    sounds: tuple[str, ...] = field(default=())
    folds: frozenset[str] = frozenset()
    """Confusion classes of all tokens, for the choice of phrases worth trying."""

    def agrees(self, at: int, mark: Mark) -> bool:
        """Tell whether the token at `at` is the template token `mark`."""
        if self.words[at] == mark.text:
            return True
        if not self.strictness or not mark.readings:
            return False
        if self.sounds[at] in mark.readings or not mark.readings.isdisjoint(pinyin.readings(self.words[at])):
            return True
        if self.strictness is not Strictness.BLURRED or mark.polar:
            return False
        return not mark.folds.isdisjoint(pinyin.folded_readings(self.words[at]))


@cache
def mark(text: str) -> Mark:
    """Prepare one template token."""
    if len(text) == 1 and is_han(text):
        return Mark(text, pinyin.readings(text), pinyin.folded_readings(text), text in POLAR)
    return Mark(text, frozenset(), frozenset(), polar=False)


def hear(tokens: Tokens, strictness: Strictness) -> Heard:
    """Prepare an utterance."""
    words = tokens.words()
    if not strictness:
        return Heard(tokens, strictness, words)
    sounds = sounds_of(words)
    folds = frozenset(fold for word in words if len(word) == 1 for fold in pinyin.folded_readings(word))
    return Heard(tokens, strictness, words, sounds, folds | {pinyin.fold(sound) for sound in sounds})


def sounds_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return one syllable per Chinese character, chosen by context, and every other word as it is."""
    han = [word if len(word) == 1 and is_han(word) else "\n" for word in words]
    found = pinyin.syllables("".join(han))
    return tuple(word if sound == "\n" else sound for word, sound in zip(words, found, strict=True))
