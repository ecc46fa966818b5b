"""A normalised utterance cut into tokens that remember where they stood; what the tokens mean stands elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cockpitd.domain.units import Lang
from cockpitd.nlu.language import is_han

_ZH_TOKEN = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:['-][a-z]+)*|[^\s]")
_EN_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_][^\W_]*(?:'[^\W\d_]+)*|%|[^\s]")
_IS = frozenset("what where how who that it there here when why which".split())
_NOT = {"dont": "do", "don't": "do", "can't": "can", "cant": "can", "won't": "will", "wont": "will", "cannot": "can"}
_WHOLE = {
    "whats": ("what", "is"),
    "hows": ("how", "is"),
    "wheres": ("where", "is"),
    "ok": ("okay",),
    "favourite": ("favorite",),
}
_WHOLE |= {
    "colour": ("color",),
    "centre": ("center",),
    "lets": ("let's",),
    "percent": ("%",),
    "tire": ("tyre",),
    "tires": ("tyres",),
}
_SUFFIX = {"'m": "am", "'re": "are", "'ll": "will", "'d": "would", "'ve": "have"}


@dataclass(frozen=True, slots=True)
class Token:
    """One unit of matching: a Chinese character, a word, a number in digits."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one clause, separators taken out but remembered."""

    source: str
    lang: Lang
    items: tuple[Token, ...]
    breaks: frozenset[int]
    """Indices of tokens that come right after a clause separator."""

    def words(self) -> tuple[str, ...]:
        """Return the token texts."""
        return tuple(item.text for item in self.items)

    def slice(self, start: int, end: int) -> str:
        """Return the source text of the tokens `start` to `end` (exclusive)."""
        return self.source[self.items[start].start : self.items[end - 1].end].strip() if end > start else ""


@lru_cache(maxsize=512)
def tokenise(source: str, lang: Lang) -> Tokens:
    """Cut a lower-case text into tokens; contractions and spelling variants become one form."""
    items: list[Token] = []
    breaks: set[int] = set()
    for found in (_ZH_TOKEN if lang == "zh" else _EN_TOKEN).finditer(source):
        if found[0] in ",，":
            breaks.add(len(items))
        elif not found[0][0].isalnum() and found[0] not in "%-" and not is_han(found[0]):
            continue
        elif found[0] != "-":
            items.extend(Token(word, found.start(), found.end()) for word in _forms(found[0], lang))
    return Tokens(source, lang, tuple(items), frozenset(at for at in breaks if 0 < at < len(items)))


def _forms(word: str, lang: Lang) -> Iterator[str]:
    if lang == "zh" and not word[0].isascii():
        yield word
    elif word in _WHOLE:
        yield from _WHOLE[word]
    elif word in _NOT or word.endswith("n't"):
        yield _NOT.get(word, word[:-3])
        yield "not"
    elif word.endswith("'s") and word[:-2] in _IS:
        yield word[:-2]
        yield "is"
    elif "'" in word and word[word.index("'") :] in _SUFFIX:
        yield word[: word.index("'")]
        yield _SUFFIX[word[word.index("'") :]]
    else:
        yield word
