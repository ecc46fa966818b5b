"""The one flow: audio or text in, judged actions and an answer out, stage after stage in `TurnRunner.take`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import suppress
from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Pcm
from cockpitd.domain.deadline import SEED_BUDGET_MS, BudgetClass
from cockpitd.domain.events import Discarded, EngineFailed, Heard, Repaired, Replied, TurnEnded, TurnStarted
from cockpitd.domain.turn import Grounded, Origin, Proposal, ProposedAction, Rejection, Reply, Transcript
from cockpitd.domain.units import Lang
from cockpitd.errors import AudioError, CockpitError
from cockpitd.nlu.language import detect
from cockpitd.ports import TurnRequest
from cockpitd.turn.answer import SILENCE, compose, excuse
from cockpitd.turn.carry_out import CarryOut
from cockpitd.turn.hear import hear
from cockpitd.turn.propose import Reading, propose
from cockpitd.turn.reader import UNDERSTOOD_NOTHING, Reader
from cockpitd.turn.record import Act, as_record
from cockpitd.turn.session import Overtaken, Sessions
from cockpitd.turn.turn import Parts, Turn, open_turn

log = logging.getLogger(__name__)


class TurnRunner:
    """Runs turns; every engine may fail and the turn still ends."""

    def __init__(self, parts: Parts, reader: Reader) -> None:
        self.parts = parts
        self.reader = reader
        self.sessions = Sessions()

    async def say(self, text: str, request: TurnRequest) -> Mapping[str, Any]:
        """Run a typed turn."""
        turn = self._open("typed", request)
        lang = request.lang or detect(text)
        turn.log.emit(Heard(turn.turn_id, text, lang, final=True, engine="typed", at_ms=turn.log.now_ms()))
        return await self.take(turn, _ready(Transcript(text, lang, final=True, engine="typed")), lang)

    async def listen(self, audio: AsyncIterator[Pcm], request: TurnRequest) -> Mapping[str, Any]:
        """Run a spoken turn."""
        turn = self._open("spoken", request)
        return await self.take(turn, self._hear(turn, audio), request.lang or self.parts.default_lang)

    async def answer(self, yes: bool, request: TurnRequest) -> Mapping[str, Any]:  # noqa: FBT001 (it is the answer itself)
        """Answer the open question by hand."""
        name = "ASSISTANT_CONFIRM" if yes else "ASSISTANT_DENY"
        turn = self._open("typed", request)
        turn.forced = Proposal((ProposedAction(name, {}),), "reflex")
        lang = request.lang or self.parts.default_lang
        return await self.take(turn, _ready(Transcript("", lang, final=True, engine="button")), lang)

    async def stop_turn(self, session: str) -> Mapping[str, Any]:
        """Silence the speaker and cancel what is in progress in `session` (empty: everywhere)."""
        silenced = self.parts.speaker.silence()
        chosen = (self.sessions.of(session),) if session else self.sessions.all()
        return {"silenced": silenced, "cancelled": sum(one.stop_all() for one in chosen)}

    async def take(self, turn: Turn, heard: Awaitable[Transcript], lang: Lang) -> Mapping[str, Any]:
        """The flow of one utterance, top to bottom; it always ends, with an event and a record."""
        transcript: Transcript | None = None
        reading, acts, reply, status = Reading(UNDERSTOOD_NOTHING), list[Act](), SILENCE[lang], "failed"
        try:
            transcript = await turn.fence.hold(_awaited(heard))
            self._barge_in(turn, transcript)
            transcript = self._repair(turn, transcript)
            async with turn.session.order:
                reading = await self._propose(turn, transcript)
                grounded = self._ground(turn, transcript, reading.proposal)
                acts = await self._act(turn, transcript, grounded)
                reply, status = compose(turn.reader.catalogue, transcript.lang, reading.excuse, acts)
                turn.session.dialogue = turn.session.dialogue.replied(reply.text)
                await self._speak(turn, reply)
        except Overtaken:
            status = "cancelled"
            turn.log.emit(Discarded(turn.turn_id, "turn", turn.log.now_ms()))
        except Exception as exc:  # noqa: BLE001 (the stage wrapper: whatever broke, the driver gets an answer)
            reply = await self._break_off(turn, lang, exc)
        finally:
            turn.session.fences.discard(turn.fence)
        return self._close(turn, transcript, reading, status, acts, reply)

    # -- stages, in the order in which they are called ------------------------------------------------------------

    def _open(self, origin: Origin, request: TurnRequest) -> Turn:
        session = self.sessions.of(request.session)
        turn = open_turn(session, self.reader, request, self.parts)
        turn.log.emit(TurnStarted(turn.turn_id, session.name, origin, turn.log.now_ms()))
        return turn

    async def _hear(self, turn: Turn, audio: AsyncIterator[Pcm]) -> Transcript:
        async def early(found: Proposal, spoken: Lang) -> None:
            await self._carry_out(turn, spoken).early(found)

        return await hear(audio, turn, self.parts, early)

    def _barge_in(self, turn: Turn, transcript: Transcript) -> None:
        """Something was said: fall silent; "stop" also ends what is still being thought about."""
        session, now = turn.session, turn.log.now_ms()
        session.dialogue = turn.reader.known(session.dialogue.expire(now))
        busy = self.parts.speaker.silence() or len(session.fences) > 1
        if busy and session.dialogue.said and session.dialogue.repeats(transcript.text, now):
            turn.repeat_of = session.dialogue.said.turn_id
        else:
            session.dialogue = session.dialogue.heard(transcript.text, turn.turn_id, now)
        found = turn.reader.reflex(transcript.text, transcript.lang)
        if found and found.actions[0].name in ("ASSISTANT_STOP", "ASSISTANT_CANCEL"):
            for other in self.sessions.all():
                other.stop_all(but=turn.fence)

    def _repair(self, turn: Turn, transcript: Transcript) -> Transcript:
        with turn.log.stage("repair"):
            mended = turn.reader.repair(transcript, turn.session.dialogue)
        if mended.repaired_from:
            turn.log.emit(Repaired(turn.turn_id, mended.repaired_from, mended.text, turn.log.now_ms()))
        return mended

    async def _propose(self, turn: Turn, transcript: Transcript) -> Reading:
        if turn.forced is not None:
            return Reading(turn.forced)
        return await propose(transcript, turn, self.parts)

    def _ground(self, turn: Turn, transcript: Transcript, proposal: Proposal) -> tuple[Grounded | Rejection, ...]:
        with turn.log.stage("understand"):
            return turn.reader.ground(proposal, transcript.text, transcript.lang, turn.session.dialogue.last)

    async def _act(self, turn: Turn, transcript: Transcript, grounded: tuple[Grounded | Rejection, ...]) -> list[Act]:
        """Judge and execute one action after the other, each against the car as the one before left it."""
        if turn.repeat_of and turn.repeat_of == turn.session.dialogue.done_turn:
            turn.key_base = turn.repeat_of  # what failed the first time is tried again, what was done is not
        hands = self._carry_out(turn, transcript.lang)
        hands.begin(grounded)
        acts: list[Act] = []
        for index, item in enumerate(grounded):
            if turn.fence.stopped:
                raise Overtaken
            acts += await hands.one(item, index)
        return acts + hands.leftovers()

    async def _speak(self, turn: Turn, reply: Reply) -> None:
        turn.log.emit(Replied(turn.turn_id, reply.text, reply.lang, reply.earcon, turn.log.now_ms()))
        if turn.request.speak and not turn.fence.stopped and (reply.text or reply.earcon != "none"):
            await turn.fence.hold(self.parts.speaker.speak(reply, turn.log))

    async def _break_off(self, turn: Turn, lang: Lang, exc: Exception) -> Reply:
        """Say that a stage broke; a fault of our own goes to the log with its traceback."""
        if not isinstance(exc, CockpitError):
            log.error("turn %s broke", turn.turn_id, exc_info=exc)
            exc = CockpitError("turn-broken", f"a fault in cockpitd: {type(exc).__name__}; see the daemon's log")
        reply = excuse(turn.reader.catalogue, lang, _excuse_for(exc))
        turn.log.emit(EngineFailed(turn.turn_id, "turn", exc.code, exc.message, turn.log.now_ms()))
        with suppress(Overtaken):
            await self._speak(turn, reply)
        return reply

    # -- around the stages ----------------------------------------------------------------------------------------

    def _carry_out(self, turn: Turn, lang: Lang) -> CarryOut:
        return CarryOut(turn, lang, self.parts)

    def _close(
        self, turn: Turn, transcript: Transcript | None, reading: Reading, status: str, acts: list[Act], reply: Reply
    ) -> Mapping[str, Any]:
        told, klass = turn.log, _class_of(acts, turn.reader.catalogue)
        told.since_capture("total")
        told.within("total", SEED_BUDGET_MS[klass])
        told.emit(TurnEnded(turn.turn_id, status, dict(told.timings_ms), told.now_ms()))
        tier = reading.proposal.tier
        self.parts.metrics.turn(klass, status, tier, told.timings_ms)
        record = as_record(turn, transcript, tier, status, acts, reply)
        self.parts.journal.turn(turn.turn_id, record)
        return record


def _class_of(acts: list[Act], catalogue: Catalogue) -> BudgetClass:
    known = [catalogue.actions[act.name].klass for act in acts if act.name in catalogue.actions]
    if len(known) > 1:
        return "complex"
    return known[0] if known else "chat"


def _excuse_for(exc: CockpitError) -> str:
    """Reply key for a breakage that ended a turn."""
    if isinstance(exc, AudioError):
        return "no-speech"
    return "engine-down" if exc.code.endswith(("-down", "-crashed", "-none")) else "say-again"


async def _ready(transcript: Transcript) -> Transcript:
    return transcript


async def _awaited(heard: Awaitable[Transcript]) -> Transcript:
    return await heard
