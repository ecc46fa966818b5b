"""The authored sentences as families, and which part of the data each belongs to; nothing is filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from cockpitd.domain.actions import ActionSpec, Catalogue, Phrase
from cockpitd.domain.template import Sequence, parse
from cockpitd.domain.units import LANGS, Lang
from cockpitd.training.lexicon import read_yaml
from cockpitd.training.utterance import Call

Part: TypeAlias = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
_BUCKETS = 10


@dataclass(frozen=True, slots=True)
class Family:
    """One pattern: everything generated from it stays in one part."""

    ident: str
    """File and number of the pattern: `music/music_play:zh:17`."""
    lang: Lang
    tree: Sequence
    means: tuple[Call, ...]
    """The actions in the order they are said, with the parameters that the wording fixes."""
    follow_up: bool = False
    """It means its action only right after another one of the same topic."""
    after: Call | None = None
    """The one action that went before, where the sentence was written for it."""

    @property
    def spec(self) -> ActionSpec:
        """The first action that is meant."""
        return self.means[0].spec

    def owners(self) -> dict[str, int]:
        """Say of which action each slot is a parameter; the first that has it and does not fix it."""
        found: dict[str, int] = {}
        for number, call in enumerate(self.means):
            for slot in self.tree.slots():
                if slot in call.spec.properties and slot not in call.parameters:
                    found.setdefault(slot, number)
        return found


def part(ident: str) -> Part:
    """Give a family its part, 8 : 1 : 1, for ever: the seed does not move it."""
    bucket = int.from_bytes(hashlib.sha256(ident.encode()).digest()[:4], "big") % _BUCKETS
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def read_families(directory: Path, catalogue: Catalogue, held_back: Iterable[str] = ()) -> tuple[Family, ...]:
    """Read `patterns/` and `sentences/` and the phrases of all action files; nothing of the actions held back."""
    left_out = frozenset(held_back)
    found = [family for path in sorted(directory.glob("patterns/*/*.yaml")) for family in _authored(path, catalogue)]
    found += [family for spec in catalogue.actions.values() for family in _declared(spec)]
    found += [family for path in sorted(directory.glob("sentences/*.yaml")) for family in _sentences(path, catalogue)]
    return tuple(family for family in found if not left_out & _named(family))


def _named(family: Family) -> set[str]:
    calls = (*family.means, family.after) if family.after else family.means
    return {call.spec.name for call in calls}


def _authored(path: Path, catalogue: Catalogue) -> Iterator[Family]:
    data = read_yaml(path)
    spec = catalogue.actions[data["action"]]
    for lang in LANGS:
        for number, row in enumerate(data[lang]):
            phrase = Phrase(row) if isinstance(row, str) else Phrase(row["say"], row.get("set", {}))
            yield _family(f"{path.parent.name}/{path.stem}:{lang}:{number}", spec, lang, phrase)


def _declared(spec: ActionSpec) -> Iterator[Family]:
    """Phrases that action files themselves give; their examples stay out: prompts show them."""
    for lang in LANGS:
        for number, phrase in enumerate(spec.phrases[lang]):
            yield _family(f"{spec.name}:phrases:{lang}:{number}", spec, lang, phrase)
        for number, phrase in enumerate(spec.follow_ups.get(lang, ())):
            yield _family(f"{spec.name}:follow_ups:{lang}:{number}", spec, lang, phrase, follow_up=True)


def _family(ident: str, spec: ActionSpec, lang: Lang, phrase: Phrase, *, follow_up: bool = False) -> Family:
    return Family(ident, lang, parse(phrase.say), (Call(spec, phrase.set),), follow_up)


def _sentences(path: Path, catalogue: Catalogue) -> Iterator[Family]:
    """Sentences that mean several actions, or mean theirs after a certain one."""
    data = read_yaml(path)
    for lang in LANGS:
        for number, row in enumerate(data.get(lang, ())):
            means = tuple(call for item in row["means"] for call in _calls(item, catalogue))
            after = next(iter(_calls(row.get("after", {}), catalogue)), None)
            yield Family(f"{path.stem}:{lang}:{number}", lang, parse(row["say"]), means, after=after)


def _calls(item: Mapping[str, Mapping[str, Any] | None], catalogue: Catalogue) -> Iterator[Call]:
    for name, fixed in item.items():
        yield Call(catalogue.actions[name], fixed or {})
