"""Several wishes in one breath: patterns of different actions joined, or one verb shared by several things."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Lang
from cockpitd.training.lexicon import entries
from cockpitd.training.patterns import Part, part
from cockpitd.training.utterance import Call, Piece, Utterance

JOINTS: dict[Lang, tuple[str, ...]] = {
    "zh": (
        *("，", "，再", "然后", "，然后", "并且", "，并且", "，顺便", "接着", "，接着", "同时", "，同时", "，还有"),
        *("，另外", "再", "，完了", "，之后", "，也", ""),
    ),
    "en": (
        *(" and ", " and then ", ", ", ", then ", " then ", " and also ", ", and ", "; ", ". ", " and after that "),
        *(", also ", " plus ", ", oh and ", " and while you're at it ", " "),
    ),
}
_MOST_ZH, _MOST_EN = 16, 60
_ENDS = re.compile(
    r"[，,。.；;！!？?]|不对|不是|算了|说错|谢|拜托|[吗呢]$"
    r"|\b(?:no|wait|sorry|please|thanks|thank|actually|mean)\b"
)
_COUNTS = (2, 2, 2, 2, 3, 3, 4)
_QUESTION_EN = re.compile(
    r"^(?:can|could|would|will|is|are|do|does|did|what|when|where|who|why|how|which|should|has|have)\b"
)
_ORDERS_ZH = tuple("打把将关开调放播切导设")
"""Beginnings that 再 and 也 can stand before."""


def joinable(utterance: Utterance) -> bool:
    """Tell whether an utterance is short and plain enough to stand beside another one."""
    text = utterance.text()
    if utterance.kind != "single" or len(text) > (_MOST_ZH if utterance.lang == "zh" else _MOST_EN):
        return False
    command = utterance.calls[0].spec.klass != "query"
    return not _ENDS.search(text.lower()) and not (command and _QUESTION_EN.match(text.lower()))


def join(singles: Sequence[Utterance], rng: Random) -> Utterance | None:
    """Say two to four different things of one pool one after the other; None when the draw does not go together."""
    chosen = rng.sample(singles, min(rng.choice(_COUNTS), len(singles)))
    topics = [each.calls[0].spec.topic or each.calls[0].spec.name for each in chosen]
    names = {each.calls[0].spec.name for each in chosen}
    # "Next song and previous song" is no wish; two things about the seats may be one.
    if len(chosen) <= 1 or len(names) < len(chosen) or len(set(topics)) < len(topics):
        return None
    lang = chosen[0].lang
    pieces: list[Piece] = []
    for call, each in enumerate(chosen):
        if call:
            pieces.append(Piece(_joint(pieces[-1], each, lang, rng)))
        pieces += [replace(piece, call=call) for piece in each.pieces]
    families = tuple(family for each in chosen for family in each.families)
    return Utterance(lang, "several", tuple(pieces), tuple(each.calls[0] for each in chosen), families)


def _joint(before: Piece, after: Utterance, lang: Lang, rng: Random) -> str:
    """Choose what stands between; after a free text it must be heard that the text has ended."""
    joints = JOINTS[lang]
    if before.free:
        joints = tuple(joint for joint in joints if len(joint.strip()) > 1 or joint.strip() in ("，", ",", "."))
    joint = rng.choice(joints)
    if lang == "zh" and joint.endswith(("再", "也")) and not after.pieces[0].text.startswith(_ORDERS_ZH):
        joint = "，"
    return joint


@dataclass(frozen=True, slots=True)
class Thing:
    """Something a shared verb can act on."""

    word: str
    call: Call


class SharedVerbs:
    """One verb, several things."""

    def __init__(self, data: Mapping[str, Any], catalogue: Catalogue, held_back: frozenset[str]) -> None:
        self._frames: Mapping[Lang, Mapping[str, Sequence[str]]] = data["frames"]
        self._joints: Mapping[Lang, Sequence[str]] = data["joints"]
        self._objects = {
            verb: [row for row in rows if row["action"] not in held_back] for verb, rows in data["objects"].items()
        }
        self._catalogue = catalogue

    def say(self, lang: Lang, wanted: Part, rng: Random) -> Utterance | None:
        """Say one; None when the draw belongs to another part of the data. A family is a frame with its actions."""
        verb = rng.choice(sorted(self._objects))
        number = rng.randrange(len(self._frames[lang][verb]))
        rows = rng.sample(self._objects[verb], rng.choice((2, 2, 2, 3, 3, 4)))
        names = sorted(row["action"] for row in rows)
        ident = f"shared:{verb}:{lang}:{number}:{'+'.join(names)}"
        if len(set(names)) < len(names) or part(ident) != wanted:
            return None
        things = [Thing(rng.choice(entries(row[lang])), self._call(row)) for row in rows]
        joint = rng.choice(self._joints[lang])
        before, after = self._frames[lang][verb][number].split("{things}")
        pieces = [Piece(before)]
        for call, thing in enumerate(things):
            if call:
                last = call == len(things) - 1
                pieces.append(Piece(joint if last else "、" if lang == "zh" else ", "))
            # The name of a thing decides what is meant: it is marked as a value, so that no noise touches it.
            pieces.append(Piece(thing.word, "thing", call=call))
        calls = tuple(thing.call for thing in things)
        return Utterance(lang, "several", (*pieces, Piece(after)), calls, (ident,))

    def _call(self, row: Mapping[str, Any]) -> Call:
        return Call(self._catalogue.actions[row["action"]], row.get("set", {}))
