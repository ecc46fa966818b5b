"""What must hold for the phrases of one action; phrases of different actions meet in `overlap.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpitd.catalogue.source import Problem, Source, Where
from cockpitd.catalogue.writes import always_safe
from cockpitd.domain.actions import ActionSpec, Phrase
from cockpitd.domain.template import Sequence, parse
from cockpitd.domain.units import LANGS
from cockpitd.domain.vehicle import Signal


def check_phrases(spec: ActionSpec, source: Source, signals: Mapping[str, Signal]) -> Iterator[Problem]:
    """Find phrases that do not parse, name no declared parameter, or have no business in the reflex table."""
    for lang in LANGS:
        if not spec.phrases[lang] and not spec.reflex[lang] and spec.klass != "chat":
            message = f"no {lang} phrase: write at least one under phrases.{lang} or reflex.{lang}"
            yield source.problem("phrase-missing", ("phrases", lang), message)
        for key, lists in (("phrases", spec.phrases), ("follow_ups", spec.follow_ups), ("reflex", spec.reflex)):
            for position, phrase in enumerate(lists[lang]):
                for code, message in _phrase(phrase, spec):
                    yield source.problem(code, (key, lang, position), message)
    if any(spec.follow_ups.values()) and not spec.topic:
        yield source.problem("follow-up-topic", ("follow_ups",), "follow-ups need a `topic` to follow; add one")
    if any(spec.reflex.values()):
        yield from _reflex(spec, source, signals)


def _phrase(phrase: Phrase, spec: ActionSpec) -> Iterator[tuple[str, str]]:
    try:
        tree = parse(phrase.say)
    except ValueError as exc:
        yield "phrase-syntax", str(exc)
        return
    yield from _tree(tree, phrase, spec)


def _tree(tree: Sequence, phrase: Phrase, spec: ActionSpec) -> Iterator[tuple[str, str]]:
    if tree.may_be_empty():
        yield "phrase-syntax", f"{phrase.say!r} also matches silence; make one word compulsory"
    for name in sorted(tree.slots()):
        if name not in spec.properties:
            yield "parameter-unknown", f"{{{name}}} is not a declared parameter; declare it or correct the name"
        elif name in phrase.set:
            yield "phrase-set", f"{{{name}}} is both said and fixed by `set`; keep one"


def _reflex(spec: ActionSpec, source: Source, signals: Mapping[str, Signal]) -> Iterator[Problem]:
    for lang in LANGS:
        for position, phrase in enumerate(spec.reflex[lang]):
            if "{" in phrase.say:
                message = f"{phrase.say!r}: a reflex phrase is fixed; move it to phrases or fix the value with `set`"
                yield source.problem("reflex-slot", ("reflex", lang, position), message)
    if spec.klass == "safety":
        return
    for position, write in enumerate(spec.writes):
        signal = signals.get(write.signal)
        if signal is not None and (write.value is None or not always_safe(write, spec, signal)):
            where: Where = ("writes", position)
            message = "reflex phrases need every write to be a constant that is the safe state; use phrases instead"
            yield source.problem("reflex-unsafe", where, message)
