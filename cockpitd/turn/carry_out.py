"""Doing the actions of one turn: the car through `act.py`, the conversation itself through the control table here."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cockpitd.domain.actions import STATE_MAX_AGE_MS, Action, ActionSpec
from cockpitd.domain.dialogue import AwaitingValue, AwaitingYes
from cockpitd.domain.policy import Confirm, Request
from cockpitd.domain.reply import of_outcome, of_rejection, of_verdict, say_parameters, say_reading, shared
from cockpitd.domain.turn import Done, Grounded, Outcome, Proposal, Rejection
from cockpitd.domain.units import Lang, Scalar
from cockpitd.turn.act import Result
from cockpitd.turn.record import Act, of_result
from cockpitd.turn.record import of_rejection as rejected_act
from cockpitd.turn.turn import Parts, Turn

CLARIFY_TTL_MS = 15_000

EARLY_CLASSES = frozenset({"safety"})
"""Besides safe-direction actions, the classes that may act on partial transcripts."""


class CarryOut:
    """The hands of one turn."""

    def __init__(self, turn: Turn, lang: Lang, parts: Parts) -> None:
        self._turn = turn
        self._lang: Lang = lang
        self._parts = parts
        self._catalogue = turn.reader.catalogue

    async def one(self, item: Grounded | Rejection, index: int) -> list[Act]:
        """Do one action; controls may do several (a yes to two questions) or none."""
        if isinstance(item, Rejection):
            return [self._rejected(item)]
        control = _CONTROLS.get(item.action.name)
        if control is not None:
            return await control(self, item)
        return [await self._do(item, index)]

    def begin(self, grounded: Sequence[Grounded | Rejection]) -> None:
        """A new command overtakes an open question; a question of the driver's own does not."""
        names = [item.action.name if isinstance(item, Grounded) else item.name for item in grounded]
        specs = [self._catalogue.actions[name] for name in names if name in self._catalogue.actions]
        if any(spec.klass in ("command", "safety") and spec.name not in _CONTROLS for spec in specs):
            self._turn.session.dialogue = self._turn.session.dialogue.settled()

    async def early(self, found: Proposal) -> None:
        """Carry out a reflex before the end of speech, once; its result is told when the turn is."""
        name = found.actions[0].name
        if name == "ASSISTANT_STOP":
            self._parts.speaker.silence()
        if name in _CONTROLS:  # 取消 may still become 取消导航, and 停 a car park: the final transcript decides
            return
        spec = self._catalogue.actions[name]
        if name in self._turn.early or not (spec.klass in EARLY_CLASSES or spec.risk == "safe-direction"):
            return
        action = Action(name, dict(found.actions[0].parameters))
        self._turn.early[name] = await self._perform(action, 1.0, 0, confirmed=False)

    def leftovers(self) -> list[Act]:
        """Tell of early reflexes that the final transcript no longer mentions: they were done all the same."""
        done = [(Action(name, {}), result) for name, result in self._turn.early.items()]
        self._turn.early.clear()
        return [self._account(action, 1.0, result) for action, result in done]

    async def _do(self, item: Grounded, index: int, *, confirmed: bool = False) -> Act:
        result = self._turn.early.pop(item.action.name, None)
        if result is None:
            result = await self._perform(item.action, item.confidence, index, confirmed=confirmed)
        return self._account(item.action, item.confidence, result)

    async def _perform(self, action: Action, confidence: float, index: int, *, confirmed: bool) -> Result:
        request = self._request(f"{action.name}:{index}", confidence, confirmed=confirmed)
        return await self._parts.actor.perform(
            action, self._catalogue, request, self._turn.log, dry_run=self._turn.request.dry_run
        )

    def _request(self, what: str, confidence: float, *, confirmed: bool) -> Request:
        turn = self._turn
        return Request(f"{turn.key_base}:{what}", turn.log.captured_ms, confidence, confirmed, turn.request.seat)

    # -- what the conversation remembers, and what is said ----------------------------------------------------------

    def _account(self, action: Action, confidence: float, result: Result) -> Act:
        session, now = self._turn.session, self._turn.log.now_ms()
        if isinstance(result.verdict, Confirm):
            question = AwaitingYes(action, confidence, result.verdict.expires_ms)
            session.dialogue = session.dialogue.asked(question)
        elif result.outcome is not None and result.outcome.kind in ("done", "noop"):
            session.dialogue = session.dialogue.did(action, result.undo, now, self._turn.turn_id)
        spec = self._catalogue.spec(action)
        return of_result(action.name, action.parameters, confidence, result, self._response(action, spec, result))

    def _response(self, action: Action, spec: ActionSpec, result: Result) -> str:
        slots, spoken = self._slots(action.parameters, spec, result.outcome)
        if result.outcome is None:
            return of_verdict(self._catalogue, spec, result.verdict, self._lang, spoken)
        return of_outcome(self._catalogue, spec, result.outcome, self._lang, slots, spoken)

    def _slots(
        self, parameters: Mapping[str, Scalar], spec: ActionSpec, outcome: Outcome | None
    ) -> tuple[dict[str, Scalar], dict[str, str]]:
        """Raw and spoken slot values: what was said, what the car reports now, and the time of day."""
        slots: dict[str, Scalar] = dict(parameters)
        spoken = say_parameters(spec, parameters, self._lang)
        state = self._parts.actor.state()
        for name, path in spec.reads.items():
            told = outcome.readback.get(path) if isinstance(outcome, Done) else None
            value = told if told is not None else state.fresh(path, STATE_MAX_AGE_MS)
            if value is not None:
                slots[name] = value
                spoken |= say_reading(name, self._catalogue.signals[path], value, self._lang)
        moment = time.localtime(self._parts.clock.wall_s())
        spoken["clock"] = time.strftime("%H:%M", moment)
        zh = self._lang == "zh"
        spoken["date"] = f"{moment.tm_mon}月{moment.tm_mday}日" if zh else time.strftime("%B %d", moment)
        return slots, spoken

    def _rejected(self, rejection: Rejection) -> Act:
        spec = self._catalogue.actions.get(rejection.name)
        spoken = say_parameters(spec, rejection.parameters, self._lang) if spec else {}
        if rejection.code == "missing" and spec is not None:
            expires = self._turn.log.now_ms() + CLARIFY_TTL_MS
            question = AwaitingValue(rejection.name, rejection.parameters, rejection.parameter, expires)
            self._turn.session.dialogue = self._turn.session.dialogue.asked(question)
        return rejected_act(rejection, of_rejection(self._catalogue, spec, rejection, self._lang, spoken))

    # -- controls: the conversation about itself --------------------------------------------------------------------

    async def stop(self, item: Grounded) -> list[Act]:
        """Fall silent and end everything in progress; nothing is said afterwards."""
        self._parts.speaker.silence()
        self._turn.session.dialogue = self._turn.session.dialogue.settled()
        return [self._told(item, "")]

    async def cancel(self, item: Grounded) -> list[Act]:
        """Drop the open question."""
        open_question = bool(self._turn.session.dialogue.pending)
        self._turn.session.dialogue = self._turn.session.dialogue.settled()
        return [self._told(item, "cancelled" if open_question else "stopped")]

    async def confirm(self, item: Grounded) -> list[Act]:
        """Say yes: everything asked is judged again as it stands now, then done."""
        waiting = [p for p in self._turn.session.dialogue.pending if isinstance(p, AwaitingYes)]
        self._turn.session.dialogue = self._turn.session.dialogue.settled()
        if not waiting:
            return [self._told(item, "")]  # "okay" said to a passenger: nothing was asked, nothing is answered
        said = [Grounded(question.action, question.confidence, {}) for question in waiting]
        return [await self._do(yes, index, confirmed=True) for index, yes in enumerate(said)]

    async def deny(self, item: Grounded) -> list[Act]:
        """Say no: to an open question, or right after an exterior light was changed, to that change."""
        dialogue = self._turn.session.dialogue
        if not dialogue.pending and dialogue.recovering(self._turn.log.now_ms()):
            return await self.undo(item)
        self._turn.session.dialogue = dialogue.settled()
        return [self._told(item, "cancelled" if dialogue.pending else "")]

    async def undo(self, item: Grounded) -> list[Act]:
        """Put back what the last action changed."""
        undo = self._turn.session.dialogue.undo
        if undo is None:
            return [self._told(item, "nothing-to-undo")]
        request = self._request(f"undo:{undo.action.name}", 1.0, confirmed=False)
        result = await self._parts.actor.reverse(
            undo, self._catalogue, request, self._turn.log, dry_run=self._turn.request.dry_run
        )
        done = result.outcome is not None and result.outcome.kind in ("done", "noop")
        if done:
            self._turn.session.dialogue = self._turn.session.dialogue.undone()
        spec = self._catalogue.spec(undo.action)
        text = self._shared("undone") if done else self._response(undo.action, spec, result)
        return [of_result("ASSISTANT_UNDO", {}, item.confidence, result, text)]

    async def repeat(self, item: Grounded) -> list[Act]:
        """Say the last answer again."""
        text = self._turn.session.dialogue.reply or self._shared("nothing-pending")
        return [Act(item.action.name, {}, item.confidence, "allow", "", "done", text)]

    def _told(self, item: Grounded, code: str) -> Act:
        return Act(item.action.name, {}, item.confidence, "allow", "", "done", self._shared(code) if code else "")

    def _shared(self, code: str) -> str:
        return shared(self._catalogue, self._lang, code, {})


_CONTROLS: Mapping[str, Callable[[CarryOut, Grounded], Awaitable[list[Act]]]] = {
    "ASSISTANT_STOP": CarryOut.stop,
    "ASSISTANT_CANCEL": CarryOut.cancel,
    "ASSISTANT_CONFIRM": CarryOut.confirm,
    "ASSISTANT_DENY": CarryOut.deny,
    "ASSISTANT_UNDO": CarryOut.undo,
    "ASSISTANT_REPEAT": CarryOut.repeat,
}
