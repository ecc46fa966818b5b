"""What a conversation remembers between turns and how it changes; pure transitions, the clock comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from cockpitd.domain.actions import Action
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Actuation

RECOVERY_MS = 10_000
"""After an exterior-light change, "no no" within this window means undo."""

UNDO_MS = 60_000
"""How long "undo" still reaches back."""

REPEAT_MS = 3_000
"""The same words, said over a reply that is still being spoken, within this window are the same command."""

CONTEXT_MS = 120_000
"""How long a follow-up ("a bit more") can lean on the last action."""


@dataclass(frozen=True, slots=True)
class AwaitingYes:
    """A question was asked: may I do this?"""

    action: Action
    confidence: float
    expires_ms: int
    kind: Literal["yes"] = "yes"

    @property
    def about(self) -> str:
        """Name of the action in question."""
        return self.action.name


@dataclass(frozen=True, slots=True)
class AwaitingValue:
    """A question was asked: which value?"""

    name: str
    parameters: Mapping[str, Scalar]
    missing: str
    expires_ms: int
    kind: Literal["value"] = "value"

    @property
    def about(self) -> str:
        """Name of the action in question."""
        return self.name


Pending: TypeAlias = AwaitingYes | AwaitingValue


@dataclass(frozen=True, slots=True)
class Undoable:
    """How to put back what the last action changed."""

    action: Action
    writes: tuple[Actuation, ...]
    at_ms: int
    exterior_light: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the driver said last, and in which turn."""

    text: str
    at_ms: int
    turn_id: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The whole memory of one conversation."""

    last: Action | None = None
    last_ms: int = 0
    pending: tuple[Pending, ...] = ()
    undo: Undoable | None = None
    reply: str = ""
    """The last thing said to the driver, for "say that again"."""
    said: Said | None = None
    done_turn: str = ""
    """The last turn that carried something out."""

    def expire(self, now_ms: int) -> Dialogue:
        """Forget what is too old to be meant."""
        pending = tuple(p for p in self.pending if p.expires_ms > now_ms)
        undo = self.undo if self.undo and now_ms - self.undo.at_ms <= UNDO_MS else None
        last = self.last if now_ms - self.last_ms <= CONTEXT_MS else None
        return replace(self, pending=pending, undo=undo, last=last)

    def asked(self, question: Pending) -> Dialogue:
        """Remember an open question."""
        return replace(self, pending=(*self.pending, question))

    def settled(self) -> Dialogue:
        """Drop all open questions: answered, denied or overtaken by a new command."""
        return replace(self, pending=())

    def did(self, action: Action, undo: Undoable | None, now_ms: int, turn_id: str) -> Dialogue:
        """Remember an executed action."""
        return replace(self, last=action, last_ms=now_ms, undo=undo or self.undo, done_turn=turn_id)

    def undone(self) -> Dialogue:
        """Forget what was just put back."""
        return replace(self, undo=None)

    def replied(self, text: str) -> Dialogue:
        """Remember what was said to the driver."""
        return replace(self, reply=text) if text else self

    def heard(self, text: str, turn_id: str, now_ms: int) -> Dialogue:
        """Remember what the driver said."""
        return replace(self, said=Said(text, now_ms, turn_id))

    def recovering(self, now_ms: int) -> bool:
        """Tell whether an exterior light was changed a moment ago."""
        return self.undo is not None and self.undo.exterior_light and now_ms - self.undo.at_ms <= RECOVERY_MS

    def repeats(self, text: str, now_ms: int) -> bool:
        """Tell whether `text` is what was said a moment ago, in other words the same command once more."""
        return self.said is not None and self.said.text == text and now_ms - self.said.at_ms <= REPEAT_MS
