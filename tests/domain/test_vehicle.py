"""Signals: what they accept, which way a write goes, how old a reading may be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Datatype, Direction, Hazard, Reading, SafeDirection, VehicleState
from tests.domain.cars import SIGNALS, signal


@pytest.mark.parametrize(
    ("datatype", "value", "good"),
    [
        ("boolean", True, True),
        ("boolean", 1, False),
        ("boolean", "true", False),
        ("uint8", 100, True),
        ("uint8", 100.0, True),
        ("uint8", 99.5, False),
        ("uint8", 101, False),
        ("uint8", -1, False),
        ("uint8", True, False),
        ("uint8", "1", False),
        ("uint8", math.inf, False),
        ("uint8", math.nan, False),
        ("float", 99.5, True),
        ("float", math.nan, False),
        ("float", -math.inf, False),
    ],
)
def test_a_value_must_have_the_type_and_lie_in_range(datatype: Datatype, value: Scalar, good: bool) -> None:
    bounds = {} if datatype == "boolean" else {"minimum": 0, "maximum": 100}
    assert signal("Vehicle.Test.X", datatype, Hazard.COMFORT, "any", **bounds).accepts(value) is good


@pytest.mark.parametrize(
    ("allowed", "value", "good"),
    [((), "anything", True), (("OFF", "ON"), "ON", True), (("OFF", "ON"), "on", False), ((), 1, False)],
)
def test_text_must_be_in_the_list_where_there_is_one(allowed: tuple[str, ...], value: Scalar, good: bool) -> None:
    one = signal("Vehicle.Test.X", "string", Hazard.COMFORT, "any", allowed=allowed)
    assert one.accepts(value) is good


@pytest.mark.parametrize(
    ("datatype", "safe", "current", "target", "expected"),
    [
        ("boolean", True, None, True, Direction.SAFE),
        ("boolean", True, True, False, Direction.UNSAFE),
        ("boolean", "any", None, False, Direction.NEUTRAL),
        ("boolean", "none", False, False, Direction.UNSAFE),
        ("uint8", "low", 50, 40, Direction.SAFE),
        ("uint8", "low", 50, 50, Direction.SAFE),
        ("uint8", "low", 50, 60, Direction.UNSAFE),
        ("uint8", "low", None, 40, Direction.UNSAFE),
        ("uint8", "low", None, 0, Direction.SAFE),
        ("uint8", "high", 50, 60, Direction.SAFE),
        ("uint8", "high", 50, 40, Direction.UNSAFE),
        ("uint8", "high", None, 100, Direction.SAFE),
        ("uint8", "low", "broken", 40, Direction.UNSAFE),
        ("uint8", 0, 50, 0, Direction.SAFE),
        ("uint8", 0, 50, 10, Direction.UNSAFE),
        ("uint8", "none", 50, 0, Direction.UNSAFE),
        ("string", "OFF", None, "OFF", Direction.SAFE),
        ("string", ("SLOW", "FAST"), None, "FAST", Direction.SAFE),
        ("string", ("SLOW", "FAST"), None, "OFF", Direction.UNSAFE),
        ("string", "low", None, "low", Direction.SAFE),
        ("string", "low", None, "high", Direction.UNSAFE),
    ],
)
def test_which_way_a_write_goes(
    datatype: Datatype, safe: SafeDirection, current: Scalar | None, target: Scalar, expected: Direction
) -> None:
    bounds = {} if datatype in ("boolean", "string") else {"minimum": 0, "maximum": 100}
    assert signal("Vehicle.Test.X", datatype, Hazard.WINDOW, safe, **bounds).direction(target, current) is expected


@given(st.floats(-1e9, 1e9))
def test_a_clamped_number_is_in_range_and_moved_no_further_than_needed(value: float) -> None:
    number = SIGNALS["Vehicle.Test.COMFORT.High"]
    clamped = number.clamp(value)
    assert number.accepts(clamped)
    assert clamped == value or clamped in (number.minimum, number.maximum)


def test_a_number_without_bounds_is_left_alone() -> None:
    assert signal("Vehicle.Test.X", "float", Hazard.COMFORT, "any").clamp(1e12) == 1e12


@pytest.mark.parametrize(("age_ms", "known"), [(0, True), (2_000, True), (2_001, False)])
def test_an_old_reading_counts_as_unknown(age_ms: int, known: bool) -> None:
    state = VehicleState(10_000, {"Vehicle.Speed": Reading(50.0, 10_000 - age_ms)})
    assert state.fresh("Vehicle.Speed", 2_000) == (50.0 if known else None)


def test_what_was_never_reported_is_unknown() -> None:
    assert VehicleState(10_000).fresh("Vehicle.Speed", 2_000) is None
