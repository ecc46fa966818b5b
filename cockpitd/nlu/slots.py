"""Reading one parameter value out of an utterance, by the parameter's JSON Schema; no phrase is known here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu import numbers, numbers_zh, pinyin
from cockpitd.nlu.normalize import surface
from cockpitd.nlu.sound import Heard, Mark, mark
from cockpitd.nlu.text import tokenise

Read: TypeAlias = tuple[int, Scalar]
"""Index behind the last token used, and the value."""

_ALL_PERCENT = 100
_EMPTY_WORDS = frozenset(
    (
        "it that this them these those something anything everything one ones him her "
        "me us you a an the some any to of by"
    ).split()
) | frozenset(
    (
        "它 他 她 这 那 这个 那个 这些 那些 什么 哪里 哪儿 谁 的 了 吧 吗 一下 一点 点 "
        "首 个 我 你 我们 你们 一 一首 一个 歌 是"
    ).split()
)
"""A free text that is only this names nothing."""

_CONNECTIVES: dict[Lang, re.Pattern[str]] = {
    "zh": re.compile(r"并且|然后再?|顺便|同时|接着再?|另外|还有把|不对|我是说|说错了|不是不是"),
    "en": re.compile(
        r"\band then\b|\bthen\b(?! he| she)|\bno wait\b|\bi mean\b|\bscratch that\b|\bsorry\b(?= "
        r"\w)|\bas well as\b"
    ),
}
"""A free text never reaches across one of these: what follows is another command, or a correction."""


@dataclass(frozen=True, slots=True)
class NumberSlot:
    """A number or integer parameter."""

    shares: bool
    """Percentages are meant: 一半 and 30 % can be said."""

    def read(self, heard: Heard, at: int) -> Iterator[Read]:
        """Yield the numbers beginning at token `at`, the longest first."""
        tokens, lang = heard.tokens, heard.tokens.lang
        source = _as_digits(heard) if heard.strictness and lang == "zh" else tokens.source
        ends = {item.end: index + 1 for index, item in enumerate(tokens.items) if index >= at}
        for span in numbers.read_at(source, tokens.items[at].start, lang):
            if source is not tokens.source and not _has_numeral(tokens.source[span.start : span.end]):
                continue
            if span.end in ends and (self.shares or not span.percent):
                yield ends[span.end], numbers.plain(span.value)


@dataclass(frozen=True, slots=True)
class NameSlot:
    """An enum or boolean parameter: its spoken names, longest first."""

    names: tuple[tuple[tuple[Mark, ...], Scalar], ...]

    def read(self, heard: Heard, at: int) -> Iterator[Read]:
        """Yield the values whose name begins at token `at`, the longest name first."""
        left, first = len(heard.words) - at, heard.words[at]
        for marks, value in self.names:
            if not heard.strictness and marks[0].text != first:
                continue
            if len(marks) <= left and all(heard.agrees(at + step, each) for step, each in enumerate(marks)):
                yield at + len(marks), value


@dataclass(frozen=True, slots=True)
class TextSlot:
    """A free-text parameter."""

    lang: Lang
    longest: int
    pattern: re.Pattern[str] | None

    def read(self, heard: Heard, at: int) -> Iterator[Read]:
        """Yield ever longer texts beginning at token `at`, never across a clause mark or a connective."""
        tokens = heard.tokens
        for end in range(at + 1, len(tokens.items) + 1):
            value = tokens.slice(at, end)
            if end - 1 in tokens.breaks and end - 1 > at:
                return
            if len(value) > self.longest or (end - at > 1 and _CONNECTIVES[self.lang].search(value)):
                return
            if value not in _EMPTY_WORDS and (self.pattern is None or self.pattern.search(value)):
                yield end, value


SlotReader: TypeAlias = NumberSlot | NameSlot | TextSlot


def reader(spec: ActionSpec, parameter: str, lang: Lang) -> SlotReader:
    """Choose how a parameter is read, from its schema."""
    schema = spec.properties[parameter]
    if schema.get("type") in ("number", "integer") and "enum" not in schema:
        return NumberSlot(shares=_is_share(schema))
    if "enum" in schema or schema.get("type") == "boolean":
        return NameSlot(tuple(_names(spec, parameter, schema, lang)))
    pattern = re.compile(schema["pattern"]) if "pattern" in schema else None
    return TextSlot(lang, int(schema.get("maxLength", 80)), pattern)


def spoken_names(spec: ActionSpec, parameter: str, value: Scalar, lang: Lang) -> tuple[str, ...]:
    """Return the names of one value; a value without names is its own."""
    found = spec.names(parameter, value, lang)
    if not found and isinstance(value, bool):
        found = spec.names(parameter, str(value).lower(), lang)
    return found or (str(value).replace("_", " ").replace("-", " ").lower(),)


def _names(
    spec: ActionSpec, parameter: str, schema: Mapping[str, Any], lang: Lang
) -> Iterator[tuple[tuple[Mark, ...], Scalar]]:
    values: tuple[Scalar, ...] = tuple(schema.get("enum", (True, False)))
    rows = [
        (tuple(mark(word) for word in tokenise(surface(name, lang), lang).words()), value)
        for value in values
        for name in spoken_names(spec, parameter, value, lang)
    ]
    yield from sorted((row for row in rows if row[0]), key=lambda row: -len(row[0]))


def _is_share(schema: Mapping[str, Any]) -> bool:
    unit = str(schema.get("unit", "")).lower()
    return unit in ("percent", "%") or (not unit and schema.get("maximum") == _ALL_PERCENT)


def _has_numeral(said: str) -> bool:
    """Tell whether at least one character is a numeral as written; 是 alone is never ten."""
    return any(char.isdecimal() or char in numbers_zh.NUMERALS or char == "半" for char in said)


def _as_digits(heard: Heard) -> str:
    """Write the source with every token that sounds like a numeral as that numeral (是二 -> 十二)."""
    chars = [*heard.tokens.source]
    for item, sound in zip(heard.tokens.items, heard.sounds, strict=True):
        if item.end - item.start == 1 and item.text not in numbers_zh.NUMERALS and sound in _NUMERAL_SOUNDS:
            chars[item.start] = _NUMERAL_SOUNDS[sound]
    return "".join(chars)


_NUMERAL_SOUNDS = {
    sound: char
    for char in "一二三四五六七八九十百两零"
    for sound in pinyin.readings(char)
    if sound not in ("yao", "mo")
}
