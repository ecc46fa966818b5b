"""The one place where it is decided whether the car may do something: it judges expanded writes, never the phrase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cockpitd.domain.actions import STATE_MAX_AGE_MS, Action, ActionSpec, Unexpandable, expand
from cockpitd.domain.turn import Seat
from cockpitd.domain.vehicle import Actuation, Direction, Hazard, Signal, VehicleState

SPEED = "Vehicle.Speed"
GEAR = "Vehicle.Powertrain.Transmission.SelectedGear"
"""VSS int8: 0 = neutral, 1… = forward, -1… = reverse, 126 = park, 127 = drive."""
PARK = 126
RAIN = "Vehicle.Body.Raindetection.Intensity"

MOVING_KMH = 1.0
FAST_KMH = 120.0


class _Seal:
    """Proof that policy saw exactly these contents; a permit copied with other writes does not carry it over."""

    __slots__ = ("covers",)

    def __init__(self, *covers: object) -> None:
        self.covers = covers


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to write exactly these values until `expires_ms`; only `judge` can make one."""

    action: Action
    writes: tuple[Actuation, ...]
    expires_ms: int
    key: str
    """Idempotency key: one command is executed at most once."""
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse to exist when not built by policy."""
        contents = (self.action, self.writes, self.expires_ms, self.key)
        if type(self.seal) is not _Seal or self.seal.covers != contents:
            msg = "a permit is made by policy.judge and by nothing else"
            raise PermissionError(msg)


@dataclass(frozen=True, slots=True)
class Allow:
    """Go ahead."""

    permit: Permit
    kind: Literal["allow"] = "allow"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Ask first; a yes before `expires_ms` leads to a new judgement, never straight to the car."""

    reason: str
    """Reply key of the question."""
    expires_ms: int
    kind: Literal["confirm"] = "confirm"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not now, or not ever."""

    reason: str
    """Kebab-case code and reply key, e.g. `moving`, `state-unknown`, `not-fitted`."""
    hazard: Hazard | None = None
    kind: Literal["refuse"] = "refuse"


Verdict: TypeAlias = Allow | Confirm | Refuse


@dataclass(frozen=True, slots=True)
class Request:
    """The circumstances of one judgement."""

    key: str
    captured_ms: int
    confidence: float = 1.0
    confirmed: bool = False
    """True when the driver has just said yes to this very action."""
    seat: Seat = "driver"


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of the policy (`policy:` in the configuration)."""

    confirm_below: float = 0.0
    """Ask before doing something not safe-direction that was read with less confidence than this."""
    confirm_ttl_ms: int = 15_000
    safe_ttl_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class _Car:
    """The few facts the hazard rules look at; None = unknown, and unknown counts as the worse case."""

    speed_kmh: float | None
    parked: bool
    raining: bool

    @property
    def moving(self) -> bool:
        return self.speed_kmh is None or self.speed_kmh >= MOVING_KMH

    @property
    def unless_still(self) -> str:
        return "speed-unknown" if self.speed_kmh is None else "moving"


_Rule: TypeAlias = Callable[[_Car], "Confirm | Refuse | None"]


def _refuse_unless_parked(car: _Car) -> Refuse | None:
    if car.moving:
        return Refuse(car.unless_still)
    return None if car.parked else Refuse("not-parked")


def _refuse_moving(car: _Car) -> Refuse | None:
    return Refuse(car.unless_still) if car.moving else None


def _confirm_fast(car: _Car) -> Confirm | None:
    if car.speed_kmh is None:
        return Confirm(car.unless_still, 0)
    return Confirm("high-speed", 0) if car.speed_kmh > FAST_KMH else None


def _confirm_moving(car: _Car) -> Confirm | None:
    return Confirm(car.unless_still, 0) if car.moving else None


def _confirm_wet(car: _Car) -> Confirm | None:
    return Confirm("visibility", 0) if car.moving and car.raining else None


def _free(_: _Car) -> None:
    return None


UNSAFE_RULES: Mapping[Hazard, _Rule] = {
    Hazard.EXTERIOR_LIGHT: _refuse_unless_parked,
    Hazard.ENTRY: _refuse_moving,
    Hazard.WINDOW: _confirm_fast,
    Hazard.ROOF: _confirm_fast,
    Hazard.VISIBILITY: _confirm_wet,
    Hazard.MIRROR: _refuse_moving,
    Hazard.DRIVER_SEAT: _refuse_moving,
    Hazard.WARNING: _confirm_moving,
    Hazard.DRIVING: _confirm_moving,
    Hazard.DISTRACTION: _refuse_moving,
    Hazard.COMFORT: _free,
}
"""What stands against a write in the *unsafe* direction; a write in the safe direction is never held up."""


def judge(
    action: Action,
    spec: ActionSpec,
    signals: Mapping[str, Signal],
    state: VehicleState,
    request: Request,
    limits: Limits,
) -> Verdict:
    """Judge one action against the car as it is now.

    The order is: what no voice may do, what the car lacks, the safe direction (always allowed), the hazard of each
    write, then the action's own wish to be confirmed. A confirmation can satisfy a `Confirm`, never a `Refuse`.
    """
    if spec.risk == "never":
        return Refuse("never-by-voice")
    writes = expand(action, spec, signals, state)
    if isinstance(writes, Unexpandable):
        return Refuse(writes.code)
    return judge_writes(action, writes, spec, signals, state, request, limits)


def judge_writes(  # noqa: PLR0913, PLR0917 (the facts of a judgement, each of another kind)
    action: Action,
    writes: tuple[Actuation, ...],
    spec: ActionSpec,
    signals: Mapping[str, Signal],
    state: VehicleState,
    request: Request,
    limits: Limits,
) -> Verdict:
    """Judge writes that are already expanded: those of `judge`, or the reversal of what was done before."""
    if any(write.path not in state.fitted for write in writes):
        return Refuse("not-fitted")
    if not all(signals[write.path].accepts(write.value) for write in writes):
        return Refuse("bad-write")
    moves = {write: _direction(write, signals, state) for write in writes}
    safe = bool(writes) and all(move is Direction.SAFE for move in moves.values())
    ttl = limits.safe_ttl_ms if safe else spec.ttl_ms
    contents = (action, writes, request.captured_ms + ttl, request.key)
    allow = Allow(Permit(*contents, seal=_Seal(*contents)))
    if safe or not writes:
        return allow
    hazards = [signals[write.path].hazard for write, move in moves.items() if move is Direction.UNSAFE]
    return _weigh(hazards, spec, _car(state), request, limits) or allow


def _weigh(
    hazards: list[Hazard], spec: ActionSpec, car: _Car, request: Request, limits: Limits
) -> Confirm | Refuse | None:
    if spec.risk == "driver-only" and request.seat != "driver":
        return Refuse("driver-only")
    objections = [(hazard, UNSAFE_RULES[hazard](car)) for hazard in hazards]
    for hazard, objection in objections:
        if isinstance(objection, Refuse):
            return Refuse(objection.reason, hazard)
    if request.confirmed:
        return None
    expires_ms = request.captured_ms + limits.confirm_ttl_ms
    for _, objection in objections:
        if isinstance(objection, Confirm):
            return Confirm(objection.reason, expires_ms)
    if spec.confirm or spec.risk == "guarded":
        return Confirm("confirm", expires_ms)
    if request.confidence < limits.confirm_below:
        return Confirm("unsure", expires_ms)
    return None


def _direction(write: Actuation, signals: Mapping[str, Signal], state: VehicleState) -> Direction:
    return signals[write.path].direction(write.value, state.fresh(write.path, STATE_MAX_AGE_MS))


def _car(state: VehicleState) -> _Car:
    speed = state.fresh(SPEED, STATE_MAX_AGE_MS)
    rain = state.fresh(RAIN, STATE_MAX_AGE_MS)
    known = isinstance(speed, int | float) and not isinstance(speed, bool)
    return _Car(
        speed_kmh=abs(float(speed)) if known and not isinstance(speed, str | None) else None,
        parked=state.fresh(GEAR, STATE_MAX_AGE_MS) == PARK,
        raining=rain is None or (isinstance(rain, int | float) and rain > 0),
    )
