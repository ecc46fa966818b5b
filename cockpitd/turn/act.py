"""Judging and executing one grounded action, at most once; the only code that hands a permit to the car."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cockpitd.domain.actions import STATE_MAX_AGE_MS, Action, ActionSpec, Catalogue
from cockpitd.domain.deadline import after
from cockpitd.domain.dialogue import Undoable
from cockpitd.domain.events import Executed, Judged
from cockpitd.domain.policy import Allow, Limits, Permit, Request, Verdict, judge, judge_writes
from cockpitd.domain.turn import Done, Expired, Failed, NoOp, Outcome, Unknown
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Actuation, Hazard, Reading, VehicleState
from cockpitd.errors import VehicleError
from cockpitd.ports import Journal, VehicleBackend
from cockpitd.turn.log import TurnLog

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Result:
    """What policy and the car said about one action."""

    verdict: Verdict
    outcome: Outcome | None
    """None when nothing was tried: refused, waiting for a yes, or a dry run."""
    undo: Undoable | None = None


class Actor:
    """Judges against the car as it is at that moment, writes, reads back."""

    def __init__(self, backend: VehicleBackend, journal: Journal, limits: Limits, execute_timeout_ms: int) -> None:
        self._backend = backend
        self._journal = journal
        self._limits = limits
        self._execute_timeout_ms = execute_timeout_ms

    def state(self) -> VehicleState:
        """The car as it is now."""
        return self._backend.state()

    async def perform(
        self, action: Action, catalogue: Catalogue, request: Request, log: TurnLog, *, dry_run: bool
    ) -> Result:
        """Judge one action and, if allowed, execute it."""
        spec = catalogue.spec(action)
        with log.stage("judge"):
            verdict = judge(action, spec, catalogue.signals, self.state(), request, self._limits)
        return await self._carry_out(action, spec, verdict, catalogue, log, dry_run=dry_run)

    async def reverse(
        self, undo: Undoable, catalogue: Catalogue, request: Request, log: TurnLog, *, dry_run: bool
    ) -> Result:
        """Put back what an earlier action changed; judged like any other write."""
        spec = catalogue.spec(undo.action)
        with log.stage("judge"):
            state = self.state()
            verdict = judge_writes(undo.action, undo.writes, spec, catalogue.signals, state, request, self._limits)
        return await self._carry_out(undo.action, spec, verdict, catalogue, log, dry_run=dry_run)

    async def _carry_out(
        self, action: Action, spec: ActionSpec, verdict: Verdict, catalogue: Catalogue, log: TurnLog, *, dry_run: bool
    ) -> Result:
        reason = "" if isinstance(verdict, Allow) else verdict.reason
        log.emit(Judged(log.turn_id, action.name, dict(action.parameters), verdict.kind, reason, log.now_ms()))
        if dry_run or not isinstance(verdict, Allow):
            return Result(verdict, None)
        before = self.state()
        with log.stage("execute"):
            outcome = await self._execute(verdict.permit, spec, before, log)
        code, readback = _told(outcome)
        log.emit(Executed(log.turn_id, action.name, verdict.permit.key, outcome.kind, code, readback, log.now_ms()))
        undo = _undoable(verdict.permit, spec, catalogue, before, log.now_ms()) if isinstance(outcome, Done) else None
        return Result(verdict, outcome, undo)

    async def _execute(self, permit: Permit, spec: ActionSpec, before: VehicleState, log: TurnLog) -> Outcome:
        if log.now_ms() > permit.expires_ms:
            return Expired()
        if not permit.writes:
            return _answer(spec, before)
        if _already(permit, spec, before):
            return NoOp("at-limit" if any(write.step for write in spec.writes) else "already")
        if not self._journal.begin(permit.key, log.turn_id, _published(permit)):
            return NoOp("repeated")
        outcome = await self._write(permit, spec, log)
        self._journal.finish(permit.key, asdict(outcome))
        return outcome

    async def _write(self, permit: Permit, spec: ActionSpec, log: TurnLog) -> Outcome:
        deadline = after(log.now_ms(), self._execute_timeout_ms)
        try:
            async with asyncio.timeout(self._execute_timeout_ms / 1000):
                readings = await self._backend.execute(permit, deadline)
        except TimeoutError:
            return Unknown("vehicle-timeout")
        except VehicleError as exc:
            return Expired() if exc.code == "vehicle-permit-expired" else Failed(exc.code)
        return _compare(permit.writes, readings, readback=spec.readback)


def _compare(writes: tuple[Actuation, ...], readings: Mapping[str, Reading], *, readback: bool) -> Outcome:
    """Done only when every written path is reported back equal."""
    if readback:
        for write in writes:
            reading = readings.get(write.path)
            if reading is None:
                return Unknown("no-readback")
            if not _equal(reading.value, write.value):
                return Failed("readback-differs", write.path)
    return Done({path: reading.value for path, reading in readings.items()})


def _equal(left: Scalar, right: Scalar) -> bool:
    if isinstance(left, bool | str) or isinstance(right, bool | str):
        return left == right
    return abs(left - right) <= _TOLERANCE


def _answer(spec: ActionSpec, state: VehicleState) -> Outcome:
    """Answer a question from fresh readings only."""
    found: dict[str, Scalar] = {}
    for path in spec.reads.values():
        value = state.fresh(path, STATE_MAX_AGE_MS)
        if value is None:
            return Failed("signal-unknown", path)
        found[path] = value
    return Done(found)


def _already(permit: Permit, spec: ActionSpec, state: VehicleState) -> bool:
    """Tell whether the car freshly reports every value asked for; a button press is never "already"."""
    pulses = {write.signal for write in spec.writes if write.pulse}
    for write in permit.writes:
        current = state.fresh(write.path, STATE_MAX_AGE_MS)
        if write.path in pulses or current is None or not _equal(current, write.value):
            return False
    return True


def _undoable(
    permit: Permit, spec: ActionSpec, catalogue: Catalogue, before: VehicleState, now_ms: int
) -> Undoable | None:
    pulses = {write.signal for write in spec.writes if write.pulse}
    back = [
        Actuation(write.path, value)
        for write in permit.writes
        if write.path not in pulses and (value := before.fresh(write.path, STATE_MAX_AGE_MS)) is not None
    ]
    light = any(catalogue.signals[write.path].hazard is Hazard.EXTERIOR_LIGHT for write in back)
    return Undoable(permit.action, tuple(back), now_ms, light) if back else None


def _published(permit: Permit) -> dict[str, Any]:
    return {
        "action": permit.action.name,
        "parameters": dict(permit.action.parameters),
        "writes": {write.path: write.value for write in permit.writes},
    }


def _told(outcome: Outcome) -> tuple[str, dict[str, Scalar]]:
    """Code and readback of an outcome, for its event."""
    readback = dict(outcome.readback) if isinstance(outcome, Done) else {}
    code = outcome.code if isinstance(outcome, NoOp | Failed | Unknown) else ""
    return code, readback
