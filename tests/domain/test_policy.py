"""The promises of policy, over cars in all conditions: it cannot do the unsafe thing and never refuses the safe one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cockpitd.catalogue import parameter_validator
from cockpitd.domain.actions import Action, Write
from cockpitd.domain.policy import FAST_KMH, PARK, UNSAFE_RULES, Allow, Confirm, Limits, Permit, Refuse, Request, judge
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Actuation, Direction, Hazard, Signal
from tests.domain.cars import NOW, SIGNALS, Car, ages, judged, judged_parameters, situations, spec, speeds, values

STALE_MS = 2_001

Situation = tuple[Signal, Scalar, Car]

requests = st.builds(
    Request,
    key=st.just("key"),
    captured_ms=st.just(NOW),
    confidence=st.floats(0, 1),
    confirmed=st.booleans(),
    seat=st.sampled_from(["driver", "passenger"]),
)


def direction(one: Signal, value: Scalar, car: Car) -> Direction:
    return one.direction(value, car.own if car.age_ms <= STALE_MS - 1 else None)


def stricter(car: Car) -> st.SearchStrategy[Car]:
    """The same car in conditions that give more reason for caution."""
    faster = speeds.filter(lambda speed: speed is None or (car.speed is not None and abs(speed) >= abs(car.speed)))
    return st.builds(
        Car,
        speed=st.none() if car.speed is None else faster,
        gear=st.sampled_from([car.gear, None] if car.gear != PARK else [PARK, None, 127, 0]),
        rain=st.sampled_from([car.rain, None, 100]),
        own=st.sampled_from([car.own, None]),
        age_ms=ages.filter(lambda age: age >= car.age_ms),
    )


@given(st.data(), situations(), requests)
def test_a_stricter_state_never_turns_refuse_into_allow(data: st.DataObject, found: Situation, asked: Request) -> None:
    one, value, car = found
    before = judged(one, value, car, asked)
    assume(not isinstance(before, Allow))
    after = judged(one, value, data.draw(stricter(car)), asked)
    assert not isinstance(after, Allow)


@given(situations(Hazard.EXTERIOR_LIGHT, Hazard.ENTRY), requests)
def test_a_stale_state_never_allows_an_unsafe_light_or_entry_write(found: Situation, asked: Request) -> None:
    one, value, car = found
    old = replace(car, age_ms=STALE_MS)
    assume(direction(one, value, old) is Direction.UNSAFE)
    verdict = judged(one, value, old, asked)
    assert isinstance(verdict, Refuse)
    assert verdict.reason == "speed-unknown"


@given(situations(Hazard.EXTERIOR_LIGHT), requests)
def test_an_unsafe_light_write_needs_a_parked_car(found: Situation, asked: Request) -> None:
    one, value, car = found
    assume(direction(one, value, car) is Direction.UNSAFE)
    still = car.age_ms < STALE_MS and car.speed is not None and abs(car.speed) < 1 and car.gear == PARK
    assert isinstance(judged(one, value, car, asked), Refuse) is not still


@given(
    situations(), requests, st.booleans(), st.sampled_from(["safe-direction", "reversible", "guarded", "driver-only"])
)
def test_a_safe_write_is_always_allowed(found: Situation, asked: Request, confirm: bool, risk: str) -> None:
    one, value, car = found
    assume(direction(one, value, car) is Direction.SAFE)
    action = spec(Write(one.path, value=value), risk=risk, confirm=confirm)  # type: ignore[arg-type]
    verdict = judged(one, value, car, asked, action)
    assert isinstance(verdict, Allow)
    assert verdict.permit.writes == (Actuation(one.path, value),)
    assert verdict.permit.expires_ms == NOW + Limits().safe_ttl_ms


@given(situations(), requests)
def test_an_action_is_as_dangerous_as_its_worst_write(found: Situation, asked: Request) -> None:
    one, value, car = found
    harmless = Write("Vehicle.Test.COMFORT.IsOn", value=True)
    alone = judged(one, value, car, asked)
    together = judged(one, value, car, asked, spec(harmless, Write(one.path, value=value)))
    if isinstance(alone, Refuse):
        assert together == alone
    assert isinstance(together, Allow) == isinstance(alone, Allow)


@given(situations(), requests)
def test_a_car_without_the_part_refuses(found: Situation, asked: Request) -> None:
    one, value, car = found
    state = replace(car.state(one.path), fitted=frozenset(SIGNALS) - {one.path})
    own = spec(Write(one.path, value=value))
    assert judge(Action(own.name, {}), own, SIGNALS, state, asked, Limits()) == Refuse("not-fitted")


@given(situations(), requests)
def test_what_no_voice_may_do_is_refused_in_any_car(found: Situation, asked: Request) -> None:
    one, value, car = found
    own = spec(Write(one.path, value=value), risk="never")
    assert judged(one, value, car, asked, own) == Refuse("never-by-voice")


@given(situations(), st.floats(0, 1))
def test_a_yes_satisfies_a_question_and_never_a_refusal(found: Situation, confidence: float) -> None:
    one, value, car = found
    own = spec(Write(one.path, value=value), confirm=True)
    asked = Request("key", NOW, confidence)
    before = judged(one, value, car, asked, own)
    after = judged(one, value, car, replace(asked, confirmed=True), own)
    assert isinstance(after, Refuse) == isinstance(before, Refuse)
    assert not isinstance(after, Confirm)


junk = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63), st.floats(), st.text(max_size=8), st.sampled_from(["OFF", "FAST", "1"])
)


@given(st.data(), situations(), st.dictionaries(st.sampled_from(["a", "b", "c"]), junk, max_size=3))
def test_junk_parameters_never_make_a_permit_for_a_value_the_signal_lacks(
    data: st.DataObject, found: Situation, parameters: dict[str, Scalar]
) -> None:
    one, value, car = found
    step = {} if one.datatype in ("boolean", "string") else {"step": "b"}
    writes = [Write(one.path, parameter="a"), Write(one.path, parameter="a", map={"1": value})]
    writes.append(Write(one.path, **step) if step else Write(one.path, parameter="b", default=value))  # type: ignore[arg-type]
    verdict = judged_parameters(spec(data.draw(st.sampled_from(writes))), parameters, car.state(one.path))
    if isinstance(verdict, Allow):
        assert all(one.accepts(write.value) for write in verdict.permit.writes)
        assert {write.path for write in verdict.permit.writes} == {one.path}


@given(st.dictionaries(st.text(max_size=6), st.recursive(st.none() | junk, st.lists, max_leaves=4), max_size=3))
def test_junk_from_a_model_does_not_pass_the_validator(parameters: dict[str, object]) -> None:
    own = spec(
        Write("Vehicle.Test.ENTRY.Low", parameter="level"), level={"type": "integer", "minimum": 0, "maximum": 9}
    )
    valid = parameter_validator({**own.parameters, "required": ["level"]}).is_valid(parameters)
    level = parameters.get("level")
    assert valid == (list(parameters) == ["level"] and level in range(10) and not isinstance(level, bool))


def permit() -> Permit:
    one = SIGNALS["Vehicle.Test.COMFORT.IsOn"]
    verdict = judged(one, True, Car(0.0, PARK, 0, False))
    assert isinstance(verdict, Allow)
    return verdict.permit


@given(st.one_of(st.none(), st.builds(object), st.text(), st.just(Permit)))
def test_a_permit_cannot_be_made_elsewhere(seal: object) -> None:
    with pytest.raises(PermissionError):
        Permit(Action("TEST_ACTION", {}), (), 0, "key", seal)


def test_a_permit_cannot_be_stretched_to_other_writes() -> None:
    good = permit()
    with pytest.raises(PermissionError):
        replace(good, writes=(Actuation("Vehicle.Test.ENTRY.IsOn", False),))
    with pytest.raises(PermissionError):
        replace(good, expires_ms=good.expires_ms + 1)
    with pytest.raises(PermissionError):
        Permit(Action("OTHER_ACTION", {}), good.writes, good.expires_ms, good.key, good.seal)


def test_every_hazard_has_a_rule() -> None:
    assert set(UNSAFE_RULES) == set(Hazard)


@pytest.mark.parametrize(
    ("hazard", "car", "expected"),
    [
        (Hazard.EXTERIOR_LIGHT, Car(50.0, 127, 0, True), Refuse("moving", Hazard.EXTERIOR_LIGHT)),
        (Hazard.EXTERIOR_LIGHT, Car(0.0, 127, 0, True), Refuse("not-parked", Hazard.EXTERIOR_LIGHT)),
        (Hazard.EXTERIOR_LIGHT, Car(None, PARK, 0, True), Refuse("speed-unknown", Hazard.EXTERIOR_LIGHT)),
        (Hazard.ENTRY, Car(-5.0, -1, 0, True), Refuse("moving", Hazard.ENTRY)),
        (Hazard.MIRROR, Car(20.0, 127, 0, True), Refuse("moving", Hazard.MIRROR)),
        (Hazard.DRIVER_SEAT, Car(20.0, 127, 0, True), Refuse("moving", Hazard.DRIVER_SEAT)),
        (Hazard.DISTRACTION, Car(20.0, 127, 0, True), Refuse("moving", Hazard.DISTRACTION)),
        (Hazard.WINDOW, Car(FAST_KMH + 1, 127, 0, True), Confirm("high-speed", NOW + 15_000)),
        (Hazard.WINDOW, Car(None, 127, 0, True), Confirm("speed-unknown", NOW + 15_000)),
        (Hazard.ROOF, Car(FAST_KMH + 1, 127, 0, True), Confirm("high-speed", NOW + 15_000)),
        (Hazard.VISIBILITY, Car(50.0, 127, 30, True), Confirm("visibility", NOW + 15_000)),
        (Hazard.WARNING, Car(50.0, 127, 0, True), Confirm("moving", NOW + 15_000)),
        (Hazard.DRIVING, Car(50.0, 127, 0, True), Confirm("moving", NOW + 15_000)),
    ],
)
def test_what_stands_against_the_unsafe_direction(hazard: Hazard, car: Car, expected: object) -> None:
    assert judged(SIGNALS[f"Vehicle.Test.{hazard.name}.IsOn"], False, car) == expected


@pytest.mark.parametrize("hazard", list(Hazard))
def test_everything_may_be_done_in_a_parked_car(hazard: Hazard) -> None:
    one = SIGNALS[f"Vehicle.Test.{hazard.name}.IsOn"]
    assert isinstance(judged(one, False, Car(0.0, PARK, 0, True)), Allow)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Request("key", NOW, confidence=0.2), Confirm("unsure", NOW + 15_000)),
        (Request("key", NOW, confidence=0.4), None),
        (Request("key", NOW, confidence=0.2, confirmed=True), None),
    ],
)
def test_an_unsure_reading_asks_first(asked: Request, expected: Confirm | None) -> None:
    one = SIGNALS["Vehicle.Test.COMFORT.Aim"]
    own = spec(Write(one.path, value=5))
    state = Car(0.0, PARK, 0, 0).state(one.path)
    verdict = judge(Action(own.name, {}), own, SIGNALS, state, asked, Limits(confirm_below=0.35))
    assert isinstance(verdict, Allow) if expected is None else verdict == expected


def test_a_passenger_cannot_do_what_is_the_drivers() -> None:
    one = SIGNALS["Vehicle.Test.COMFORT.Aim"]
    own = spec(Write(one.path, value=5), risk="driver-only")
    car = Car(0.0, PARK, 0, 0)
    assert judged(one, 5, car, Request("key", NOW, seat="passenger"), own) == Refuse("driver-only")
    assert isinstance(judged(one, 5, car, Request("key", NOW, seat="driver"), own), Allow)


def test_a_guarded_action_asks_first_although_nothing_stands_against_it() -> None:
    one = SIGNALS["Vehicle.Test.COMFORT.Aim"]
    own = spec(Write(one.path, value=5), risk="guarded")
    assert judged(one, 5, Car(0.0, PARK, 0, 0), None, own) == Confirm("confirm", NOW + 15_000)


@given(st.data(), situations())
def test_a_permit_says_what_was_judged(data: st.DataObject, found: Situation) -> None:
    one, _, car = found
    value = data.draw(values(one))
    verdict = judged(one, value, car, Request("a-key", NOW))
    if isinstance(verdict, Allow):
        assert verdict.permit.writes == (Actuation(one.path, value),)
        assert verdict.permit.key == "a-key"
        assert verdict.permit.expires_ms in {NOW + 5_000, NOW + Limits().safe_ttl_ms}
