"""Finds sentences that two actions would both answer to, by comparing every phrase and example with every other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from cockpitd.catalogue import automaton
from cockpitd.catalogue.source import Problem, Source, Where
from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.template import Sequence, parse
from cockpitd.domain.units import LANGS, Lang

NUMBER, TEXT = "<number>", "<text>"

_ZH_NUMBER = r"(?:百分之)?[0-9零〇一二两三四五六七八九十百千点半]+"
_EN_WORDS = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thir|fourteen|fifteen|fif|teen|"
    "twenty|forty|ty|eighteen|eighty|hundred|thousand|and|point|half|a"
)
_NUMBER_PATTERN: dict[Lang, str] = {"zh": _ZH_NUMBER, "en": rf"(?:[0-9]+|(?:{_EN_WORDS})+)"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One phrase of one action."""

    spec: ActionSpec
    source: Source
    where: Where
    say: str
    tree: Sequence
    machine: automaton.Automaton
    free: bool
    """True when it has free text, and so gives way to a phrase without."""


def check_overlap(actions: Iterable[tuple[ActionSpec, Source]]) -> Iterator[Problem]:
    """Compare all phrases with each other.

    Free text is compared with free text only: that `{place}` can also be the words of a more exact phrase is meant,
    and the more exact phrase wins. Follow-ups meet only follow-ups of the same topic.
    """
    files = list(actions)
    for lang in LANGS:
        plain = [entry for key in ("phrases", "reflex") for pair in files for entry in _entries(*pair, key, lang)]
        later = [entry for pair in files for entry in _entries(*pair, "follow_ups", lang)]
        yield from _pairs(plain, lambda one, other: one.spec is not other.spec)
        yield from _pairs(later, lambda one, other: one.spec is not other.spec and one.spec.topic == other.spec.topic)
        yield from _examples(files, plain, later, lang)


def _entries(spec: ActionSpec, source: Source, key: str, lang: Lang) -> Iterator[_Entry]:
    symbols = partial(_symbols, spec, lang)
    for position, phrase in enumerate(getattr(spec, key)[lang]):
        tree = parse(phrase.say)
        free = any(symbols(name) == TEXT for name in tree.slots())
        machine = automaton.build(tree, symbols)
        yield _Entry(spec, source, (key, lang, position), phrase.say, tree, machine, free)


def _symbols(spec: ActionSpec, lang: Lang, name: str) -> tuple[str, ...] | str:
    schema = spec.properties[name]
    if schema["type"] in ("integer", "number"):
        return NUMBER
    names = schema.get("names", {})
    return tuple(word for by_lang in names.values() for word in by_lang[lang]) or TEXT


def _pairs(entries: list[_Entry], comparable: Callable[[_Entry, _Entry], bool]) -> Iterator[Problem]:
    for index, one in enumerate(entries):
        for other in entries[:index]:
            if not comparable(one, other):
                continue
            sentence = automaton.meet(one.machine, other.machine)
            if sentence is not None:
                message = f"{sentence!r} is also {other.spec.name} ({other.say!r}); make one of them differ"
                yield one.source.problem("phrase-overlap", one.where, message)


def _examples(
    files: list[tuple[ActionSpec, Source]], plain: list[_Entry], later: list[_Entry], lang: Lang
) -> Iterator[Problem]:
    """Find examples that a phrase of another action would take, more exactly than any phrase of their own."""
    compiled = [(entry, _compiled(entry, lang)) for entry in (*plain, *later)]
    for spec, source in files:
        for position, example in enumerate(spec.examples[lang]):
            said = automaton.letters(example.say)
            hits = [entry for entry, regex in compiled if regex.fullmatch(said)]
            own = max((2 - entry.free for entry in hits if entry.spec is spec), default=0)
            for entry in hits:
                if entry.spec is not spec and entry.where[0] != "follow_ups" and 2 - entry.free > own:
                    message = f"{example.say!r} is taken by {entry.spec.name} ({entry.say!r}); add a phrase of its own"
                    yield source.problem("example-overlap", ("examples", lang, position), message)


def _compiled(entry: _Entry, lang: Lang) -> re.Pattern[str]:
    return re.compile(automaton.pattern(entry.tree, _patterns(entry.spec, lang)))


def _patterns(spec: ActionSpec, lang: Lang) -> dict[str, str]:
    found = {}
    for name in spec.properties:
        symbols = _symbols(spec, lang, name)
        if symbols == NUMBER:
            found[name] = _NUMBER_PATTERN[lang]
        elif symbols == TEXT:
            found[name] = ".+"
        else:
            found[name] = "(?:" + "|".join(automaton.letters(word) for word in symbols) + ")"
    return found
