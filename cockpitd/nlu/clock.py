"""Hours and minutes that the numbers of an utterance can mean; which of them is meant is for the reader to say."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from cockpitd.domain.units import Lang

_MINUTES: Mapping[Lang, Mapping[str, float]] = {
    "zh": {"一刻": 15.0, "三刻": 45.0, "半": 30.0},
    "en": {"three quarters": 45.0, "quarter": 15.0, "half": 30.0, "an hour": 60.0, "a minute": 1.0, "a couple": 2.0},
}
_UNTIL = {"zh": re.compile("差"), "en": re.compile(r"\b(?:to|til|till|before)\b")}
"""Minutes are taken off the hour: "ten to eight", 差五分七点."""
_HOUR = 60.0
_HALF_A_DAY = 12.0
_HUNDRED = 100
"""0630 and "six oh five" are heard as one number of three or four digits."""


def hours(numbers: Collection[float], said: str, lang: Lang) -> Iterator[float]:
    """Yield hours of the day, 0 to 24."""
    for number in numbers:
        for hour in (number, number // (1 if number < _HUNDRED else _HUNDRED)):
            for early in (0, 1) if _UNTIL[lang].search(said) else (0,):
                yield hour - early
                yield hour - early + _HALF_A_DAY
                yield hour - early - _HALF_A_DAY


def minutes(numbers: Collection[float], said: str, lang: Lang) -> Iterator[float]:
    """Yield minutes past an hour and spans in minutes."""
    parts = [value for words, value in _MINUTES[lang].items() if words in said]
    parts += [part for number in numbers for part in (number, number * _HOUR)]
    yield from parts
    for number in numbers:
        yield number % _HUNDRED
        yield round(number % 1 * _HUNDRED)
    for part in parts:
        yield part / _HOUR
        yield part + 0.5
        if _UNTIL[lang].search(said):
            yield _HOUR - part
        yield from (part + other for other in parts)
