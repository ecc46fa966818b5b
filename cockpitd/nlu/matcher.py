"""Matching one utterance against one compiled phrase, whole and by tokens; which phrase wins is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from cockpitd.domain import template
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu.normalize import surface
from cockpitd.nlu.slots import SlotReader, TextSlot
from cockpitd.nlu.sound import Heard, Mark, mark
from cockpitd.nlu.text import tokenise

_LEAVE_OUT: dict[Lang, frozenset[str]] = {
    "zh": frozenset("请吧啊呀哦啦呗嘛"),
    "en": frozenset({"the", "a", "an", "please"}),
}
"""Template words the driver need not say."""
_SKIP: dict[Lang, frozenset[str]] = {
    "zh": frozenset("嗯呃啊哦吧的呀把将"),
    "en": frozenset("the a an please just uh um maybe my now our then really your".split()),
}
"""Words the driver may add before any fixed word; they change no meaning."""
_SKIP_PAIRS: dict[Lang, frozenset[tuple[str, str]]] = {
    "zh": frozenset({("那", "个"), ("这", "个"), ("一", "下"), ("给", "我"), ("帮", "我"), ("我", "的"), ("这", "边")}),
    "en": frozenset({("for", "me"), ("you", "know"), ("kind", "of")}),
}
_TAIL: dict[Lang, frozenset[str]] = {
    "zh": frozenset("了吧啊呀哦啦呗嘛的"),
    "en": frozenset({"please", "now", "thanks", "then", "okay"}),
}
"""Words that may follow the last template word."""
_BUDGET = 4_000
"""Steps after which a phrase is given up: templates are short, so only a hostile utterance gets there."""


@dataclass(frozen=True, slots=True)
class Word:
    """One fixed token."""

    mark: Mark
    may_miss: bool


@dataclass(frozen=True, slots=True)
class Blank:
    """A place for a parameter."""

    name: str
    reader: SlotReader


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences, or none if `may_miss`."""

    options: tuple[Chain, ...]
    may_miss: bool


Part: TypeAlias = Word | Blank | Choice
Chain: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """One parameter value read, and the tokens it took; a link in a chain back to the first."""

    name: str
    """Parameter, or empty for a fixed word that only sounded right (`value` is how it is written)."""
    start: int
    end: int
    value: Scalar
    free: bool
    before: Bind | None


@dataclass(slots=True)
class _Walk:
    """One attempt; the only mutable thing is the budget."""

    heard: Heard
    lang: Lang
    left: int = field(default=_BUDGET)


@dataclass(frozen=True, slots=True)
class Fit:
    """One way a phrase fits the utterance."""

    parameters: Mapping[str, Scalar]
    spans: Mapping[str, tuple[int, int]]
    """Parameter -> tokens it was read from."""
    free: frozenset[str]
    """Parameters that were free text."""
    free_chars: int
    fixed_tokens: int
    skipped: int
    misheard: Mapping[int, str]
    """Token index -> how a fixed word is written that only sounded right."""


def compile_chain(node: template.Sequence, readers: Mapping[str, SlotReader], lang: Lang) -> Chain:
    """Turn a parsed phrase into what the walk needs."""
    out: list[Part] = []
    for part in node.parts:
        match part:
            case template.Literal(text):
                out.extend(_words(text, lang))
            case template.Slot(name):
                out.append(Blank(name, readers[name]))
            case template.Alternatives(options):
                out.append(Choice(tuple(compile_chain(option, readers, lang) for option in options), may_miss=False))
            case template.Optional(template.Alternatives(options)):
                out.append(Choice(tuple(compile_chain(option, readers, lang) for option in options), may_miss=True))
            case template.Optional(template.Sequence() as body):
                out.append(Choice((compile_chain(body, readers, lang),), may_miss=True))
    return tuple(out)


@cache
def _words(text: str, lang: Lang) -> tuple[Word, ...]:
    return tuple(
        Word(mark(word), may_miss=word in _LEAVE_OUT[lang]) for word in tokenise(surface(text, lang), lang).words()
    )


def fits(chain: Chain, heard: Heard) -> Iterator[Fit]:
    """Yield every way the whole utterance fits the phrase."""
    walk = _Walk(heard, heard.tokens.lang)
    total = len(heard.words)
    for at, skipped, bind in _chain(walk, chain, 0, (0, 0, None)):
        if at == total or _is_tail(walk, at):
            yield _fit(heard, skipped + total - at, bind)


State: TypeAlias = tuple[int, int, Bind | None]
"""Token index, tokens skipped so far, values bound so far."""


def _chain(walk: _Walk, chain: Chain, step: int, state: State) -> Iterator[State]:
    walk.left -= 1
    if walk.left < 0:
        return
    if step == len(chain):
        yield state
        return
    for after in _part(walk, chain[step], state):
        yield from _chain(walk, chain, step + 1, after)


def _part(walk: _Walk, part: Part, state: State) -> Iterator[State]:
    match part:
        case Word():
            yield from _word(walk, part, state)
        case Choice(options, may_miss):
            for option in options:
                yield from _chain(walk, option, 0, state)
            if may_miss:
                yield state
        case Blank():
            yield from _blank(walk, part, state)


def _word(walk: _Walk, part: Word, state: State) -> Iterator[State]:
    at, skipped, bind = state
    found = _next(walk, part.mark, at)
    if found is not None:
        if walk.heard.words[found] != part.mark.text:
            bind = Bind("", found, found + 1, part.mark.text, free=False, before=bind)
        yield found + 1, skipped + found - at, bind
    if part.may_miss:
        yield state


def _next(walk: _Walk, wanted: Mark, at: int) -> int | None:
    """Return where `wanted` stands, at most a few meaningless words ahead."""
    total = len(walk.heard.words)
    for _ in range(4):
        if at >= total:
            return None
        if walk.heard.agrees(at, wanted):
            return at
        width = _skippable(walk, at)
        if not width:
            return None
        at += width
    return None


def _skippable(walk: _Walk, at: int) -> int:
    words = walk.heard.words
    if words[at] in _SKIP[walk.lang]:
        return 1
    return 2 if words[at : at + 2] in _SKIP_PAIRS[walk.lang] else 0


def _blank(walk: _Walk, part: Blank, state: State) -> Iterator[State]:
    at, skipped, bind = state
    total = len(walk.heard.words)
    free = isinstance(part.reader, TextSlot)
    for _ in range(1 if free else 3):
        if at >= total:
            return
        for end, value in part.reader.read(walk.heard, at):
            yield end, skipped, Bind(part.name, at, end, value, free, bind)
        width = _skippable(walk, at)
        if not width:
            return
        at, skipped = at + width, skipped + width


def _is_tail(walk: _Walk, at: int) -> bool:
    words = walk.heard.words
    while at < len(words):
        pair = words[at : at + 2]
        if words[at] in _TAIL[walk.lang]:
            at += 1
        elif pair in (("一", "下"), ("for", "me"), ("thank", "you"), ("谢", "谢"), ("right", "now"), ("一", "些")):
            at += 2
        else:
            return False
    return True


def _fit(heard: Heard, skipped: int, bind: Bind | None) -> Fit:
    parameters: dict[str, Scalar] = {}
    spans: dict[str, tuple[int, int]] = {}
    free: set[str] = set()
    taken = free_chars = 0
    misheard: dict[int, str] = {}
    while bind is not None:
        if not bind.name:
            misheard[bind.start], bind = str(bind.value), bind.before
            continue
        parameters[bind.name], spans[bind.name] = bind.value, (bind.start, bind.end)
        taken += bind.end - bind.start
        if bind.free:
            free.add(bind.name)
            free_chars += len(str(bind.value))
        bind = bind.before
    fixed = len(heard.words) - skipped - taken
    return Fit(parameters, spans, frozenset(free), free_chars, fixed, skipped, misheard)
