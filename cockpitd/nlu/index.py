"""All compiled phrases of one language and the quick choice of those worth trying; `reading.py` ranks them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.domain.template import parse
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu.matcher import Blank, Chain, Choice, Part, Word, compile_chain
from cockpitd.nlu.slots import NameSlot, reader
from cockpitd.nlu.sound import Heard, Mark

_OPENING = 2
"""Tokens that tell the beginning of a command."""

parsed = cache(parse)
"""Phrases are parsed once for the index, the lexicon and the evidence."""


Need: TypeAlias = tuple[frozenset[Mark], ...]
"""Alternatives, each a set of tokens that must all be there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One phrase of one action, ready to match."""

    spec: ActionSpec
    chain: Chain
    fixed: Mapping[str, Scalar]
    """Parameter values the phrase sets."""
    follow_up: bool
    order: int
    """Position among all phrases; earlier wins between two readings of the same action."""
    needs: tuple[Need, ...]
    """What must occur somewhere in the utterance for the phrase to fit at all."""
    texts: tuple[tuple[frozenset[str], ...], ...]
    """The same as plain words, for the frequent case that letters decide."""


@dataclass(frozen=True, slots=True)
class Index:
    """Entries found by a token they cannot do without."""

    by_word: Mapping[str, tuple[Entry, ...]]
    by_fold: Mapping[str, tuple[Entry, ...]]
    always: tuple[Entry, ...]
    """Entries without any compulsory word, such as `{temperature}` alone."""

    def candidates(self, heard: Heard) -> Iterator[Entry]:
        """Yield each entry that has every word it cannot do without in the utterance."""
        seen: set[int] = set()
        words, folds = frozenset(heard.words), heard.folds
        for table, tokens in ((self.by_word, words), (self.by_fold, folds)):
            for token in tokens:
                for entry in table.get(token, ()):
                    if entry.order not in seen:
                        seen.add(entry.order)
                        if _may_fit(entry, words, folds):
                            yield entry
        yield from self.always


def _may_fit(entry: Entry, words: frozenset[str], folds: frozenset[str]) -> bool:
    if not folds:
        return all(any(map(words.issuperset, need)) for need in entry.texts)
    return all(
        any(all(mark.text in words or not folds.isdisjoint(mark.folds) for mark in option) for option in need)
        for need in entry.needs
    )


def build(catalogue: Catalogue, lang: Lang) -> Index:
    """Compile every phrase of the catalogue."""
    entries = list(_entries(catalogue, lang))
    needs = [entry.needs for entry in entries]
    usage: Counter[str] = Counter(
        mark.text for groups in needs for mark in {each for group in groups for option in group for each in option}
    )
    by_word: dict[str, list[Entry]] = defaultdict(list)
    by_fold: dict[str, list[Entry]] = defaultdict(list)
    always: list[Entry] = []
    for entry, groups in zip(entries, needs, strict=True):
        if not groups:
            always.append(entry)
            continue
        rarest = min(
            ([_rarest(option, usage) for option in group] for group in groups), key=lambda row: _cost(row, usage)
        )
        for mark in {mark.text: mark for mark in rarest}.values():
            by_word[mark.text].append(entry)
            for fold in mark.folds:
                by_fold[fold].append(entry)
    return Index(
        {key: tuple(rows) for key, rows in by_word.items()},
        {key: tuple(rows) for key, rows in by_fold.items()},
        tuple(always),
    )


def _entries(catalogue: Catalogue, lang: Lang) -> Iterator[Entry]:
    order = 0
    for spec in catalogue.actions.values():
        readers = {name: reader(spec, name, lang) for name in spec.properties}
        for phrases, follow_up in ((spec.reflex, False), (spec.phrases, False), (spec.follow_ups, True)):
            for phrase in phrases.get(lang, ()):
                chain = compile_chain(parsed(phrase.say), readers, lang)
                needs = tuple(_needs(chain))
                texts = tuple(tuple(frozenset(mark.text for mark in option) for option in need) for need in needs)
                yield Entry(spec, chain, phrase.set, follow_up, order, needs, texts)
                order += 1


def _rarest(option: frozenset[Mark], usage: Counter[str]) -> Mark:
    return min(option, key=lambda mark: (usage[mark.text], mark.text))


def _cost(row: list[Mark], usage: Counter[str]) -> int:
    return sum(usage[mark.text] for mark in row)


def _needs(chain: Chain) -> Iterator[Need]:
    for part in chain:
        yield from _part_needs(part)


def _part_needs(part: Part) -> Iterator[Need]:
    match part:
        case Word(mark, may_miss):
            if not may_miss:
                yield (frozenset((mark,)),)
        case Choice(options, may_miss):
            if may_miss:
                return
            each = [frozenset(_certain(option)) for option in options]
            if all(each):
                yield tuple(each)
        case Blank(_, NameSlot(names)):
            yield tuple(dict.fromkeys(frozenset(marks) for marks, _ in names))
        case Blank():
            return


def _certain(chain: Chain) -> Iterator[Mark]:
    """Tokens that occur in every expansion of a chain."""
    for part in chain:
        if isinstance(part, Word) and not part.may_miss:
            yield part.mark


def opening_pairs(index: Index) -> frozenset[tuple[str, ...]]:
    """First two fixed tokens of every phrase: where one command may begin right after another."""
    entries = {entry.order: entry for rows in index.by_word.values() for entry in rows}
    found: set[Opening] = set()
    for entry in entries.values():
        _advance(entry.chain, {()}, found)
    return frozenset(found)


Opening: TypeAlias = tuple[str, ...]


def _advance(chain: Chain, begun: set[Opening], found: set[Opening]) -> set[Opening]:
    """Follow a chain from every beginning so far; complete ones go to `found`, the rest are returned."""
    for part in chain:
        if not begun:
            break
        match part:
            case Word(mark, may_miss):
                longer = {(*each, mark.text) for each in begun}
                after = longer | (begun if may_miss else set())
            case Choice(options, may_miss):
                after = set(begun) if may_miss else set()
                for option in options:
                    after |= _advance(option, set(begun), found)
            case Blank():
                after = set()
        found |= {each for each in after if len(each) == _OPENING}
        begun = {each for each in after if len(each) < _OPENING}
    return begun
