"""A clock that tests move, and the smallest car that keeps the vehicle port's promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from cockpitd.domain.actions import Action, ActionSpec, Catalogue, Write
from cockpitd.domain.deadline import Deadline
from cockpitd.domain.policy import Allow, Limits, Permit, Request, judge
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Actuation, Datatype, Hazard, Reading, Signal, VehicleState
from cockpitd.errors import VehicleError
from cockpitd.ports import Clock

LAMP = "Vehicle.Cabin.Lights.IsDomeOn"
FAN = "Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed"
WARM = "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature"
MEDIA = "Vehicle.Cabin.Infotainment.Media.Action"
SPEED = "Vehicle.Speed"

Kind: TypeAlias = Literal["actuator", "sensor", "attribute"]


def _signal(path: str, datatype: Datatype, kind: Kind, initial: Scalar, **more: Any) -> Signal:
    return Signal(path, datatype, kind, Hazard.COMFORT, "any", initial, {"zh": path, "en": path}, **more)


SIGNALS: Mapping[str, Signal] = {
    LAMP: _signal(LAMP, "boolean", "actuator", initial=False),
    FAN: _signal(FAN, "uint8", "actuator", 40, minimum=0, maximum=100),
    WARM: _signal(WARM, "float", "actuator", 22.0, minimum=16, maximum=32),
    MEDIA: _signal(MEDIA, "string", "actuator", "STOP", allowed=("STOP", "PLAY", "SKIP_FORWARD")),
    SPEED: _signal(SPEED, "float", "sensor", 0.0, minimum=0, maximum=250),
}


def catalogue(signals: Mapping[str, Signal] = SIGNALS) -> Catalogue:
    """A catalogue of signals without actions."""
    return Catalogue({}, signals, {"zh": {}, "en": {}})


class FakeClock:
    """Time that passes only when a test says so."""

    def __init__(self, now_ms: int = 100_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self._now_ms

    def wall_s(self) -> float:
        """Seconds since the epoch, moving with the monotonic clock."""
        return 1_750_000_000 + self._now_ms / 1000

    def pass_ms(self, milliseconds: int) -> None:
        """Let time go by."""
        self._now_ms += milliseconds

    async def sleep(self, seconds: float) -> None:
        """Let time go by, for code that waits."""
        self.pass_ms(round(seconds * 1000))


def permit(clock: Clock, *writes: tuple[str, Scalar], key: str = "key") -> Permit:
    """Ask policy for a permit to write constants now."""
    spec = _action(tuple(Write(path, value=value) for path, value in writes))
    now_ms = clock.now_ms()
    state = VehicleState(now_ms, {}, frozenset(SIGNALS))
    verdict = judge(Action(spec.name, {}), spec, SIGNALS, state, Request(key, now_ms), Limits())
    assert isinstance(verdict, Allow), verdict
    return verdict.permit


def _action(writes: tuple[Write, ...]) -> ActionSpec:
    return ActionSpec(
        name="TEST_ACTION",
        domain="test",
        title={"zh": "试", "en": "test"},
        klass="command",
        risk="reversible",
        confirm=False,
        ttl_ms=5_000,
        parameters={},
        writes=writes,
        reads={},
        readback=True,
        phrases={},
        replies={},
        examples={},
    )


class FakeVehicle:
    """A car that takes every write at once and remembers the permits it was given."""

    def __init__(self, signals: Mapping[str, Signal], clock: Clock) -> None:
        self._signals = dict(signals)
        self._clock = clock
        self._values: dict[str, Scalar] = {path: signal.initial for path, signal in signals.items()}
        self.permits: list[Permit] = []

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""

    def state(self) -> VehicleState:
        """Everything, fresh."""
        now_ms = self._clock.now_ms()
        readings = {path: Reading(value, now_ms) for path, value in self._values.items()}
        return VehicleState(now_ms, readings, frozenset(self._values))

    def adopt(self, catalogue: Catalogue) -> None:
        """Add new signals, drop old ones, keep the values of the others."""
        self._signals = dict(catalogue.signals)
        self._values = {path: self._values.get(path, one.initial) for path, one in self._signals.items()}

    async def execute(self, permit: Permit, deadline: Deadline) -> Mapping[str, Reading]:
        """Write all of it, or nothing when something of it cannot be."""
        if not isinstance(permit, Permit):
            raise VehicleError("vehicle-no-permit", "only a permit moves this car")
        now_ms = self._clock.now_ms()
        if now_ms > permit.expires_ms:
            raise VehicleError("vehicle-permit-expired", "too late")
        for write in permit.writes:
            self._check(write)
        self.permits.append(permit)
        self._values.update({write.path: write.value for write in permit.writes})
        return {write.path: Reading(write.value, now_ms) for write in permit.writes}

    def _check(self, write: Actuation) -> None:
        signal = self._signals.get(write.path)
        if signal is None:
            raise VehicleError("vehicle-signal-unknown", f"no {write.path}")
        if signal.kind != "actuator":
            raise VehicleError("vehicle-not-actuator", f"{write.path} is a {signal.kind}")
