"""How people say a number, in every form the number grammars read back; which number is drawn is not decided here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cockpitd.domain.units import Lang
from cockpitd.nlu.numbers import plain, read_at
from cockpitd.nlu.numbers_en import ONES, TENS

_ZH = "零一二三四五六七八九"
_ONE_OF: dict[int, str] = {value: word for word, value in ONES.items() if word != "oh"}
_TEN_OF: dict[int, str] = {value: word for word, value in TENS.items() if word != "fourty"}
_SHARES: dict[tuple[Lang, float], tuple[str, ...]] = {
    ("zh", 50): ("一半",),
    ("en", 50): ("half", "a half"),
    ("en", 25): ("a quarter",),
    ("en", 75): ("three quarters",),
}
_HUNDRED = 100
_TWENTY = 20
_TEN = 10
_NATURAL_HALF = 10


def forms(value: float, lang: Lang, *, share: bool = False) -> tuple[str, ...]:
    """List the ways to say `value`, digits first; with `share` also as a percentage."""
    said = [_digits(value), *(_zh(value) if lang == "zh" else _en(value))]
    if share:
        said += [f"{_digits(value)}%", *_SHARES.get((lang, value), ())]
        said += [f"百分之{each}" for each in said[:2]] if lang == "zh" else [f"{each} percent" for each in said[:2]]
    return tuple(each for each in dict.fromkeys(said) if means(each, lang) == value)


def means(said: str, lang: Lang) -> float | None:
    """Read a spoken number back, as the daemon would; None when it is not one number from end to end."""
    lowered = said.lower()
    return next((span.value for span in read_at(lowered, 0, lang) if span.end == len(lowered)), None)


def is_share(said: str, lang: Lang) -> bool:
    """Tell whether a share was said and not a bare number."""
    lowered = said.lower()
    return any(span.percent for span in read_at(lowered, 0, lang) if span.end == len(lowered))


def _digits(value: float) -> str:
    return format(Decimal(str(plain(value))), "f")


def _zh(value: float) -> Iterator[str]:
    whole, _, fraction = _digits(abs(value)).partition(".")
    tail = "点" + "".join(_ZH[int(digit)] for digit in fraction) if fraction else ""
    sign = "负" if value < 0 else ""
    for word in _zh_whole(int(whole)):
        yield f"{sign}{word}{tail}"
    if fraction and int(whole) >= _TEN:
        yield f"{sign}{''.join(_ZH[int(digit)] for digit in whole)}{tail}"


def _zh_whole(value: int) -> Iterator[str]:
    if value < _TEN:
        yield _ZH[value]
        if value == 2:  # noqa: PLR2004 (the only number with two words)
            yield "两"
    elif value < _HUNDRED:
        tens, ones = divmod(value, _TEN)
        yield ("" if tens == 1 else _ZH[tens]) + "十" + (_ZH[ones] if ones else "")
    elif value < _HUNDRED * _TEN:
        hundreds, rest = divmod(value, _HUNDRED)
        tens, ones = divmod(rest, _TEN)
        low = (_ZH[tens] + "十" if tens else "零" if ones else "") + (_ZH[ones] if ones else "")
        yield _ZH[hundreds] + "百" + low
        if tens and not ones:
            yield _ZH[hundreds] + "百" + _ZH[tens]


def _en(value: float) -> Iterator[str]:
    whole, _, fraction = _digits(abs(value)).partition(".")
    sign = "minus " if value < 0 else ""
    tail = " point " + " ".join(_ONE_OF[int(digit)] for digit in fraction) if fraction else ""
    for word in _en_whole(int(whole)):
        yield f"{sign}{word}{tail}"
        if fraction == "5" and int(whole) < _NATURAL_HALF:
            yield f"{sign}{word} and a half"


def _en_whole(value: int) -> Iterator[str]:
    if value < _TWENTY:
        yield _ONE_OF[value]
    elif value < _HUNDRED:
        tens, ones = divmod(value, _TEN)
        for joint in (" ", "-") if ones else ("",):
            yield _TEN_OF[tens * _TEN] + joint + (_ONE_OF[ones] if ones else "")
    elif value < _HUNDRED * _TEN:
        hundreds, rest = divmod(value, _HUNDRED)
        heads = [f"{_ONE_OF[hundreds]} hundred", *(["a hundred"] if hundreds == 1 else [])]
        for head in heads:
            if not rest:
                yield head
            for low in _en_whole(rest) if rest else ():
                yield f"{head} {low}"
                yield f"{head} and {low}"
