"""What every vehicle backend promises, run on the simulated car and on the smallest fake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cockpitd.adapters.sim_vehicle import SimVehicle
from cockpitd.domain.deadline import after
from cockpitd.domain.policy import Permit
from cockpitd.domain.vehicle import Reading
from cockpitd.errors import VehicleError
from cockpitd.ports import VehicleBackend
from tests.fakes_vehicle import FAN, LAMP, MEDIA, SIGNALS, SPEED, WARM, FakeClock, FakeVehicle, catalogue, permit

MAKERS: dict[str, Callable[[FakeClock], VehicleBackend]] = {
    "sim": lambda clock: SimVehicle(SIGNALS, clock, sleep=clock.sleep),
    "fake": lambda clock: FakeVehicle(SIGNALS, clock),
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=list(MAKERS))
def car(request: pytest.FixtureRequest, clock: FakeClock) -> VehicleBackend:
    made = MAKERS[request.param](clock)
    asyncio.run(made.start())
    return made


def execute(car: VehicleBackend, clock: FakeClock, allowed: Permit) -> Mapping[str, Reading]:
    return asyncio.run(_execute(car, clock, allowed))


async def _execute(car: VehicleBackend, clock: FakeClock, allowed: Permit) -> Mapping[str, Reading]:
    return await car.execute(allowed, after(clock.now_ms(), 800))


def test_a_new_car_reports_every_signal_fresh(car: VehicleBackend, clock: FakeClock) -> None:
    state = car.state()
    assert state.fitted == frozenset(SIGNALS)
    assert {path: reading.value for path, reading in state.readings.items()} == {
        path: signal.initial for path, signal in SIGNALS.items()
    }
    assert {reading.at_ms for reading in state.readings.values()} == {clock.now_ms()}


def test_readings_stay_fresh_while_time_passes(car: VehicleBackend, clock: FakeClock) -> None:
    clock.pass_ms(60_000)
    assert car.state().now_ms == clock.now_ms()
    assert car.state().fresh(SPEED, 2_000) == 0.0


@pytest.mark.parametrize(("path", "value"), [(LAMP, True), (FAN, 70), (WARM, 25.5), (MEDIA, "SKIP_FORWARD")])
def test_a_permit_is_executed_and_read_back(car: VehicleBackend, clock: FakeClock, path: str, value: Any) -> None:
    readings = execute(car, clock, permit(clock, (path, value)))
    assert readings == {path: Reading(value, clock.now_ms())}
    assert car.state().readings[path].value == value


def test_all_writes_of_a_permit_are_done_and_nothing_else(car: VehicleBackend, clock: FakeClock) -> None:
    before = dict(car.state().readings)
    readings = execute(car, clock, permit(clock, (FAN, 10), (LAMP, True)))
    assert set(readings) == {FAN, LAMP}
    now = car.state().readings
    assert {path for path in now if now[path].value != before[path].value} == {FAN, LAMP}


def test_a_permit_without_writes_does_nothing(car: VehicleBackend, clock: FakeClock) -> None:
    before = car.state()
    assert execute(car, clock, permit(clock)) == {}
    assert car.state() == before


def test_a_permit_is_good_until_its_last_millisecond(car: VehicleBackend, clock: FakeClock) -> None:
    allowed = permit(clock, (FAN, 10))
    clock.pass_ms(allowed.expires_ms - clock.now_ms())
    assert execute(car, clock, allowed)[FAN].value == 10


def test_an_expired_permit_moves_nothing(car: VehicleBackend, clock: FakeClock) -> None:
    allowed = permit(clock, (FAN, 10))
    clock.pass_ms(allowed.expires_ms - clock.now_ms() + 1)
    with pytest.raises(VehicleError) as caught:
        execute(car, clock, allowed)
    assert caught.value.code == "vehicle-permit-expired"
    assert car.state().readings[FAN].value == 40


@pytest.mark.parametrize("thing", [None, {"writes": [(FAN, 10)]}, (FAN, 10), object()])
def test_nothing_but_a_permit_moves_the_car(car: VehicleBackend, clock: FakeClock, thing: Any) -> None:
    with pytest.raises(VehicleError) as caught:
        execute(car, clock, thing)
    assert caught.value.code == "vehicle-no-permit"
    assert car.state().readings[FAN].value == 40


def test_a_sensor_cannot_be_written_even_with_a_permit(car: VehicleBackend, clock: FakeClock) -> None:
    with pytest.raises(VehicleError) as caught:
        execute(car, clock, permit(clock, (SPEED, 50.0)))
    assert caught.value.code == "vehicle-not-actuator"
    assert car.state().readings[SPEED].value == 0.0


def test_a_state_that_was_handed_out_does_not_change(car: VehicleBackend, clock: FakeClock) -> None:
    before = car.state()
    execute(car, clock, permit(clock, (FAN, 10)))
    assert before.readings[FAN].value == 40


def test_a_reloaded_catalogue_adds_drops_and_keeps(car: VehicleBackend, clock: FakeClock) -> None:
    execute(car, clock, permit(clock, (FAN, 10)))
    car.adopt(catalogue({FAN: SIGNALS[FAN], WARM: SIGNALS[WARM]}))
    assert {path: reading.value for path, reading in car.state().readings.items()} == {FAN: 10, WARM: 22.0}
    with pytest.raises(VehicleError) as caught:
        execute(car, clock, permit(clock, (LAMP, True)))
    assert caught.value.code == "vehicle-signal-unknown"
    car.adopt(catalogue())
    assert car.state().fitted == frozenset(SIGNALS)
    assert car.state().readings[FAN].value == 10


def test_a_stopped_car_can_be_started_again(car: VehicleBackend, clock: FakeClock) -> None:
    asyncio.run(car.stop())
    asyncio.run(car.start())
    assert execute(car, clock, permit(clock, (LAMP, True)))[LAMP].value is True
