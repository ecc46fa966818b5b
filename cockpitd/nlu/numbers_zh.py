"""The grammar of Mandarin numbers, digits included; nothing about units beyond the percent."""

from __future__ import annotations

import re
from collections.abc import Iterator

Reading = tuple[int, float, bool]
"""End of the number, its value, whether it is a percentage."""

DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "幺": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
NUMERALS = frozenset(DIGITS) | frozenset(UNITS)

_CORE = re.compile(f"[{''.join(sorted(NUMERALS))}]+")
_ARABIC = re.compile(r"\d+(?:\.\d+)?")
_DECIMALS = f"点([{''.join(sorted(DIGITS))}]++)(?![十百千万刻]|分(?!贝|之))"
_FRACTION = re.compile(_DECIMALS)
"""Digits one by one: 六点二十 and 六点一刻 are times of the day, not 6.2."""
_MINUTES = re.compile(r"点[零〇][一二三四五六七八九](?![一二三四五六七八九])")
"""七点零五 is five past seven; nothing in a car is set to hundredths."""
_OCLOCK = re.compile(r"点(?:钟|整|半(?!个?小时)|[二三四五]?十(?!分(?:感谢|谢谢))|[一三]刻|[零〇])")
_HOURS = 24
_SHARE = re.compile(r"([二三四五])分之([一二两三四])")
_NOT_A_COUNT = "点下些样起直会边定般首旦切共律向路方"
"""一 before one of these is a word of its own (一点, 一下, 一首, 一定), not the number one."""


def may_start(text: str, at: int) -> bool:
    """Tell whether a number worth reporting can begin here when a text is searched from left to right."""
    char = text[at]
    if char == "一" and 0 < at < len(text) - 1 and text[at - 1] == text[at + 1]:
        return False  # 升一升, 等一等: the verb said twice
    if char == "一" and text[at + 1 : at + 2] and text[at + 1] in _NOT_A_COUNT:
        return bool(_FRACTION.match(text, at + 1) or _OCLOCK.match(text, at + 1))
    if char == "半":
        return True
    return char.isdecimal() or char in NUMERALS or text.startswith(("百分之", "负", "零下"), at)


def read_at(text: str, start: int) -> Iterator[Reading]:
    """Yield every reading of a number that begins at `start`."""
    if text.startswith("百分之", start):
        for end, value in _magnitudes(text, start + 3):
            yield end, value, True
        return
    share = _SHARE.match(text, start)
    if share:
        yield share.end(), round(100 * DIGITS[share[2]] / DIGITS[share[1]]), True
    yield from _half(text, start)
    for prefix in ("零下", "负", "-"):
        if text.startswith(prefix, start):
            for end, value in _magnitudes(text, start + len(prefix)):
                yield end, -value, False
    for end, value in _magnitudes(text, start):
        yield end, value, False
        rest = text[end : end + 2].lstrip(" ")
        if rest.startswith("%"):
            yield text.index("%", end) + 1, value, True


def _half(text: str, start: int) -> Iterator[Reading]:
    if text.startswith(("半度", "半格", "半档"), start):
        yield start + 1, 0.5, False
    elif text.startswith(("一半", "半"), start):
        yield start + (2 if text[start] == "一" else 1), 50, True


def _magnitudes(text: str, start: int) -> Iterator[tuple[int, float]]:
    arabic = _ARABIC.match(text, start)
    if arabic:
        yield from _arabic(text, arabic)
        return
    core = _CORE.match(text, start)
    if not core:
        return
    for end in range(core.end(), start, -1):
        whole = parse_core(text[start:end])
        if whole is None:
            continue
        yield end, whole
        if end < core.end():
            continue
        fraction = _FRACTION.match(text, end)
        if fraction and not (whole <= _HOURS and _MINUTES.match(text, end)):
            for stop in range(fraction.end(), end + 1, -1):
                digits = "".join(str(DIGITS[char]) for char in text[end + 1 : stop])
                yield stop, float(f"{int(whole)}.{digits}")


def _arabic(text: str, found: re.Match[str]) -> Iterator[tuple[int, float]]:
    value = float(found[0])
    end = found.end()
    yield end, value
    if end < len(text) and text[end] in "百千万":
        yield end + 1, value * UNITS[text[end]]
    if "." in found[0]:
        whole = found[0].split(".")[0]
        yield found.start() + len(whole), float(whole)
    elif text.startswith("点", end):
        digits = _ARABIC.match(text, end + 1)
        if digits and "." not in digits[0] and not _is_clock(text, digits):
            yield digits.end(), float(f"{found[0]}.{digits[0]}")


def _is_clock(text: str, minutes: re.Match[str]) -> bool:
    """Tell a time of the day from a decimal: 6点20, 6点5分; 97点4 is the latter."""
    return len(minutes[0]) == len("20") or text.startswith(("分", "刻"), minutes.end())


def parse_core(word: str) -> float | None:
    """Read a run of numerals (二十四, 一百零五, 一百二, 两千, 九七); None when it is no number."""
    if not any(char in UNITS for char in word):
        return float("".join(str(DIGITS[char]) for char in word))
    myriads, _, rest = word.rpartition("万")
    if myriads:
        high = parse_core(myriads)
        low = _below_myriad(rest) if rest else 0.0
        if rest in DIGITS and rest not in "零〇":
            low = DIGITS[rest] * 1000.0
        return None if high is None or low is None else high * 10_000 + low
    return _below_myriad(word) if "万" not in word else None


def _below_myriad(word: str) -> float | None:
    total, ceiling, at = 0.0, UNITS["万"], 0
    after_zero = False
    while at < len(word):
        if word[at] in "零〇" and at + 1 < len(word):
            at += 1
            after_zero = True
            continue
        if word[at] in UNITS:
            digit = 1 if word[at] == "十" and (at == 0 or after_zero) else None
        else:
            digit, at = DIGITS[word[at]], at + 1
        if digit is None:
            return None
        if at == len(word):
            return _last_digit(total, digit, ceiling, after_zero=after_zero)
        unit = UNITS.get(word[at], 0)
        if not unit or unit >= ceiling:
            return None
        total, ceiling, at = total + digit * unit, unit, at + 1
    return total


def _last_digit(total: float, digit: int, ceiling: int, *, after_zero: bool) -> float | None:
    """Add a last digit without a unit: 一百二 is 120, 一百零二 is 102."""
    if ceiling == UNITS["万"]:
        return float(digit) if total == 0 else None
    return total + digit * (1 if after_zero else ceiling // 10)
