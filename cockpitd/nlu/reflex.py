"""The first tier: a precompiled table of short fixed phrases that need no model; anything with a value is not here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.template import parse
from cockpitd.domain.turn import Evidence, Proposal, ProposedAction
from cockpitd.domain.units import LANGS, Lang, Scalar
from cockpitd.nlu.mood import mood
from cockpitd.nlu.normalize import normalize, surface
from cockpitd.nlu.sound import POLAR, sounds_of
from cockpitd.nlu.text import tokenise

Meaning: TypeAlias = tuple[str, tuple[tuple[str, Scalar], ...]]
Key: TypeAlias = tuple[str, ...]

_EXPANSIONS = 400
_FEWEST_SYLLABLES = 2
_IGNORED: dict[Lang, frozenset[str]] = {
    "zh": frozenset("请吧啊呀哦啦呗嘛了的嗯呃诶"),
    "en": frozenset("the a an please now uh um my just okay".split()),
}
"""Words that change nothing, left out of keys on both sides."""
_CLIPPED: dict[Lang, frozenset[str]] = {
    "zh": frozenset("打把请快立马我你帮"),
    "en": frozenset({"turn", "switch", "put"}),
}
"""First words a late microphone may lose without turning the meaning round."""
_SOUND_CONFIDENCE = 0.9
_CLIP_CONFIDENCE = 0.85


class Reflex:
    """The table of one catalogue; every look-up is a few dictionary reads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._exact: dict[Lang, Mapping[Key, Meaning]] = {}
        self._sound: dict[Lang, Mapping[Key, Meaning]] = {}
        self._clipped: dict[Lang, Mapping[Key, Meaning]] = {}
        for lang in LANGS:
            rows = list(_rows(catalogue, lang))
            self._exact[lang] = _unambiguous(rows)
            clips = [(key[1:], meaning) for key, meaning in rows if _may_clip(key, lang)]
            self._clipped[lang] = _unambiguous([*rows, *clips])
            spoken = [(sounds_of(key), meaning) for key, meaning in rows] if lang == "zh" else []
            self._sound[lang] = _unambiguous([row for row in spoken if len(row[0]) >= _FEWEST_SYLLABLES])

    def match(self, text: str, lang: Lang) -> Proposal | None:
        """Propose the one action the whole utterance stands for, or None."""
        if not text or len(text) > _LONGEST:
            return None
        for key in _keys(text, lang):
            for table, confidence in (
                (self._exact[lang], 1.0),
                (self._clipped[lang], _CLIP_CONFIDENCE),
            ):
                if key in table:
                    return _proposal(table[key], confidence, text, lang)
            if lang == "zh" and len(key) >= _FEWEST_SYLLABLES:
                spoken = sounds_of(key)
                if spoken in self._sound[lang]:
                    return _proposal(self._sound[lang][spoken], _SOUND_CONFIDENCE, text, lang)
        return None


_LONGEST = 80


def _keys(text: str, lang: Lang) -> Iterator[Key]:
    plain = normalize(text, lang)
    yield _key(plain, lang)
    bare = surface(text, lang)
    if bare != plain:
        yield _key(bare, lang)


def _key(plain: str, lang: Lang) -> Key:
    words = tokenise(plain, lang).words()
    kept = tuple(word for word in words if word not in _IGNORED[lang])
    return kept or words


def _rows(catalogue: Catalogue, lang: Lang) -> Iterator[tuple[Key, Meaning]]:
    for spec in catalogue.actions.values():
        for phrase in spec.reflex.get(lang, ()):
            meaning = spec.name, tuple(sorted(phrase.set.items()))
            for plain in parse(phrase.say).expand(_EXPANSIONS):
                for form in {surface(plain, lang), normalize(plain, lang)}:
                    yield _key(form, lang), meaning


def _unambiguous(rows: list[tuple[Key, Meaning]]) -> Mapping[Key, Meaning]:
    """Keep the keys that stand for one meaning only: what sounds like two things is left to the next tier."""
    found: dict[Key, set[Meaning]] = defaultdict(set)
    for key, meaning in rows:
        if key:
            found[key].add(meaning)
    return {key: next(iter(meanings)) for key, meanings in found.items() if len(meanings) == 1}


def _may_clip(key: Key, lang: Lang) -> bool:
    if len(key) < (3 if lang == "zh" else 2) or key[0] not in _CLIPPED[lang]:
        return False
    return lang == "en" or key[0] not in POLAR


def _proposal(meaning: Meaning, confidence: float, text: str, lang: Lang) -> Proposal | None:
    if text.rstrip().endswith(("?", "？")) and mood(text, lang).question:
        return None
    name, fixed = meaning
    evidence: dict[str, Evidence] = {key: "default" for key, _ in fixed}
    return Proposal((ProposedAction(name, dict(fixed), confidence, evidence),), "reflex")
