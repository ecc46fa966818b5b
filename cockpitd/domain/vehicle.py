"""Vehicle signals in VSS terms and a snapshot of their readings; no backend code here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from cockpitd.domain.units import Lang, Scalar

Datatype: TypeAlias = Literal["boolean", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float", "string"]
"""VSS datatypes we use (COVESA VSS 4, leaf `datatype`)."""

INTEGER_TYPES = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32"})


class Hazard(StrEnum):
    """What an actuator can do to people; the policy table is keyed on it, never on the phrase."""

    EXTERIOR_LIGHT = "exterior-light"
    ENTRY = "entry"
    """Locks, doors, trunk, charging flap."""
    WINDOW = "window"
    ROOF = "roof"
    VISIBILITY = "visibility"
    """Wipers, washers, defrost: what the driver sees through."""
    MIRROR = "mirror"
    DRIVER_SEAT = "driver-seat"
    WARNING = "warning"
    """Hazard lights, horn, SOS."""
    DRIVING = "driving"
    """Drive mode, cruise control, lane keeping: how the car moves."""
    DISTRACTION = "distraction"
    """Moving pictures in the driver's view."""
    COMFORT = "comfort"
    """Cabin climate, other seats, interior lights, media, phone, navigation: nothing to hurt anyone with."""


class Direction(StrEnum):
    """Whether a write moves an actuator towards its safe state."""

    SAFE = "safe"
    NEUTRAL = "neutral"
    UNSAFE = "unsafe"


SafeDirection: TypeAlias = Scalar | tuple[Scalar, ...]
"""In a signal file: the safe state or states, or the words `low`, `high`, `any`, `none`."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One VSS leaf the car may have."""

    path: str
    """VSS path, e.g. `Vehicle.Cabin.Lights.IsDomeOn`."""
    datatype: Datatype
    kind: Literal["actuator", "sensor", "attribute"]
    hazard: Hazard
    safe: SafeDirection
    """The safe state (`true`, `0`, `"OFF"`) or several, or `low` / `high` for a number, or `any`, or `none`."""
    initial: Scalar
    """Value in a freshly made simulated car."""
    title: Mapping[Lang, str]
    unit: str = ""
    """VSS unit name (`celsius`, `percent`, `km/h`), empty when it has none."""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    """Permitted strings, empty when any string will do."""

    def direction(self, target: Scalar, current: Scalar | None) -> Direction:
        """Tell whether writing `target` over `current` (None = unknown) goes towards the safe state."""
        if self.safe == "any":
            return Direction.NEUTRAL
        if self.safe in ("low", "high") and self.datatype != "string":
            return self._numeric_direction(target, current)
        states = self.safe if isinstance(self.safe, tuple) else (self.safe,)
        return Direction.SAFE if target in states else Direction.UNSAFE

    def _numeric_direction(self, target: Scalar, current: Scalar | None) -> Direction:
        bound = self.minimum if self.safe == "low" else self.maximum
        if target == bound:
            return Direction.SAFE
        if current is None or isinstance(current, str) or isinstance(target, str):
            return Direction.UNSAFE
        towards = target <= current if self.safe == "low" else target >= current
        return Direction.SAFE if towards else Direction.UNSAFE

    def accepts(self, value: Scalar) -> bool:
        """Tell whether `value` has this signal's type and lies within its range."""
        if self.datatype == "boolean":
            return isinstance(value, bool)
        if self.datatype == "string":
            return isinstance(value, str) and (not self.allowed or value in self.allowed)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.datatype in INTEGER_TYPES and isinstance(value, float) and not value.is_integer():
            return False
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def clamp(self, value: float) -> float:
        """Bring a number into this signal's range."""
        low = value if self.minimum is None else max(self.minimum, value)
        return low if self.maximum is None else min(self.maximum, low)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one signal and when the car reported it."""

    value: Scalar
    at_ms: int
    """Monotonic clock, milliseconds."""


@dataclass(frozen=True, slots=True)
class VehicleState:
    """What was known of the car at one moment."""

    now_ms: int
    """Monotonic clock, milliseconds."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    fitted: frozenset[str] = frozenset()
    """Paths this car has at all; a write to any other is refused."""

    def fresh(self, path: str, max_age_ms: int) -> Scalar | None:
        """Return the value of `path` if it is known and not older than `max_age_ms`, else None (= unknown)."""
        reading = self.readings.get(path)
        if reading is None or self.now_ms - reading.at_ms > max_age_ms:
            return None
        return reading.value


@dataclass(frozen=True, slots=True)
class Actuation:
    """One write to one signal, as the expansion of an action."""

    path: str
    value: Scalar
