"""A car that is all software, made from the signals of the catalogue; it keeps nothing when it stops."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cockpitd.adapters.sim_script import ScriptEvent, read_script
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.deadline import Deadline
from cockpitd.domain.policy import Permit
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import INTEGER_TYPES, Actuation, Reading, Signal, VehicleState
from cockpitd.errors import VehicleError
from cockpitd.ports import Clock

Failure: TypeAlias = Literal["error", "ignore", "lag", "silent"]
"""How a broken actuator behaves: the write is rejected; is taken and nothing moves; moves late; moves unreported."""

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits some seconds; tests give one that moves their clock instead."""


def create(config: Config, catalogue: Catalogue, clock: Clock) -> SimVehicle:
    """Make the car that the configuration asks for."""
    script = config.vehicle.script
    events = () if script is None else read_script(script, catalogue.signals)
    return SimVehicle(catalogue.signals, clock, events)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A write that takes effect later."""

    due_ms: int
    path: str
    value: Scalar


class SimVehicle:
    """Typed signals with ranges and ages; scriptable, breakable, and moved by permits only.

    Every signal reports all the time, so its reading is as old as the question, unless it was frozen. Script and late
    writes need no task of their own: they are brought up to date whenever somebody looks.
    """

    def __init__(
        self,
        signals: Mapping[str, Signal],
        clock: Clock,
        script: tuple[ScriptEvent, ...] = (),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._signals = dict(signals)
        self._values: dict[str, Scalar] = {path: signal.initial for path, signal in signals.items()}
        self._frozen: dict[str, Reading] = {}
        self._removed: set[str] = set()
        self._failures: dict[str, tuple[Failure, int]] = {}
        self._pending: list[_Pending] = []
        self._script = script
        self._started_ms = clock.now_ms()
        self._ahead = deque(script)

    async def start(self) -> None:
        """Begin the script."""
        self._started_ms = self._clock.now_ms()
        self._ahead = deque(self._script)

    async def stop(self) -> None:
        """Forget what has not happened yet; there is nothing to disconnect."""
        self._ahead.clear()
        self._pending.clear()

    def state(self) -> VehicleState:
        """Every reading there is, as of now."""
        now_ms = self._catch_up()
        readings = {
            path: self._frozen.get(path) or Reading(value, now_ms)
            for path, value in self._values.items()
            if path not in self._removed
        }
        return VehicleState(now_ms, readings, frozenset(readings))

    def adopt(self, catalogue: Catalogue) -> None:
        """Take over a reloaded catalogue; what is still fitted and still fits keeps its value."""
        kept = self._values
        self._signals = dict(catalogue.signals)
        self._values = {
            path: kept[path] if path in kept and signal.accepts(kept[path]) else signal.initial
            for path, signal in self._signals.items()
        }
        self._frozen = {path: reading for path, reading in self._frozen.items() if path in self._signals}

    async def execute(self, permit: Permit, deadline: Deadline) -> Mapping[str, Reading]:
        """Write in the permit's order; what was written before a failing write stays written, as in a real car."""
        if not isinstance(permit, Permit):
            raise VehicleError("vehicle-no-permit", f"a {type(permit).__name__} is no permit; only policy makes one")
        now_ms = self._catch_up()
        if now_ms > permit.expires_ms:
            late_ms = now_ms - permit.expires_ms
            raise VehicleError("vehicle-permit-expired", f"the permit of {permit.action.name} ran out {late_ms} ms ago")
        wait_ms = max([self._write(write, now_ms) for write in permit.writes], default=0)
        if wait_ms:
            # One more, because the clock counts whole milliseconds and may stand just before the next.
            await self._sleep(min(wait_ms + 1, deadline.remaining_ms(now_ms)) / 1000)
        now_ms = self._catch_up()
        moving = {pending.path for pending in self._pending}
        return {
            write.path: Reading(self._values[write.path], now_ms)
            for write in permit.writes
            if write.path in self._values and write.path not in self._frozen and write.path not in moving
        }

    def set(self, path: str, value: Scalar) -> None:
        """Put any signal, sensors too, to a value, as the world around the car would."""
        signal = self._known(path)
        if not signal.accepts(value):
            raise VehicleError(
                "vehicle-value", f"{path} cannot be {value!r}; see `cockpitd actions show` for its range"
            )
        self._values[path] = _typed(value, signal)

    def reset(self) -> None:
        """Make this the car it was when new: first values, every part fitted, healed and reporting."""
        self._values = {path: signal.initial for path, signal in self._signals.items()}
        self._frozen.clear()
        self._removed.clear()
        self._failures.clear()
        self._pending.clear()

    def freeze(self, path: str, age_ms: int = 0) -> None:
        """Stop reporting: the last reading stays, already `age_ms` old, and grows stale."""
        self._known(path)
        now_ms = self._catch_up()
        self._frozen[path] = Reading(self._values[path], now_ms - age_ms)

    def remove(self, path: str) -> None:
        """Make this a car without the part."""
        self._known(path)
        self._removed.add(path)

    def fail(self, path: str, mode: Failure, lag_ms: int = 0, age_ms: int = 0) -> None:
        """Break an actuator; `lag_ms` is for mode `lag`, `age_ms` for `silent` as in `freeze`."""
        self._known(path)
        if mode == "silent":
            self.freeze(path, age_ms)
        self._failures[path] = (mode, lag_ms)

    def heal(self, path: str) -> None:
        """Undo freeze, remove and fail."""
        self._known(path)
        self._frozen.pop(path, None)
        self._removed.discard(path)
        self._failures.pop(path, None)

    def _known(self, path: str) -> Signal:
        signal = self._signals.get(path)
        if signal is None:
            raise VehicleError("vehicle-signal-unknown", f"the simulated car has no signal {path}; check its spelling")
        return signal

    def _write(self, write: Actuation, now_ms: int) -> int:
        """Do one write and return in how many milliseconds it takes effect."""
        signal = self._known(write.path)
        if write.path in self._removed:
            raise VehicleError("vehicle-not-fitted", f"this car has no {write.path}")
        if signal.kind != "actuator":
            raise VehicleError("vehicle-not-actuator", f"{write.path} is a {signal.kind} and cannot be written")
        if not signal.accepts(write.value):
            raise VehicleError("vehicle-value", f"{write.path} cannot be {write.value!r}")
        # The latest write wins over an earlier one that is still on its way.
        self._pending = [pending for pending in self._pending if pending.path != write.path]
        mode, lag_ms = self._failures.get(write.path, ("", 0))
        if mode == "error":
            raise VehicleError("vehicle-write-failed", f"{write.path} did not take the write; the part may be broken")
        if mode == "lag":
            self._pending.append(_Pending(now_ms + lag_ms, write.path, _typed(write.value, signal)))
            return lag_ms
        if mode != "ignore":
            self._values[write.path] = _typed(write.value, signal)
        return 0

    def _catch_up(self) -> int:
        """Let happen what was due by now, and return the time."""
        now_ms = self._clock.now_ms()
        while self._ahead and self._started_ms + self._ahead[0].at_ms <= now_ms:
            event = self._ahead.popleft()
            self._play(event, now_ms - self._started_ms - event.at_ms)
        for pending in [pending for pending in self._pending if pending.due_ms <= now_ms]:
            self._pending.remove(pending)
            if pending.path in self._values:
                self._values[pending.path] = pending.value
        return now_ms

    def _play(self, event: ScriptEvent, late_ms: int) -> None:
        """Do one event; nobody looked for `late_ms` since it was due, and a sensor fell silent back then."""
        if event.path not in self._signals:
            return  # a reloaded catalogue no longer has it
        match event.command:
            case "freeze":
                self.freeze(event.path, late_ms)
            case "remove":
                self.remove(event.path)
            case "heal":
                self.heal(event.path)
            case "error" | "ignore" | "lag" | "silent" as mode:
                self.fail(event.path, mode, event.lag_ms, late_ms)
            case _ if event.value is not None:
                self.set(event.path, event.value)


def _typed(value: Scalar, signal: Signal) -> Scalar:
    """Hold a number in its signal's own type, so that 21 and 21.0 do not come back as two different things."""
    if isinstance(value, bool | str):
        return value
    return int(value) if signal.datatype in INTEGER_TYPES else float(value)
