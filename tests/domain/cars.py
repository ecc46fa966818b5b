"""Signals of every hazard, one action a write, and cars in all conditions; for the tests of policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cockpitd.domain.actions import Action, ActionSpec, Risk, Write
from cockpitd.domain.policy import GEAR, PARK, RAIN, SPEED, Limits, Request, Verdict, judge
from cockpitd.domain.units import Lang, Parameters, Scalar
from cockpitd.domain.vehicle import Datatype, Hazard, Reading, SafeDirection, Signal, VehicleState

NOW = 1_000_000
TITLE: Mapping[Lang, str] = {"zh": "信号", "en": "signal"}


def signal(path: str, datatype: Datatype, hazard: Hazard, safe: SafeDirection, **more: Any) -> Signal:
    """A signal with what matters to policy."""
    initial: dict[str, Scalar] = {"boolean": False, "string": "OFF"}
    return Signal(path, datatype, "actuator", hazard, safe, initial.get(datatype, 0), TITLE, **more)


def _of(hazard: Hazard) -> list[Signal]:
    base = f"Vehicle.Test.{hazard.name}"
    return [
        signal(f"{base}.IsOn", "boolean", hazard, safe=True),
        signal(f"{base}.Low", "uint8", hazard, "low", minimum=0, maximum=100, unit="percent"),
        signal(f"{base}.High", "float", hazard, "high", minimum=-50, maximum=50, unit="percent"),
        signal(f"{base}.Mode", "string", hazard, ("SLOW", "FAST"), allowed=("OFF", "SLOW", "FAST")),
        signal(f"{base}.Aim", "int8", hazard, "none", minimum=-100, maximum=100, unit="percent"),
    ]


SIGNALS = {one.path: one for hazard in Hazard for one in _of(hazard)}

FITTED = frozenset(SIGNALS)


def spec(*writes: Write, risk: Risk = "reversible", confirm: bool = False, **properties: Any) -> ActionSpec:
    """An action that does these writes."""
    empty: dict[Any, Any] = {}
    return ActionSpec(
        name="TEST_ACTION", domain="test", title=TITLE, klass="command", risk=risk, confirm=confirm, ttl_ms=5_000,
        parameters={"type": "object", "properties": properties, "additionalProperties": False}, writes=writes,
        reads={}, readback=True, phrases=empty, replies=empty, examples=empty,
    )  # fmt: skip


@dataclass(frozen=True)
class Car:
    """What the car reports; None: nothing at all. Ages in milliseconds."""

    speed: float | None
    gear: int | None
    rain: int | None
    own: Scalar | None
    """Value of the signal the test is about."""
    age_ms: int = 0

    def state(self, path: str, now_ms: int = NOW) -> VehicleState:
        """The snapshot policy sees."""
        values = {SPEED: self.speed, GEAR: self.gear, RAIN: self.rain, path: self.own}
        at_ms = now_ms - self.age_ms
        readings = {name: Reading(value, at_ms) for name, value in values.items() if value is not None}
        return VehicleState(now_ms, readings, FITTED)


speeds = st.one_of(st.none(), st.sampled_from([0.0, 0.9, 1.0, 120.0, 120.1]), st.floats(-50, 250))
gears = st.sampled_from([None, PARK, 127, 0, 1, -1])
rains = st.sampled_from([None, 0, 1, 100])
ages = st.sampled_from([0, 1_999, 2_000, 2_001, 60_000])


def values(one: Signal) -> st.SearchStrategy[Scalar]:
    """Every value the signal accepts."""
    if one.datatype == "boolean":
        return st.booleans()
    if one.datatype == "string":
        return st.sampled_from(one.allowed)
    low, high = int(one.minimum or 0), int(one.maximum or 0)
    return st.integers(low, high) if one.datatype != "float" else st.floats(low, high)


def cars(one: Signal) -> st.SearchStrategy[Car]:
    """Cars in all conditions that have the signal, reported or not."""
    return st.builds(Car, speeds, gears, rains, st.one_of(st.none(), values(one)), ages)


@st.composite
def situations(draw: st.DrawFn, *among: Hazard) -> tuple[Signal, Scalar, Car]:
    """A signal (of these hazards; none named: of any), a value it accepts, and a car."""
    one = draw(st.sampled_from([one for one in SIGNALS.values() if not among or one.hazard in among]))
    return one, draw(values(one)), draw(cars(one))


def judged(
    one: Signal, value: Scalar, car: Car, request: Request | None = None, action: ActionSpec | None = None
) -> Verdict:
    """The verdict on writing one constant."""
    own = action or spec(Write(one.path, value=value))
    asked = request or Request("key", NOW)
    return judge(Action(own.name, {}), own, SIGNALS, car.state(one.path), asked, Limits())


def judged_parameters(own: ActionSpec, parameters: Parameters, state: VehicleState) -> Verdict:
    """The verdict on an action with parameters."""
    return judge(Action(own.name, parameters), own, SIGNALS, state, Request("key", NOW), Limits())
