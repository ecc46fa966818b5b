"""The authored sentence patterns as families, and which part of the data each belongs to; nothing is filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from cockpitd.domain.actions import ActionSpec, Catalogue, Phrase
from cockpitd.domain.template import Sequence, parse
from cockpitd.domain.units import LANGS, Lang, Parameters
from cockpitd.training.lexicon import read_yaml

Part: TypeAlias = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
_BUCKETS = 10


@dataclass(frozen=True, slots=True)
class Family:
    """One pattern: everything generated from it stays in one part."""

    ident: str
    """File and number of the pattern: `music/music_play:zh:17`."""
    spec: ActionSpec
    lang: Lang
    tree: Sequence
    fixed: Parameters = field(default_factory=dict)
    follow_up: bool = False
    """It means its action only right after another one of the same topic."""


def part(ident: str) -> Part:
    """Give a family its part, 8 : 1 : 1, for ever: the seed does not move it."""
    bucket = int.from_bytes(hashlib.sha256(ident.encode()).digest()[:4], "big") % _BUCKETS
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def read_families(directory: Path, catalogue: Catalogue, held_back: Iterable[str] = ()) -> tuple[Family, ...]:
    """Read all pattern files and the phrases of all action files, except those of the actions held back."""
    left_out = frozenset(held_back)
    authored = [family for path in sorted(directory.glob("*/*.yaml")) for family in _authored(path, catalogue)]
    declared = [family for spec in catalogue.actions.values() for family in _declared(spec)]
    return tuple(family for family in (*authored, *declared) if family.spec.name not in left_out)


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
    return Family(ident, spec, lang, parse(phrase.say), phrase.set, follow_up)
