"""What must hold for a single signal beyond its schema; how actions use signals is checked in `writes.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cockpitd.catalogue.source import Problem, Source
from cockpitd.domain.vehicle import INTEGER_TYPES, Hazard, Signal

NUMERIC = INTEGER_TYPES | {"float"}
END_WORDS = ("low", "high")

VSS_BRANCHES = frozenset({
    "ADAS", "Acceleration", "AngularVelocity", "AverageSpeed", "Body", "Cabin", "CargoVolume", "Chassis",
    "Connectivity", "CurbWeight", "CurrentLocation", "CurrentOverallWeight", "Diagnostics", "Driver", "EmissionsCO2",
    "Exterior", "GrossWeight", "Height", "IsAutoPowerOptimize", "IsBrokenDown", "IsMoving", "Length",
    "LowVoltageBattery", "LowVoltageSystemState", "MaxTowBallWeight", "MaxTowWeight", "MotionManagement", "OBD",
    "Occupant", "PowerOptimizeLevel", "Powertrain", "RoofLoad", "Safety", "Service", "Speed", "StartTime", "Trailer",
    "TraveledDistance", "TraveledDistanceSinceStart", "TripDuration", "TripMeterReading", "TurningDiameter",
    "VehicleIdentification", "VersionVSS", "Width",
})  # fmt: skip
"""First branches and leaves below `Vehicle` in COVESA VSS 4 to 6."""

_BOOLEAN_LEAF = re.compile(r"(Is|Has)[A-Z]")

_BOUNDS = {
    "uint8": (0, 2**8 - 1),
    "int8": (-(2**7), 2**7 - 1),
    "uint16": (0, 2**16 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint32": (0, 2**32 - 1),
    "int32": (-(2**31), 2**31 - 1),
}


def check_signal(signal: Signal, data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """Find what is wrong with one declaration."""
    where = ("signals", signal.path)
    ranges = list(_range(signal))
    for code, message in (*(ranges or _initial(signal)), *_vss(signal, data)):
        yield source.problem(code, where, message)
    if signal.kind == "actuator":
        for code, message in _actuator(signal, data):
            yield source.problem(code, where, message)


def _range(signal: Signal) -> Iterator[tuple[str, str]]:
    low, high = signal.minimum, signal.maximum
    if low is not None and high is not None and low > high:
        yield "signal-range", f"min {low} is above max {high}"
    if signal.datatype not in NUMERIC and (low is not None or high is not None):
        yield "signal-range", f"a {signal.datatype} has no min and max; remove them"
    bounds = _BOUNDS.get(signal.datatype)
    if bounds and any(edge is not None and not bounds[0] <= edge <= bounds[1] for edge in (low, high)):
        yield "signal-range", f"min and max must lie within {signal.datatype} ({bounds[0]} to {bounds[1]})"
    if signal.allowed and signal.datatype != "string":
        yield "signal-range", "`allowed` is for strings; use min and max"


def _initial(signal: Signal) -> Iterator[tuple[str, str]]:
    if not signal.accepts(signal.initial):
        yield "signal-initial", f"initial {signal.initial!r} is not a {signal.datatype} within the signal's own range"


def _vss(signal: Signal, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if data.get("overlay"):
        return
    branches = signal.path.split(".")
    if branches[1] not in VSS_BRANCHES:
        yield "signal-vss", f"VSS has no Vehicle.{branches[1]}; correct the path or mark it `overlay: true`"
    if signal.datatype == "boolean" and not _BOOLEAN_LEAF.match(branches[-1]):
        yield "signal-vss", "a VSS boolean is named Is… or Has…; correct the path or mark it `overlay: true`"


def _actuator(signal: Signal, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    numeric = signal.datatype in NUMERIC
    if numeric and not signal.unit:
        yield "actuator-unit", "a numeric actuator needs a `unit` (`none` for a pure number)"
    if numeric and (signal.minimum is None or signal.maximum is None):
        yield "actuator-range", "a numeric actuator needs `min` and `max`"
    if signal.datatype == "string" and not signal.allowed and signal.hazard is not Hazard.COMFORT:
        yield "actuator-range", f"an actuator of hazard {signal.hazard} may not take any text; list it in `allowed`"
    if "hazard" not in data:
        yield "actuator-hazard", "an actuator needs a `hazard`; use comfort only when it can hurt nobody"
    if "safe" not in data:
        yield (
            "actuator-safe",
            "an actuator needs `safe`: a value or a list of values, low, high, none, or any (comfort only)",
        )
        return
    yield from _safe(signal, numeric=numeric)


def _safe(signal: Signal, *, numeric: bool) -> Iterator[tuple[str, str]]:
    if signal.safe == "any":
        if signal.hazard is not Hazard.COMFORT:
            message = f"`safe: any` lets every write through (hazard {signal.hazard}); give the safe state, or none"
            yield "actuator-safe", message
        return
    if signal.safe == "none" or (numeric and signal.safe in END_WORDS):
        return
    for state in signal.safe if isinstance(signal.safe, tuple) else (signal.safe,):
        if not signal.accepts(state):
            yield "actuator-safe", f"safe {state!r} is no value of this signal; give one, or low, high, none, any"
