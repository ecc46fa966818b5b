"""How an action becomes writes."""

from __future__ import annotations

from typing import Any

import pytest

from cockpitd.domain.actions import Action, Unexpandable, Write, expand
from cockpitd.domain.units import Parameters, Scalar
from cockpitd.domain.vehicle import Actuation, Hazard, Reading, VehicleState
from tests.domain.cars import signal, spec

FAN = "Vehicle.Test.Fan"
WARM = "Vehicle.Test.Warm"
MODE = "Vehicle.Test.Mode"
LAMP = "Vehicle.Test.IsOn"

SIGNALS = {
    FAN: signal(FAN, "uint8", Hazard.COMFORT, "any", minimum=0, maximum=100, unit="percent"),
    WARM: signal(WARM, "float", Hazard.COMFORT, "any", minimum=16, maximum=32, unit="celsius"),
    MODE: signal(MODE, "string", Hazard.COMFORT, "any", allowed=("ECO", "SPORT")),
    LAMP: signal(LAMP, "boolean", Hazard.COMFORT, "any"),
}
NOW = 50_000


def expanded(parameters: Parameters, *writes: Write, age_ms: int = 0, **current: Scalar) -> Any:
    readings = {f"Vehicle.Test.{name}": Reading(value, NOW - age_ms) for name, value in current.items()}
    own = spec(*writes)
    return expand(Action(own.name, parameters), own, SIGNALS, VehicleState(NOW, readings, frozenset(SIGNALS)))


def test_a_constant_is_written_as_it_stands() -> None:
    assert expanded({}, Write(LAMP, value=False)) == (Actuation(LAMP, False),)


def test_a_parameter_is_written_and_several_writes_keep_their_order() -> None:
    writes = (Write(WARM, parameter="warm"), Write(LAMP, value=True))
    assert expanded({"warm": 21.5}, *writes) == (Actuation(WARM, 21.5), Actuation(LAMP, True))


@pytest.mark.parametrize(("said", "written"), [("sport", "SPORT"), ("eco", "ECO")])
def test_a_parameter_goes_through_its_map(said: str, written: str) -> None:
    table = {"sport": "SPORT", "eco": "ECO"}
    assert expanded({"mode": said}, Write(MODE, parameter="mode", map=table)) == (Actuation(MODE, written),)


def test_whole_numbers_find_their_key_in_a_map() -> None:
    assert expanded({"gear": 2}, Write(FAN, parameter="gear", map={"2": 66})) == (Actuation(FAN, 66),)


def test_what_was_not_said_is_not_written() -> None:
    writes = (Write(WARM, parameter="warm"), Write(LAMP, value=True))
    assert expanded({}, *writes) == (Actuation(LAMP, True),)


def test_what_was_not_said_is_written_where_the_file_gives_a_default() -> None:
    assert expanded({}, Write(WARM, parameter="warm", default=22.0)) == (Actuation(WARM, 22.0),)


def test_nothing_left_to_write_is_said() -> None:
    assert expanded({}, Write(WARM, parameter="warm")) == Unexpandable("nothing-to-do")


def test_an_action_without_writes_expands_to_nothing() -> None:
    assert expanded({}) == ()


@pytest.mark.parametrize(
    ("parameters", "applies"), [({}, True), ({"zone": "all"}, True), ({"zone": "rear"}, False), ({"zone": True}, False)]
)
def test_a_write_happens_only_when_its_condition_holds(parameters: Parameters, applies: bool) -> None:
    writes = (Write(FAN, value=10), Write(LAMP, value=True, when={"zone": (None, "all")}))
    assert (Actuation(LAMP, True) in expanded(parameters, *writes)) is applies


def test_all_conditions_must_hold() -> None:
    write = Write(LAMP, value=True, when={"zone": ("all",), "side": ("left",)})
    assert expanded({"zone": "all", "side": "right"}, Write(FAN, value=1), write) == (Actuation(FAN, 1),)


@pytest.mark.parametrize(
    ("by", "now", "after"), [(10, 40, 50), (-10, 40, 30), (80, 40, 100), (-80, 40, 0), (5, 100, 100)]
)
def test_a_step_starts_at_the_current_value_and_stops_at_the_end(by: int, now: int, after: int) -> None:
    assert expanded({"by": by}, Write(FAN, step="by"), Fan=now) == (Actuation(FAN, after),)


def test_a_step_uses_its_default_when_no_amount_was_said() -> None:
    assert expanded({}, Write(WARM, step="by", default=0.5), Warm=20.0) == (Actuation(WARM, 20.5),)


def test_a_step_without_amount_or_default_is_nothing() -> None:
    assert expanded({}, Write(WARM, step="by"), Warm=20.0) == Unexpandable("nothing-to-do")


@pytest.mark.parametrize("age_ms", [2_001, 60_000])
def test_a_step_from_an_unknown_value_is_refused(age_ms: int) -> None:
    assert expanded({"by": 1}, Write(FAN, step="by"), Fan=40, age_ms=age_ms) == Unexpandable("signal-unknown", FAN)
    assert expanded({"by": 1}, Write(FAN, step="by")) == Unexpandable("signal-unknown", FAN)


def test_a_whole_float_for_a_whole_number_signal_becomes_whole() -> None:
    (write,) = expanded({"level": 30.0}, Write(FAN, parameter="level"))
    assert isinstance(write.value, int)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 30.5])
def test_a_number_that_is_not_whole_stays_as_said_for_policy_to_refuse(value: float) -> None:
    (write,) = expanded({"level": value}, Write(FAN, parameter="level"))
    assert not SIGNALS[FAN].accepts(write.value)


def test_names_of_an_enum_value_come_display_name_first() -> None:
    own = spec(zone={"type": "string", "enum": ["rear"], "names": {"rear": {"zh": ["后排", "后座"], "en": ["rear"]}}})
    assert own.names("zone", "rear", "zh") == ("后排", "后座")
    assert own.names("zone", "front", "zh") == ()
    assert own.names("side", "rear", "en") == ()
