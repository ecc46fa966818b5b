"""What the simulated car adds to the port: setting, ageing, breaking, scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from cockpitd.adapters import sim_vehicle
from cockpitd.adapters.sim_script import ScriptEvent, read_script
from cockpitd.adapters.sim_vehicle import SimVehicle
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.config import Config, VehicleConfig
from cockpitd.domain.deadline import after
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Reading
from cockpitd.errors import ConfigError, VehicleError
from tests.fakes_vehicle import FAN, LAMP, SIGNALS, SPEED, WARM, FakeClock, catalogue, permit


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def car(clock: FakeClock) -> SimVehicle:
    return SimVehicle(SIGNALS, clock, sleep=clock.sleep)


def write(
    car: SimVehicle, clock: FakeClock, *writes: tuple[str, Scalar], within_ms: int = 800
) -> Mapping[str, Reading]:
    return asyncio.run(_write(car, clock, *writes, within_ms=within_ms))


async def _write(
    car: SimVehicle, clock: FakeClock, *writes: tuple[str, Scalar], within_ms: int
) -> Mapping[str, Reading]:
    return await car.execute(permit(clock, *writes), after(clock.now_ms(), within_ms))


def value(car: SimVehicle, path: str) -> Scalar:
    return car.state().readings[path].value


def test_the_world_can_set_any_signal(car: SimVehicle) -> None:
    car.set(SPEED, 88)
    assert value(car, SPEED) == 88.0
    assert isinstance(value(car, SPEED), float)


@pytest.mark.parametrize(("path", "bad"), [(SPEED, 251.0), (SPEED, "fast"), (FAN, 0.5), (LAMP, 1)])
def test_a_value_of_the_wrong_type_or_range_is_an_error(car: SimVehicle, path: str, bad: Scalar) -> None:
    before = value(car, path)
    with pytest.raises(VehicleError) as caught:
        car.set(path, bad)
    assert caught.value.code == "vehicle-value"
    assert value(car, path) == before


@pytest.mark.parametrize("method", ["freeze", "remove", "heal"])
def test_a_signal_it_does_not_have_is_an_error(car: SimVehicle, method: str) -> None:
    with pytest.raises(VehicleError) as caught:
        getattr(car, method)("Vehicle.Nope")
    assert caught.value.code == "vehicle-signal-unknown"
    with pytest.raises(VehicleError):
        car.set("Vehicle.Nope", 1)


def test_a_frozen_signal_grows_stale(car: SimVehicle, clock: FakeClock) -> None:
    car.set(SPEED, 50.0)
    car.freeze(SPEED)
    clock.pass_ms(2_000)
    assert car.state().fresh(SPEED, 2_000) == 50.0
    clock.pass_ms(1)
    assert car.state().fresh(SPEED, 2_000) is None
    car.set(SPEED, 60.0)
    assert car.state().readings[SPEED].value == 50.0
    car.heal(SPEED)
    assert car.state().fresh(SPEED, 2_000) == 60.0


def test_a_signal_can_be_stale_at_once(car: SimVehicle) -> None:
    car.freeze(SPEED, age_ms=5_000)
    assert car.state().fresh(SPEED, 2_000) is None


def test_a_removed_part_is_not_fitted_and_cannot_be_written(car: SimVehicle, clock: FakeClock) -> None:
    car.remove(FAN)
    assert FAN not in car.state().fitted
    assert FAN not in car.state().readings
    with pytest.raises(VehicleError) as caught:
        write(car, clock, (FAN, 10))
    assert caught.value.code == "vehicle-not-fitted"
    car.heal(FAN)
    assert value(car, FAN) == 40


def test_an_actuator_that_errs_stops_the_permit_where_it_stands(car: SimVehicle, clock: FakeClock) -> None:
    car.fail(FAN, "error")
    with pytest.raises(VehicleError) as caught:
        write(car, clock, (LAMP, True), (FAN, 10), (WARM, 30.0))
    assert caught.value.code == "vehicle-write-failed"
    assert (value(car, LAMP), value(car, FAN), value(car, WARM)) == (True, 40, 22.0)


def test_an_actuator_that_ignores_reads_back_the_old_value(car: SimVehicle, clock: FakeClock) -> None:
    car.fail(FAN, "ignore")
    assert write(car, clock, (FAN, 10))[FAN].value == 40
    car.heal(FAN)
    assert write(car, clock, (FAN, 10))[FAN].value == 10


def test_a_slow_actuator_is_waited_for(car: SimVehicle, clock: FakeClock) -> None:
    car.fail(FAN, "lag", 300)
    began = clock.now_ms()
    assert write(car, clock, (FAN, 10), (LAMP, True)) == {
        FAN: Reading(10, clock.now_ms()),
        LAMP: Reading(True, clock.now_ms()),
    }
    assert 300 <= clock.now_ms() - began <= 301


def test_an_actuator_slower_than_the_deadline_is_not_reported_and_moves_later(
    car: SimVehicle, clock: FakeClock
) -> None:
    car.fail(FAN, "lag", 2_000)
    assert write(car, clock, (FAN, 10)) == {}
    assert value(car, FAN) == 40
    clock.pass_ms(1_200)
    assert value(car, FAN) == 10


def test_a_later_write_overtakes_one_that_is_on_its_way(car: SimVehicle, clock: FakeClock) -> None:
    car.fail(FAN, "lag", 2_000)
    write(car, clock, (FAN, 10))
    car.heal(FAN)
    write(car, clock, (FAN, 90))
    clock.pass_ms(5_000)
    assert value(car, FAN) == 90


def test_a_silent_actuator_moves_without_saying_so(car: SimVehicle, clock: FakeClock) -> None:
    car.fail(FAN, "silent")
    assert write(car, clock, (FAN, 10)) == {}
    assert value(car, FAN) == 40
    car.heal(FAN)
    assert value(car, FAN) == 10


def test_a_real_slow_actuator_on_the_machines_clock() -> None:
    async def run() -> Mapping[str, Reading]:
        clock = SystemClock()
        car = SimVehicle(SIGNALS, clock)
        car.fail(FAN, "lag", 20)
        return await car.execute(permit(clock, (FAN, 10)), after(clock.now_ms(), 5_000))

    assert asyncio.run(run())[FAN].value == 10


SCRIPT = f"""
# a short drive
5      {SPEED}   60
0, {FAN}, 80       # commas do as well
7.5    {FAN}     @lag 500
8      {SPEED}   @freeze
20     {SPEED}   @heal
20     {SPEED}   0
"""


def test_a_script_is_read_in_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "drive.txt"
    path.write_text(SCRIPT, encoding="utf-8")
    assert read_script(path, SIGNALS) == (
        ScriptEvent(0, FAN, 80),
        ScriptEvent(5_000, SPEED, 60),
        ScriptEvent(7_500, FAN, None, "lag", 500),
        ScriptEvent(8_000, SPEED, None, "freeze"),
        ScriptEvent(20_000, SPEED, None, "heal"),
        ScriptEvent(20_000, SPEED, 0),
    )


def test_a_script_happens_as_time_passes(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "drive.txt"
    path.write_text(SCRIPT, encoding="utf-8")
    car = sim_vehicle.create(Config(vehicle=VehicleConfig(script=path)), catalogue(), clock)
    clock.pass_ms(1_000)
    asyncio.run(car.start())
    assert (value(car, FAN), value(car, SPEED)) == (80, 0.0)
    clock.pass_ms(5_000)
    assert value(car, SPEED) == 60.0
    clock.pass_ms(10_000)
    assert car.state().fresh(SPEED, 2_000) is None
    clock.pass_ms(5_000)
    assert car.state().fresh(SPEED, 2_000) == 0.0


def test_a_script_begins_anew_at_every_start(clock: FakeClock) -> None:
    car = SimVehicle(SIGNALS, clock, (ScriptEvent(100, FAN, 80),))
    asyncio.run(car.start())
    clock.pass_ms(200)
    assert value(car, FAN) == 80
    car.set(FAN, 5)
    asyncio.run(car.stop())
    asyncio.run(car.start())
    assert value(car, FAN) == 5
    clock.pass_ms(200)
    assert value(car, FAN) == 80


def test_a_script_survives_a_catalogue_without_its_signal(clock: FakeClock) -> None:
    car = SimVehicle(SIGNALS, clock, (ScriptEvent(100, FAN, 80),))
    car.adopt(catalogue({LAMP: SIGNALS[LAMP]}))
    clock.pass_ms(200)
    assert set(car.state().readings) == {LAMP}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"5 {SPEED}", "fewer than three fields"),
        ("5 Vehicle.Nope 3", "no signal Vehicle.Nope"),
        (f"soon {SPEED} 3", "could not convert"),
        (f"5 {SPEED} 900", "cannot be 900"),
        (f"5 {SPEED} [1]", "cannot be"),
        (f"5 {SPEED} @explode", "none of @freeze"),
        (f"5 {SPEED} @lag", "lag with milliseconds"),
        (f"5 {SPEED} @lag soon", "invalid literal"),
    ],
)
def test_a_bad_script_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "drive.txt"
    path.write_text(f"# first\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_script(path, SIGNALS)
    assert caught.value.code == "vehicle-script"
    assert f"{path}:2: " in caught.value.message
    assert said in caught.value.message


def test_a_script_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_script(tmp_path / "nowhere.txt", SIGNALS)
    assert caught.value.code == "vehicle-script"


def test_the_machines_clock_never_goes_back() -> None:
    clock = SystemClock()
    times = [clock.now_ms() for _ in range(100)]
    assert times == sorted(times)
    assert clock.wall_s() > 1_700_000_000
