"""Worked examples for the language model, drawn from the action files and found by likeness; no prompt layout here."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cockpitd.domain.actions import ActionSpec, Catalogue, Phrase
from cockpitd.domain.template import parse
from cockpitd.domain.units import Lang, Parameters, Scalar
from cockpitd.nlu.decode import canonical, offered
from cockpitd.nlu.numbers import find_numbers, plain
from cockpitd.nlu.polarity import contradicts

PHRASE_FORMS = 8
"""Expansions of one phrase that are kept; more only repeat its words."""
SHORTLIST = 48
"""Forms that are filled in for the utterance and compared again."""
OPPOSITE = 0.5
"""What is left of the likeness of an action whose direction the utterance contradicts (open for "close")."""
LOST_NUMBER = 0.7
"""What is left of it for each number of the utterance that the form has no place for."""
PER_ACTION = 2
"""Most shots of one action in one prompt: the runner-up actions must be seen as well."""

_EN_WORD = re.compile(r"[a-z']+|\d+(?:\.\d+)?")
_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Shot:
    """One utterance and the answer a model should give."""

    say: str
    action: str
    answer: str
    likeness: float = 0.0
    """Cosine to the utterance it was chosen for, 0..1."""
    parameters: Parameters = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say an action, its slots still open."""

    say: str
    spec: ActionSpec
    parameters: Parameters
    turn: int = 0
    """Which of the possible values fills a slot the utterance says nothing about."""
    slots: tuple[str, ...] = field(default=())


class ShotIndex:
    """All forms of one language, found by TF-IDF over character pairs (zh) or words and word pairs (en)."""

    def __init__(self, catalogue: Catalogue, lang: Lang) -> None:
        self._lang: Lang = lang
        self._forms = tuple(form for spec in offered(catalogue) for form in _forms(spec, lang))
        self._aliases = _aliases(catalogue, lang)
        counts = [Counter(_form_features(form, lang)) for form in self._forms]
        users: dict[str, set[str]] = defaultdict(set)
        for form, count in zip(self._forms, counts, strict=True):
            for name in count:
                users[name].add(form.spec.name)
        # Rare means "said of few actions", not "in few forms": an action with many phrases must not lose its own words.
        self._total = len({form.spec.name for form in self._forms}) + 1
        self._idf = {name: math.log(self._total / len(actions)) for name, actions in users.items()}
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, count in enumerate(counts):
            length = self._length(count)
            for name, many in count.items():
                self._postings[name].append((number, many * self._idf[name] / length))

    def nearest(self, text: str, count: int) -> tuple[Shot, ...]:
        """Return the most alike shots, the best last, so that it stands right before the utterance."""
        return varied(self.alike(text), count)

    def alike(self, text: str) -> list[Shot]:
        """Return a shortlist of shots, the most alike first, their slots filled with what the utterance names."""
        values = self.named(text)
        query = Counter(features(text, self._lang))
        wanted = query + Counter(f"@{action}.{name}" for action, name in values)
        scores: dict[int, float] = defaultdict(float)
        for name, many in wanted.items():
            for number, weight in self._postings.get(name, ()):
                scores[number] += many * self._idf[name] * weight
        best = sorted(scores, key=lambda number: (-scores[number], number))[:SHORTLIST]
        shots = [self._fill(self._forms[number], values, text, query) for number in best]
        return sorted(shots, key=lambda shot: -shot.likeness)

    def _fill(
        self, form: Form, values: Mapping[tuple[str, str], tuple[str, Scalar]], text: str, query: Counter[str]
    ) -> Shot:
        """Say a form with the values the utterance names, so that the model has less to carry over."""
        said, parameters, free = form.say, dict(form.parameters), form.say
        for name in form.slots:
            schema = form.spec.properties[name]
            word, value = (
                values.get((form.spec.name, name))
                or _said_number(schema, text, self._lang)
                or _sample(form.spec, name, form.turn, self._lang)
                or ("", "")
            )
            said, parameters[name] = said.replace(f"{{{name}}}", word), value
            # A free text stands for any other: its own words must not count against the form.
            free = free.replace(f"{{{name}}}", " " if _is_free(schema) else word)
        said = _tidy(said, self._lang)
        likeness = self._likeness(free, query)
        if contradicts(text, self._lang, form.spec.polarity):
            likeness *= OPPOSITE
        if not any(_is_free(schema) for schema in form.spec.properties.values()):
            likeness *= LOST_NUMBER ** len(set(_DIGITS.findall(text)) - set(_DIGITS.findall(said)))
        return Shot(said, form.spec.name, canonical([(form.spec, parameters)]), likeness, parameters)

    def _likeness(self, said: str, query: Counter[str]) -> float:
        mine = Counter(features(said, self._lang))
        common = sum(many * query[name] * self._weight(name) ** 2 for name, many in mine.items() if name in query)
        return common / (self._length(mine) * self._length(query))

    def _length(self, count: Counter[str]) -> float:
        return math.sqrt(sum((many * self._weight(name)) ** 2 for name, many in count.items())) or 1.0

    def _weight(self, name: str) -> float:
        return self._idf.get(name, math.log(self._total))

    def named(self, text: str) -> dict[tuple[str, str], tuple[str, Scalar]]:
        """Find the enum values the utterance names: (action, parameter) -> (word, value), the longest word winning."""
        found: dict[tuple[str, str], tuple[str, Scalar]] = {}
        padded = text.lower() if self._lang == "zh" else f" {' '.join(_EN_WORD.findall(text.lower()))} "
        for word, places in self._aliases.items():
            if (word if self._lang == "zh" else f" {word} ") in padded:
                for action, name, value in places:
                    if len(word) > len(found.get((action, name), ("", ""))[0]):
                        found[action, name] = word, value
        return found


def features(text: str, lang: Lang) -> Iterator[str]:
    """Cut a text into what likeness is measured by; numbers count as one and the same word."""
    if lang == "en":
        words = ["#" if word[0].isdigit() else word for word in _EN_WORD.findall(text.lower())]
        yield from words
        yield from (f"{left} {right}" for left, right in itertools.pairwise(words))
        return
    joined = re.sub(r"[0-9零一二两三四五六七八九十百点.]+", "#", re.sub(r"[\s，。？！、,?!]", "", text.lower()))
    yield from joined
    yield from (joined[at : at + 2] for at in range(len(joined) - 1))


def _form_features(form: Form, lang: Lang) -> Iterator[str]:
    """Features of the literal words, and one mark per open enum slot that an utterance may name a value of."""
    text = form.say
    for name in form.slots:
        schema = form.spec.properties[name]
        if "enum" in schema:
            yield f"@{form.spec.name}.{name}"
        text = text.replace(f"{{{name}}}", "9" if schema.get("type") in ("integer", "number") else " ")
    yield from features(text, lang)


def _forms(spec: ActionSpec, lang: Lang) -> Iterator[Form]:
    for example in spec.examples.get(lang, ()):
        yield Form(example.say, spec, example.parameters)
    for phrase in spec.phrases.get(lang, ()):
        yield from _spoken(spec, phrase, lang)


def _spoken(spec: ActionSpec, phrase: Phrase, lang: Lang) -> Iterator[Form]:
    for turn, say in enumerate(_spread(parse(phrase.say).expand(), PHRASE_FORMS)):
        slots = tuple(dict.fromkeys(_SLOT.findall(say)))
        given = {*phrase.set, *slots}
        if given.issuperset(spec.required) and all(_sample(spec, name, turn, lang) for name in slots):
            yield Form(say, spec, phrase.set, turn, slots)


def _sample(spec: ActionSpec, name: str, turn: int, lang: Lang) -> tuple[str, Scalar] | None:
    """Say some value of a parameter: enum names in turn, a number of the range, free text from the examples."""
    schema = spec.properties.get(name, {})
    if "enum" in schema:
        named = [(word, value) for value in schema["enum"] for word in spec.names(name, value, lang)]
        return named[turn % len(named)] if named else None
    if schema.get("type") in ("integer", "number"):
        low, high = schema.get("minimum", 0), schema.get("maximum", 100)
        value = int(max(math.ceil(low), min(low + (high - low) * (0.3 + 0.1 * (turn % 5)), math.floor(high))))
        return str(value), value
    texts = [example.parameters[name] for example in spec.examples.get(lang, ()) if name in example.parameters]
    return (str(texts[turn % len(texts)]), texts[turn % len(texts)]) if texts else None


def _is_free(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and "enum" not in schema


def _said_number(schema: Mapping[str, Any], text: str, lang: Lang) -> tuple[str, Scalar] | None:
    """Take the first number of the utterance that this parameter could be."""
    if schema.get("type") not in ("integer", "number"):
        return None
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    for span in find_numbers(text, lang):
        value = plain(span.value)
        if low <= value <= high and (isinstance(value, int) or schema["type"] == "number"):
            return str(value), value
    return None


def _aliases(catalogue: Catalogue, lang: Lang) -> dict[str, list[tuple[str, str, Scalar]]]:
    """Spoken name of an enum value -> where it is one."""
    out: dict[str, list[tuple[str, str, Scalar]]] = defaultdict(list)
    for spec in offered(catalogue):
        for name, schema in spec.properties.items():
            for value in schema.get("enum", ()):
                for word in spec.names(name, value, lang):
                    out[word.lower()].append((spec.name, name, value))
    return out


def varied(shots: Iterable[Shot], count: int) -> tuple[Shot, ...]:
    """Take the best shots, no answer twice and no action more than a few times; the best comes last."""
    chosen: list[Shot] = []
    per_action: Counter[str] = Counter()
    for shot in shots:
        if len(chosen) == count:
            break
        if per_action[shot.action] < PER_ACTION and all(shot.answer != other.answer for other in chosen):
            per_action[shot.action] += 1
            chosen.append(shot)
    return tuple(reversed(chosen))


def _spread(forms: tuple[str, ...], count: int) -> Iterable[str]:
    if len(forms) <= count:
        return forms
    return (forms[number * (len(forms) - 1) // (count - 1)] for number in range(count))


def _tidy(text: str, lang: Lang) -> str:
    return _SPACES.sub("" if lang == "zh" else " ", text).strip()
