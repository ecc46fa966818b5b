"""The grammar of English numbers, digits included; nothing about units beyond the percent."""

from __future__ import annotations

import re
from collections.abc import Iterator

Reading = tuple[int, float, bool]
"""End of the number, its value, whether it is a percentage."""

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
ONES = {word: value for value, word in enumerate(_SMALL)} | {"oh": 0}
TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
} | {"fourty": 40}
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
SHARES = {
    ("half",): 50.0,
    ("a", "half"): 50.0,
    ("halfway",): 50.0,
    ("half", "way"): 50.0,
    ("a", "quarter"): 25.0,
    ("one", "quarter"): 25.0,
    ("three", "quarters"): 75.0,
    ("a", "third"): 33.0,
    ("one", "third"): 33.0,
    ("two", "thirds"): 67.0,
}
NUMERALS = frozenset(ONES) | frozenset(TENS) | frozenset(SCALES)

_WORD = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?|%")
_GAP = re.compile(r"[ -]*")
_MOST_WORDS = 14
_LAST_DIGIT = 9
_LAST_TWO_DIGITS = 99


def may_start(text: str, at: int) -> bool:
    """Tell whether a number worth reporting can begin here when a text is searched from left to right."""
    if at and (text[at - 1].isalnum() or text[at - 1] in "'."):
        return False
    return text[at].isalnum() or text[at] == "-"


def read_at(text: str, start: int) -> Iterator[Reading]:
    """Yield every reading of a number that begins at `start`."""
    words, ends = _words(text, start)
    if not words:
        return
    if words[:3] == ["half", "a", "degree"]:
        yield ends[1], 0.5, False
        return
    for share, value in SHARES.items():
        if tuple(words[: len(share)]) == share:
            yield ends[len(share) - 1], value, True
    negative = words[0] in ("minus", "negative") or text[start] == "-"
    skip = 1 if words[0] in ("minus", "negative") else 0
    for used, value in _magnitudes(words[skip:]):
        last = used + skip
        signed = -value if negative else value
        yield ends[last - 1], signed, False
        if last < len(words) and words[last] in ("%", "percent"):
            yield ends[last], signed, True
        elif words[last : last + 2] == ["per", "cent"]:
            yield ends[last + 1], signed, True


def _words(text: str, start: int) -> tuple[list[str], list[int]]:
    words: list[str] = []
    ends: list[int] = []
    at = start + 1 if text.startswith("-", start) else start
    while len(words) < _MOST_WORDS:
        found = _WORD.match(text, at)
        if not found:
            break
        words.append(found[0])
        ends.append(found.end())
        gap = _GAP.match(text, found.end())
        at = gap.end() if gap else found.end()
    return words, ends


def _magnitudes(words: list[str]) -> Iterator[tuple[int, float]]:
    """Yield (words used, value) for every prefix that is a number."""
    if words and words[0][0].isdecimal():
        value = float(words[0])
        yield 1, value
        if words[1:2] and words[1] in SCALES:
            yield 2, value * SCALES[words[1]]
        yield from _halves(words, 1, value)
        if words[1:2] == ["point"] and words[2:3] and words[2].isdecimal():
            yield 3, float(f"{words[0]}.{words[2]}")
        return
    for used in range(1, len(words) + 1):
        value_or_none = parse_core(words[:used])
        if value_or_none is None:
            if words[used - 1] not in NUMERALS and words[used - 1] not in ("and", "a"):
                break
            continue
        yield used, value_or_none
        yield from _point(words, used, value_or_none)
        yield from _halves(words, used, value_or_none)


def _halves(words: list[str], used: int, value: float) -> Iterator[tuple[int, float]]:
    if words[used : used + 3] == ["and", "a", "half"]:
        yield used + 3, value + 0.5


def _point(words: list[str], used: int, whole: float) -> Iterator[tuple[int, float]]:
    if words[used : used + 1] != ["point"]:
        return
    digits = ""
    for at in range(used + 1, len(words)):
        word = words[at]
        if word in ONES and ONES[word] <= _LAST_DIGIT:
            digits += str(ONES[word])
        elif word.isdecimal():
            digits += word
        elif not digits and word in TENS:
            digits = str(TENS[word])
        else:
            return
        yield at + 1, float(f"{int(whole)}.{digits}")


def parse_core(words: list[str]) -> float | None:
    """Read number words (twenty four, a hundred and twenty, nine seven); None when they are no number."""
    if len(words) > 1 and all(word in ONES and ONES[word] <= _LAST_DIGIT for word in words):
        return float("".join(str(ONES[word]) for word in words))
    total, group, ceiling = 0.0, 0.0, 1_000_000_000
    room = 100
    for at, word in enumerate(words):
        last = at == len(words) - 1
        if word == "a" and at == 0 and words[1:2] and words[1] in SCALES:
            group = 1
        elif word == "and" and at > 0 and not last and words[at - 1] in SCALES:
            continue
        elif word in TENS and room > _LAST_TWO_DIGITS:
            group, room = group + TENS[word], 10
        elif word in ONES and word != "oh" and (ONES[word] < room):
            group, room = group + ONES[word], 0
        elif word == "hundred" and 0 < group <= _LAST_TWO_DIGITS:
            group, room = group * 100, 100
        elif word in ("thousand", "million") and group and SCALES[word] < ceiling:
            total, group, ceiling, room = total + group * SCALES[word], 0, SCALES[word], 100
        else:
            return None
    return total + group if words != ["a"] else None
