"""An utterance in pieces, so that noise and casing know which words are whose; how it came about is not said here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.units import Lang, Parameters
from cockpitd.nlu.language import is_han

Kind: TypeAlias = Literal["single", "several", "dialogue", "negated", "asked", "chat", "control"]

_SPACES = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.!?，。！？])")
_KEPT = re.compile(r"[^\w%]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an utterance."""

    text: str
    slot: str = ""
    """Name of the parameter it says; empty for the words of the pattern."""
    free: bool = False
    """The parameter is a free text: its value is what was said, letter for letter."""
    call: int = 0
    """Which of the actions it belongs to."""


@dataclass(frozen=True, slots=True)
class Call:
    """One action that is meant."""

    spec: ActionSpec
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said, and what it means."""

    lang: Lang
    kind: Kind
    pieces: tuple[Piece, ...]
    calls: tuple[Call, ...]
    families: tuple[str, ...]
    context: str = ""
    """The previous action as JSON, as the prompt writes it."""

    def text(self) -> str:
        """Join the pieces: one space between words, none between Chinese characters."""
        joined = "".join(piece.text for piece in self.pieces)
        joined = _SPACES.sub(_gap, joined) if self.lang == "zh" else _SPACES.sub(" ", joined)
        return _BEFORE_MARK.sub(r"\1", joined).strip()

    def meant(self) -> list[tuple[ActionSpec, Parameters]]:
        """Return the actions, each free text as it now stands in the pieces."""
        said = {(piece.call, piece.slot): piece.text.strip() for piece in self.pieces if piece.free}
        return [
            (call.spec, {name: said.get((number, name), value) for name, value in call.parameters.items()})
            for number, call in enumerate(self.calls)
        ]

    def with_pieces(self, *pieces: Piece) -> Utterance:
        """Return the same meaning in other pieces."""
        return replace(self, pieces=pieces)


def context_of(call: Call) -> str:
    """Write a previous action the way the flow hands it to the prompt."""
    last = {"action": call.spec.name, "parameters": dict(call.parameters)}
    return json.dumps(last, ensure_ascii=False, separators=(",", ":"))


def following(said: Utterance, before: Call) -> Utterance:
    """Say it after another action; of the same topic, it stays with the same seat, window or zone, as phrases do."""
    call, *more = said.calls
    if not more and call.spec.topic and call.spec.topic == before.spec.topic:
        kept = call.spec.stays(call.parameters, before.parameters)
        said = replace(said, calls=(replace(call, parameters={**call.parameters, **kept}),))
    return replace(said, context=context_of(before))


def key(text: str) -> str:
    """Return the text without what nobody hears: case, marks and spaces."""
    return _KEPT.sub("", text.lower()).replace("_", "")


def _gap(found: re.Match[str]) -> str:
    """Keep a space between Latin words only; pattern files may have spaces wherever they like."""
    text, start, end = found.string, found.start(), found.end()
    sides = (text[start - 1] if start else "", text[end] if end < len(text) else "")
    return " " if all(side and side.isascii() and not is_han(side) for side in sides) else ""
