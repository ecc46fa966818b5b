"""What an utterance says for or against one parameter value a model wrote; the verdict is `ground.py`'s."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cockpitd.domain.actions import Action, ActionSpec
from cockpitd.domain.turn import Evidence
from cockpitd.domain.units import LANGS, Lang, Scalar
from cockpitd.nlu import clock, numbers, pinyin
from cockpitd.nlu.index import parsed
from cockpitd.nlu.lexicon import content, literals, value_words
from cockpitd.nlu.normalize import surface
from cockpitd.nlu.numbers import find_numbers
from cockpitd.nlu.polarity import ceases, says
from cockpitd.nlu.slots import spoken_names

Finding: TypeAlias = Evidence | Literal["not-said", "contradicted"]
"""Where a value came from, or what is wrong with it."""

_MOST = {
    "zh": ("最大", "最高", "最强", "最亮", "满", "拉满", "全开", "最热"),
    "en": ("max", "maximum", "full", "highest", "all the way"),
}
_LEAST = {"zh": ("最小", "最低", "最弱", "最暗", "最冷"), "en": ("min", "minimum", "lowest", "least")}
_UNIT_FACTORS = (1.0, 60.0, 1 / 60, 3600.0, 24.0, 1000.0, 0.001, 12.0)
_FEW = {"a couple": 2.0, "a degree": 1.0}
_CENTIMETRES = re.compile(r"公分|厘米|cm\b|\bcentimet")
ON_VALUES: tuple[Scalar, ...] = (True, "on", "open")
"""Naming a thing and not its end means wanting it."""
OFF_VALUES: tuple[Scalar, ...] = (False, "off", "close", "closed")
_POSSESSIVE = re.compile(r"'s?(?= )")
"""In "dolly parton's best songs" dolly parton was said."""
_ENOUGH_OVERLAP = 0.6
_MAJORITY = 3
_SHORT = 2
"""Letters of a word that proves nothing (to, by, in)."""


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance as evidence."""

    text: str
    """Normalised."""
    raw: str
    """Normalised surface, nothing stripped: a song may begin with a filler."""
    lang: Lang
    numbers: frozenset[float]
    sounds: str
    words: frozenset[str]


def said(text: str, plain: str, lang: Lang) -> Said:
    """Prepare an utterance."""
    raw = surface(text, lang)
    values = frozenset(span.value for span in find_numbers(raw, lang))
    sounds = f" {pinyin.key(raw.replace(' ', ''))} " if lang == "zh" else ""
    return Said(plain, raw, lang, values, sounds, content(raw, lang))


class ParameterEvidence:
    """What one action's own file lets a value be taken from, besides its names."""

    def __init__(self, spec: ActionSpec) -> None:
        self._spec = spec
        self._fixed: dict[str, frozenset[Scalar]] = {}
        self._words: dict[tuple[str, Lang], Mapping[str, frozenset[str]]] = {}
        rows = list(_set_values(spec))
        self._direction = {name: _direction(name, rows) for name, schema in spec.properties.items() if _is_step(schema)}
        for name in spec.properties:
            own = [(value, say, lang) for parameter, value, say, lang in rows if parameter == name]
            self._fixed[name] = frozenset(value for value, say, lang in own if not find_numbers(say, lang))
            for lang in LANGS:
                self._words[name, lang] = value_words([(value, say) for value, say, each in own if each == lang], lang)

    def direction(self, name: str) -> int:
        """Return 1 when the file's own phrases say "up" for positive steps, -1 for negative ones, 0 when unclear."""
        return self._direction.get(name, 0)

    def find(self, name: str, value: Scalar, heard: Said, last: Action | None) -> Finding:
        """Tell where a value came from, or what speaks against it."""
        schema = self._spec.properties[name]
        if "enum" in schema or isinstance(value, bool):
            return self._named(name, value, schema, heard, last)
        if isinstance(value, str):
            return self._quoted(name, value, heard, last)
        return self._counted(name, float(value), schema, heard, last)

    def _step(self, name: str) -> float:
        """Return what one step is ("fan up two"): the least that a phrase of the action fixes; 1 where none does."""
        steps = [abs(value) for value in self._fixed[name] if value and not isinstance(value, bool | str)]
        return min(steps, default=1.0) if _is_step(self._spec.properties[name]) else 1.0

    def _named(self, name: str, value: Scalar, schema: Mapping[str, Any], heard: Said, last: Action | None) -> Finding:
        if (
            self._is_named(name, value, heard)
            or self._words[name, heard.lang].get(str(value), frozenset()) & heard.words
        ):
            return "said"
        others = [other for other in schema.get("enum", (True, False)) if other != value]
        if any(self._is_named(name, other, heard, strict=True) for other in others):
            return "contradicted"
        if value in ON_VALUES and not says(heard.text, heard.lang, "off", "close"):
            return "default"
        if value in OFF_VALUES and (says(heard.text, heard.lang, "off", "close") or ceases(heard.text, heard.lang)):
            return "said"
        return "context" if _carried(name, value, last) else "not-said"

    def fixes(self, name: str, value: Scalar) -> bool:
        """Tell whether some phrase or example of the action means this value without saying it."""
        return value in self._fixed[name]

    def _is_named(self, name: str, value: Scalar, heard: Said, *, strict: bool = False) -> bool:
        for lang in LANGS:
            for spoken in spoken_names(self._spec, name, value, lang):
                if (len(spoken) > 1 or not strict) and _occurs(surface(spoken, lang), heard, by_sound=not strict):
                    return True
        return False

    def _quoted(self, name: str, value: str, heard: Said, last: Action | None) -> Finding:
        plain = surface(value, heard.lang)
        if _occurs(plain, heard, by_sound=True) or (heard.lang == "en" and _overlaps(plain, heard)):
            return "said"
        if value in self._fixed[name] and self._words[name, heard.lang].get(value, frozenset()) & heard.words:
            return "said"
        return "context" if _carried(name, value, last) else "not-said"

    def _counted(self, name: str, value: float, schema: Mapping[str, Any], heard: Said, last: Action | None) -> Finding:
        if any(_near(abs(value), number) for number in _derivable(heard, str(schema.get("unit", "")))):
            return "said"
        if any(_near(abs(value), number * self._step(name)) for number in heard.numbers):
            return "said"
        if self._words[name, heard.lang].get(str(numbers.plain(value)), frozenset()) & heard.words:
            return "said"
        extremes = {"maximum": _MOST, "minimum": _LEAST}
        for bound, words in extremes.items():
            if schema.get(bound) == value and any(word in heard.text for word in words[heard.lang]):
                return "said"
        if heard.numbers and not _is_step(schema):
            return "not-said"
        if value in self._fixed[name] and not heard.numbers:
            return "default"
        return "context" if _carried(name, value, last) else "not-said"


def _set_values(spec: ActionSpec) -> Iterator[tuple[str, Scalar, str, Lang]]:
    """Yield every value that a phrase fixes or an example means, with the words it was meant by."""
    for lang in LANGS:
        for phrases in (spec.phrases, spec.reflex, spec.follow_ups):
            for phrase in phrases.get(lang, ()):
                for name, value in phrase.set.items():
                    yield name, value, " ".join(literals(parsed(phrase.say))), lang
        for example in spec.examples.get(lang, ()):
            for name, value in example.parameters.items():
                yield name, value, example.say, lang


def _direction(name: str, rows: list[tuple[str, Scalar, str, Lang]]) -> int:
    votes = {1: 0, -1: 0}
    for parameter, value, say, lang in rows:
        if parameter != name or isinstance(value, bool | str) or not value:
            continue
        up, down = says(say, lang, "up"), says(say, lang, "down")
        if up != down:
            votes[1 if (value > 0) == up else -1] += 1
    most = max(votes, key=lambda way: votes[way])
    return most if votes[most] > 1 and votes[most] >= _MAJORITY * votes[-most] else 0


def _occurs(plain: str, heard: Said, *, by_sound: bool) -> bool:
    if not plain:
        return False
    if heard.lang == "en" or plain.isascii():
        said = heard.raw.replace(",", " ").replace("  ", " ")
        texts = (said, _POSSESSIVE.sub("", said), heard.text)
        return any(f" {plain} " in f" {text} " for text in texts) or (heard.lang == "zh" and plain in heard.raw)
    if plain in heard.raw or plain in heard.text:
        return True
    return by_sound and len(plain) > 1 and f" {pinyin.key(plain)} " in heard.sounds


def _overlaps(plain: str, heard: Said) -> bool:
    words = plain.split()
    there = set(heard.raw.replace(",", " ").split())
    return sum(word in there for word in words) >= _ENOUGH_OVERLAP * len(words) and any(
        len(word) > _SHORT and word in there for word in words
    )


def _derivable(heard: Said, unit: str) -> Iterator[float]:
    if unit == "h":
        return clock.hours(heard.numbers, heard.raw, heard.lang)
    if unit == "min":
        return clock.minutes(heard.numbers, heard.raw, heard.lang)
    return _scaled(heard, unit)


def _scaled(heard: Said, unit: str) -> Iterator[float]:
    for number in (*heard.numbers, *(value for words, value in _FEW.items() if words in heard.raw)):
        for factor in _UNIT_FACTORS:
            yield abs(number) * factor
        yield number + 0.5
        if (heard.lang == "zh" and "成" in heard.raw) or (unit == "mm" and _CENTIMETRES.search(heard.raw)):
            yield number * 10


def _near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6 * max(1.0, abs(one))


def _is_step(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") in ("number", "integer") and float(schema.get("minimum", 0)) < 0 < float(
        schema.get("maximum", 0)
    )


def _carried(name: str, value: Scalar, last: Action | None) -> bool:
    return last is not None and last.parameters.get(name) == value
