"""From text to a proposal: the quick tiers, then the language model within its deadline."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace

from cockpitd.domain.deadline import SEED_BUDGET_MS, Deadline, after
from cockpitd.domain.dialogue import Dialogue
from cockpitd.domain.events import DeadlineMissed, Discarded, EngineFailed, ModelAnswered, Understood
from cockpitd.domain.turn import Proposal, Rejection, Transcript
from cockpitd.errors import EngineError
from cockpitd.nlu.decode import parse_completion
from cockpitd.nlu.prompt import wishes
from cockpitd.ports import Completion, LanguageModel
from cockpitd.turn.log import TurnLog
from cockpitd.turn.reader import UNDERSTOOD_NOTHING
from cockpitd.turn.turn import Parts, Turn

AFTER_LLM_MS = 400
"""Kept free of the budget for judging, writing, reading back and the first sound."""

SECOND_OPINION_MS = 800
"""Longest wait for the model where a phrase has an answer already: an ordinary command is to be done in 900 ms."""
WORTH_HEARING = 0.5
"""A second opinion that is less sure is no better than the first one. Of 181 held-out sentences in which one phrase
guessed where a free text ends, the phrase was right in 92, the model in 156, and who is taken by this bound in 155."""
WORTH_HEARING_OF_SEVERAL = 0.8
"""The same where several phrases were read: of 106 the phrases were right in 95, the model in 98, by this bound 100."""
_NOTHING = "ASSISTANT_NOT_FOR_ME"
_BROKEN_PROMISE_S = 0.5
"""The port promises to be on time; this is for the adapter that breaks its promise."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What understanding came to: a proposal, or the code of the reply that says why there is none."""

    proposal: Proposal
    excuse: str = ""


async def propose(transcript: Transcript, turn: Turn, parts: Parts) -> Reading:
    """Ask the tiers in order; a late or failed model leaves an excuse, never a guess."""
    tiers, log, reader, dialogue = turn.request.tiers or parts.tiers, turn.log, turn.reader, turn.session.dialogue
    model = parts.model if "llm" in tiers else None
    with log.stage("understand"):
        found = reader.quick(transcript.text, transcript.lang, dialogue, tiers)
        reading = Reading(found) if found else None
        doubted = found is not None and reader.guesses(found, dialogue)
        if reading is None and reader.mood(transcript.text, transcript.lang).negated:
            reading, doubted = Reading(UNDERSTOOD_NOTHING, "negated"), True
        if model is not None and (reading is None or (doubted and model.taught)):
            budget = after(log.captured_ms, SEED_BUDGET_MS["complex"] - AFTER_LLM_MS)
            patience = parts.llm_deadline_ms if reading is None else min(parts.llm_deadline_ms, SECOND_OPINION_MS)
            deadline = after(log.now_ms(), patience).sooner(budget)
            asked = await _ask(transcript, turn, model, deadline)
            reading = asked if reading is None or _stands(asked, reading, transcript, turn) else reading
    reading = reading or Reading(UNDERSTOOD_NOTHING, "not-understood")
    told = tuple({"action": a.name, "parameters": dict(a.parameters)} for a in reading.proposal.actions)
    log.emit(Understood(log.turn_id, reading.proposal.tier, told, log.now_ms()))
    return reading


def _stands(asked: Reading, first: Reading, transcript: Transcript, turn: Turn) -> bool:
    """Tell whether a second opinion holds against the words said, so that it may replace the first one."""
    forbids = first.excuse == "negated" and all(each.name == _NOTHING for each in asked.proposal.actions)
    enough = WORTH_HEARING_OF_SEVERAL if len(first.proposal.actions) > 1 else WORTH_HEARING
    if asked.excuse or forbids or min(each.confidence for each in asked.proposal.actions) < enough:
        return False
    if len(asked.proposal.actions) < min(wishes(transcript.text, transcript.lang), len(first.proposal.actions)):
        return False
    last = turn.session.dialogue.last
    read = {each.name for each in first.proposal.actions}
    # Against a phrase that fits, being sure is not enough to move something else that could hurt somebody.
    others = [each.name for each in asked.proposal.actions if read and each.name not in read]
    believed = asked.proposal.taught and all(turn.reader.is_harmless(name) for name in others)
    grounded = turn.reader.ground(replace(asked.proposal, taught=believed), transcript.text, transcript.lang, last)
    return not any(isinstance(each, Rejection) for each in grounded)


async def _ask(transcript: Transcript, turn: Turn, model: LanguageModel, deadline: Deadline) -> Reading:
    log, began = turn.log, turn.log.now_ms()
    if deadline.passed(began):
        _missed(log, deadline, began)
        return Reading(UNDERSTOOD_NOTHING, "say-again")
    context = _context(turn.session.dialogue)
    try:
        async with asyncio.timeout(deadline.remaining_ms(began) / 1000 + _BROKEN_PROMISE_S):
            asking = model.propose(transcript.text, transcript.lang, context, deadline)
            completion = await turn.fence.hold(asking)
        log.emit(_told(completion, log))
        proposal = replace(parse_completion(completion.text, completion.confidences), taught=model.taught)
    except (EngineError, TimeoutError) as exc:
        code = exc.code if isinstance(exc, EngineError) else "llm-deadline"
        log.emit(EngineFailed(log.turn_id, "llm", code, str(exc), log.now_ms()))
        if code == "llm-deadline":
            _missed(log, deadline, began)
        return Reading(UNDERSTOOD_NOTHING, "engine-down" if code in ("llm-down", "llm-crashed") else "say-again")
    if deadline.passed(log.now_ms()):
        _missed(log, deadline, began)
        log.emit(Discarded(log.turn_id, "llm", log.now_ms()))
        return Reading(UNDERSTOOD_NOTHING, "say-again")
    return Reading(proposal)


def _told(completion: Completion, log: TurnLog) -> ModelAnswered:
    return ModelAnswered(
        log.turn_id,
        completion.prompt_tokens,
        completion.evaluated_tokens,
        completion.generated_tokens,
        completion.forced_tokens,
        completion.prefill_ms,
        completion.decode_ms,
        log.now_ms(),
    )


def _missed(log: TurnLog, deadline: Deadline, began_ms: int) -> None:
    now = log.now_ms()
    log.emit(DeadlineMissed(log.turn_id, "understand", max(0, deadline.at_ms - began_ms), now - began_ms, now))


def _context(dialogue: Dialogue) -> str:
    """The previous action as the model would have written it."""
    if dialogue.last is None:
        return ""
    last = {"action": dialogue.last.name, "parameters": dict(dialogue.last.parameters)}
    return json.dumps(last, ensure_ascii=False, separators=(",", ":"))
