"""Worked examples for the language model, drawn from the action files and found by likeness; no prompt layout here."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cockpitd.domain.actions import ActionSpec, Catalogue, Phrase
from cockpitd.domain.template import parse
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu.decode import canonical, offered

PHRASE_FORMS = 12
"""Expansions of one phrase that are kept; more only repeat its words."""
PER_ACTION = 2
"""Most shots of one action in one prompt: the runner-up actions must be seen as well."""

_EN_WORD = re.compile(r"[a-z]+|\d+")
_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Shot:
    """One utterance and the answer a model should give."""

    say: str
    action: str
    answer: str


class ShotIndex:
    """All shots of one language, found by TF-IDF over character pairs (zh) or words and word pairs (en)."""

    def __init__(self, catalogue: Catalogue, lang: Lang) -> None:
        self._lang: Lang = lang
        self._shots = tuple(dict.fromkeys(_all_shots(catalogue, lang)))
        counts = [Counter(features(shot.say, lang)) for shot in self._shots]
        seen = Counter(name for count in counts for name in count)
        total = len(self._shots) + 1
        self._idf = {name: math.log(total / number) + 0.1 for name, number in seen.items()}
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, count in enumerate(counts):
            weights = {name: many * self._idf[name] for name, many in count.items()}
            length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
            for name, weight in weights.items():
                self._postings[name].append((number, weight / length))

    def nearest(self, text: str, count: int) -> tuple[Shot, ...]:
        """Return the most alike shots, the best last, so that it stands right before the utterance."""
        scores: dict[int, float] = defaultdict(float)
        for name, many in Counter(features(text, self._lang)).items():
            for number, weight in self._postings.get(name, ()):
                scores[number] += many * self._idf[name] * weight
        chosen: list[Shot] = []
        per_action: Counter[str] = Counter()
        answers: set[str] = set()
        for number in sorted(scores, key=lambda number: (-scores[number], number)):
            shot = self._shots[number]
            if per_action[shot.action] < PER_ACTION and shot.answer not in answers:
                per_action[shot.action] += 1
                answers.add(shot.answer)
                chosen.append(shot)
                if len(chosen) == count:
                    break
        return tuple(reversed(chosen))


def features(text: str, lang: Lang) -> Iterator[str]:
    """Cut a text into what likeness is measured by; numbers count as one and the same word."""
    if lang == "en":
        words = ["#" if word.isdigit() else word for word in _EN_WORD.findall(text.lower())]
        yield from words
        yield from (f"{left} {right}" for left, right in zip(words, words[1:], strict=False))
        return
    plain = re.sub(r"[0-9零一二两三四五六七八九十百点]+", "#", re.sub(r"[\s，。？！、,.?!]", "", text.lower()))
    yield from plain
    yield from (plain[at : at + 2] for at in range(len(plain) - 1))


def _all_shots(catalogue: Catalogue, lang: Lang) -> Iterator[Shot]:
    for spec in offered(catalogue):
        for example in spec.examples.get(lang, ()):
            yield Shot(example.say, spec.name, canonical([(spec, example.parameters)]))
        for phrase in spec.phrases.get(lang, ()):
            yield from _spoken(spec, phrase, lang)


def _spoken(spec: ActionSpec, phrase: Phrase, lang: Lang) -> Iterator[Shot]:
    """Say one phrase in several ways, its slots filled with values the file itself names."""
    forms = parse(phrase.say).expand()
    for number, form in enumerate(_spread(forms, PHRASE_FORMS)):
        values: dict[str, Scalar] = dict(phrase.set)
        said = form
        for name in _SLOT.findall(form):
            found = _sample(spec, name, number, lang)
            if found is None:
                break
            said, values[name] = said.replace(f"{{{name}}}", found[0]), found[1]
        else:
            if all(name in values for name in spec.required):
                yield Shot(_tidy(said, lang), spec.name, canonical([(spec, values)]))


def _sample(spec: ActionSpec, name: str, turn: int, lang: Lang) -> tuple[str, Scalar] | None:
    """Say some value of a parameter: enum names in turn, a number of the range, free text from the examples."""
    schema = spec.properties.get(name, {})
    if "enum" in schema:
        named = [(alias, value) for value in schema["enum"] for alias in spec.names(name, value, lang)]
        return named[turn % len(named)] if named else None
    if schema.get("type") in ("integer", "number"):
        value = _number(schema, turn)
        return str(value), value
    texts = [example.parameters[name] for example in spec.examples.get(lang, ()) if name in example.parameters]
    return (str(texts[turn % len(texts)]), texts[turn % len(texts)]) if texts else None


def _number(schema: Mapping[str, Any], turn: int) -> int:
    low, high = schema.get("minimum", 0), schema.get("maximum", 100)
    return int(max(math.ceil(low), min(low + (high - low) * (0.3 + 0.1 * (turn % 5)), math.floor(high))))


def _spread(forms: tuple[str, ...], count: int) -> Iterable[str]:
    if len(forms) <= count:
        return forms
    return (forms[number * (len(forms) - 1) // (count - 1)] for number in range(count))


def _tidy(text: str, lang: Lang) -> str:
    return _SPACES.sub("" if lang == "zh" else " ", text).strip()

