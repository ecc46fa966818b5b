"""The working data of one turn while it runs, and the parts every turn needs; no logic of any stage."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from cockpitd.domain.turn import Proposal, Tier
from cockpitd.domain.units import Lang
from cockpitd.ports import Clock, Journal, LanguageModel, Recogniser, TurnRequest
from cockpitd.turn.act import Actor, Result
from cockpitd.turn.hub import Hub
from cockpitd.turn.log import TurnLog
from cockpitd.turn.metrics import Metrics
from cockpitd.turn.reader import Reader
from cockpitd.turn.session import Fence, Session
from cockpitd.turn.speaker import Speaker


@dataclass(slots=True)
class Parts:
    """What the flow is built from; the composition root fills it in."""

    clock: Clock
    hub: Hub
    metrics: Metrics
    journal: Journal
    actor: Actor
    speaker: Speaker
    recogniser: Recogniser | None
    model: LanguageModel | None
    tiers: tuple[Tier, ...]
    default_lang: Lang
    stt_lang: Lang | None
    stt_deadline_ms: int
    llm_deadline_ms: int
    max_utterance_s: float
    preroll_ms: int


@dataclass(slots=True)
class Turn:
    """One turn in progress."""

    session: Session
    reader: Reader
    """The catalogue's reader as it was when the turn began: a reload concerns the next turn."""
    request: TurnRequest
    fence: Fence
    log: TurnLog
    key_base: str
    """First part of the idempotency keys; the turn before's when the same words were said over its answer."""
    repeat_of: str = ""
    """The turn whose words these are, said again while it was being answered."""
    forced: Proposal | None = None
    """A proposal made by hand (a button), so that no understanding is needed."""
    early: dict[str, Result] = field(default_factory=dict)
    """Reflexes already carried out on partial transcripts, by action name."""

    @property
    def turn_id(self) -> str:
        """Identity of the turn."""
        return self.log.turn_id


def open_turn(session: Session, reader: Reader, request: TurnRequest, parts: Parts) -> Turn:
    """Begin a turn."""
    turn_id = secrets.token_hex(6)
    return Turn(session, reader, request, session.fence(), TurnLog(turn_id, parts.clock, parts.hub), turn_id)
