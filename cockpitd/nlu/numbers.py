"""Finding spoken and written numbers in either language; the grammar of each language stands in its own module."""

from __future__ import annotations

from dataclasses import dataclass

from cockpitd.domain.units import Lang
from cockpitd.nlu import numbers_en, numbers_zh


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """One number and where it stands."""

    start: int
    end: int
    value: float
    """30 for 百分之三十 as well as for 三十; whole numbers are whole."""
    percent: bool
    """True when a share was said: 百分之三十, 30 %, 一半, a half."""


def read_at(text: str, start: int, lang: Lang) -> tuple[NumberSpan, ...]:
    """Return every number that begins exactly at `start` of a lower-case text, the longest reading first."""
    read = numbers_zh.read_at if lang == "zh" else numbers_en.read_at
    found = {end: NumberSpan(start, end, value, percent) for end, value, percent in read(text, start)}
    return tuple(found[end] for end in sorted(found, reverse=True))


def find_numbers(text: str, lang: Lang) -> tuple[NumberSpan, ...]:
    """Return the numbers of a text from left to right, each read as long as possible, none overlapping."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text
    out: list[NumberSpan] = []
    at = 0
    starts = numbers_zh.may_start if lang == "zh" else numbers_en.may_start
    while at < len(lowered):
        spans = read_at(lowered, at, lang) if starts(lowered, at) else ()
        if spans:
            out.append(spans[0])
            at = spans[0].end
        else:
            at += 1
    return tuple(out)


def plain(value: float) -> int | float:
    """Return a whole number as int, so that 25.0 is written 25."""
    return int(value) if value == int(value) else value
