"""From text to a proposal: the quick tiers, then the language model within its deadline."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from cockpitd.domain.deadline import SEED_BUDGET_MS, Deadline, after
from cockpitd.domain.dialogue import Dialogue
from cockpitd.domain.events import DeadlineMissed, Discarded, EngineFailed, Understood
from cockpitd.domain.turn import Proposal, Tier, Transcript
from cockpitd.errors import EngineError
from cockpitd.nlu.decode import parse_completion
from cockpitd.ports import LanguageModel
from cockpitd.turn.log import TurnLog
from cockpitd.turn.reader import Reader
from cockpitd.turn.session import Fence

AFTER_LLM_MS = 400
"""Kept free of the budget for judging, writing, reading back and the first sound."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What understanding came to: a proposal, or the code of the reply that says why there is none."""

    proposal: Proposal
    excuse: str = ""


async def propose(
    transcript: Transcript,
    dialogue: Dialogue,
    reader: Reader,
    model: LanguageModel | None,
    tiers: tuple[Tier, ...],
    deadline_ms: int,
    log: TurnLog,
    fence: Fence,
) -> Reading:
    """Ask the tiers in order; a late or failed model leaves an excuse, never a guess."""
    with log.stage("understand"):
        found = reader.quick(transcript.text, transcript.lang, dialogue, tiers)
        reading = Reading(found) if found else None
        if reading is None and reader.mood(transcript.text, transcript.lang).negated:
            reading = Reading(Proposal((), "none"), "negated")
        if reading is None and model is not None and "llm" in tiers:
            budget = after(log.captured_ms, SEED_BUDGET_MS["complex"] - AFTER_LLM_MS)
            deadline = after(log.now_ms(), deadline_ms).sooner(budget)
            reading = await _ask(transcript, dialogue, model, deadline, log, fence)
    reading = reading or Reading(Proposal((), "none"), "not-understood")
    told = tuple({"action": a.name, "parameters": dict(a.parameters)} for a in reading.proposal.actions)
    log.emit(Understood(log.turn_id, reading.proposal.tier, told, log.now_ms()))
    return reading


async def _ask(
    transcript: Transcript, dialogue: Dialogue, model: LanguageModel, deadline: Deadline, log: TurnLog, fence: Fence
) -> Reading:
    began = log.now_ms()
    nothing = Proposal((), "none")
    if deadline.passed(began):
        log.emit(DeadlineMissed(log.turn_id, "understand", 0, 0, began))
        return Reading(nothing, "say-again")
    try:
        # The port promises to be on time; the timeout is for the adapter that breaks its promise.
        async with asyncio.timeout(deadline.remaining_ms(began) / 1000 + 0.5):
            completion = await fence.hold(model.propose(transcript.text, transcript.lang, _context(dialogue), deadline))
        proposal = parse_completion(completion.text, completion.confidences)
    except (EngineError, TimeoutError) as exc:
        code = exc.code if isinstance(exc, EngineError) else "llm-deadline"
        log.emit(EngineFailed(log.turn_id, "llm", code, str(exc), log.now_ms()))
        if code == "llm-deadline":
            _missed(log, deadline, began)
        return Reading(nothing, "engine-down" if code in ("llm-down", "llm-crashed") else "say-again")
    if deadline.passed(log.now_ms()):
        _missed(log, deadline, began)
        log.emit(Discarded(log.turn_id, "llm", log.now_ms()))
        return Reading(nothing, "say-again")
    return Reading(proposal)


def _missed(log: TurnLog, deadline: Deadline, began_ms: int) -> None:
    now = log.now_ms()
    log.emit(DeadlineMissed(log.turn_id, "understand", deadline.at_ms - began_ms, now - began_ms, now))


def _context(dialogue: Dialogue) -> str:
    """The previous action as the model would have written it."""
    if dialogue.last is None:
        return ""
    last = {"action": dialogue.last.name, "parameters": dict(dialogue.last.parameters)}
    return json.dumps(last, ensure_ascii=False, separators=(",", ":"))
