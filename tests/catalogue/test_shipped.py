"""The action files that ship: without fault, complete, and harmless in the hands of any model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from cockpitd import catalogue as catalogue_files
from cockpitd.adapters.sim_vehicle import SimVehicle
from cockpitd.catalogue import describe
from cockpitd.catalogue.values import listed
from cockpitd.domain.actions import Action, ActionSpec, Catalogue, Unexpandable, expand
from cockpitd.domain.deadline import after
from cockpitd.domain.policy import GEAR, RAIN, SPEED, Allow, Limits, Permit, Refuse, Request, judge
from cockpitd.domain.units import LANGS, Parameters
from cockpitd.domain.vehicle import Direction, Hazard, VehicleState
from tests.fakes_vehicle import FakeClock

DOMAINS = {
    "music", "volume", "navigation", "climate", "seats", "windows", "doors", "wipers", "mirrors", "interior_lights",
    "exterior_lights", "phone", "reminders", "status", "weather", "manual", "safety", "assistant",
}  # fmt: skip

ASSISTANT = {
    "ASSISTANT_STOP", "ASSISTANT_CANCEL", "ASSISTANT_CONFIRM", "ASSISTANT_DENY", "ASSISTANT_UNDO", "ASSISTANT_REPEAT",
    "ASSISTANT_HELP", "ASSISTANT_SMALLTALK", "ASSISTANT_NOT_FOR_ME", "ASSISTANT_NOT_SUPPORTED",
}  # fmt: skip

SHUT_BY_MOTION = (Hazard.EXTERIOR_LIGHT, Hazard.ENTRY)


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return catalogue_files.load()


def sayings(spec: ActionSpec) -> Iterator[Parameters]:
    """Parameters that the file itself mentions, and every listed value of every parameter on its own."""
    yield {}
    for lang in LANGS:
        yield from (example.parameters for example in spec.examples[lang])
        for lists in (spec.phrases, spec.follow_ups, spec.reflex):
            yield from (phrase.set for phrase in lists[lang])
    for name, schema in spec.properties.items():
        yield from ({name: value} for value in listed(schema) or ())


def parked(signals: Catalogue) -> VehicleState:
    return SimVehicle(signals.signals, FakeClock()).state()


def verdict_of(spec: ActionSpec, parameters: Parameters, catalogue: Catalogue, state: VehicleState) -> object:
    asked = Request("key", state.now_ms, confirmed=True)
    return judge(Action(spec.name, parameters), spec, catalogue.signals, state, asked, Limits())


def test_the_check_finds_nothing() -> None:
    assert [str(problem) for problem in catalogue_files.examine(phrases=True).problems] == []


def test_there_is_enough_of_everything(shipped: Catalogue) -> None:
    assert len(shipped.actions) >= 60
    assert {spec.domain for spec in shipped.actions.values()} >= DOMAINS
    assert set(shipped.actions) >= ASSISTANT


def test_every_action_can_be_shown_and_is_in_the_reference(shipped: Catalogue) -> None:
    reference = "\n".join(describe.markdown(shipped))
    for name, spec in shipped.actions.items():
        assert len(list(describe.show(spec, shipped.signals))) > 10
        assert f"`{name}`" in reference


@pytest.mark.parametrize(
    ("name", "say", "parameters"),
    [
        ("MUSIC_PLAY", "播放周杰伦的夜曲", {"artist": "周杰伦", "song": "夜曲"}),
        ("CLIMATE_SET_TEMPERATURE", "调高空调温度到25度", {"temperature": 25}),
    ],
)
def test_the_first_examples_hold_literally(
    shipped: Catalogue, name: str, say: str, parameters: dict[str, object]
) -> None:
    examples = {example.say: dict(example.parameters) for example in shipped.actions[name].examples["zh"]}
    assert examples[say] == parameters


def test_what_the_files_mention_can_be_executed_by_the_parked_simulator(shipped: Catalogue) -> None:
    state = parked(shipped)
    for spec in shipped.actions.values():
        for parameters in sayings(spec):
            writes = expand(Action(spec.name, parameters), spec, shipped.signals, state)
            if isinstance(writes, Unexpandable):
                assert writes.code == "nothing-to-do", spec.name
                continue
            for write in writes:
                assert shipped.signals[write.path].accepts(write.value), (spec.name, parameters, write)


def test_every_allowed_example_reads_back_what_was_written(shipped: Catalogue) -> None:
    clock = FakeClock()
    car = SimVehicle(shipped.signals, clock, sleep=clock.sleep)

    async def run(permit: Permit) -> None:
        readings = await car.execute(permit, after(clock.now_ms(), 800))
        assert {path: reading.value for path, reading in readings.items()} == {
            write.path: write.value for write in permit.writes
        }

    for spec in shipped.actions.values():
        for lang in LANGS:
            for example in spec.examples[lang]:
                verdict = verdict_of(spec, example.parameters, shipped, car.state())
                if isinstance(verdict, Allow):
                    asyncio.run(run(verdict.permit))


@pytest.mark.parametrize("speed", ["moving", "stale", "missing"])
def test_no_action_can_darken_or_open_a_moving_car(shipped: Catalogue, speed: str) -> None:
    clock = FakeClock()
    car = SimVehicle(shipped.signals, clock)
    car.set(SPEED, 80.0)
    car.set(GEAR, 127)
    if speed == "stale":
        car.freeze(SPEED, age_ms=2_001)
    if speed == "missing":
        car.remove(SPEED)
    state = car.state()
    tried = 0
    for spec in shipped.actions.values():
        for parameters in sayings(spec):
            writes = expand(Action(spec.name, parameters), spec, shipped.signals, state)
            for write in () if isinstance(writes, Unexpandable) else writes:
                signal = shipped.signals[write.path]
                unsafe = signal.direction(write.value, state.fresh(write.path, 2_000)) is Direction.UNSAFE
                if unsafe and signal.hazard in SHUT_BY_MOTION:
                    tried += 1
                    assert isinstance(verdict_of(spec, parameters, shipped, state), Refuse), (spec.name, parameters)
    assert tried >= 5


@pytest.mark.parametrize("speed", [0.0, 80.0, 200.0, None])
@pytest.mark.parametrize("rain", [0, 100])
def test_a_safe_direction_action_is_allowed_in_every_car(shipped: Catalogue, speed: float | None, rain: int) -> None:
    clock = FakeClock()
    car = SimVehicle(shipped.signals, clock)
    car.set(GEAR, 127)
    car.set(RAIN, rain)
    if speed is None:
        car.remove(SPEED)
    else:
        car.set(SPEED, speed)
    safe = [spec for spec in shipped.actions.values() if spec.risk == "safe-direction" and spec.writes]
    assert len(safe) >= 10
    for spec in safe:
        for lang in LANGS:
            for example in spec.examples[lang]:
                asked = Request("key", clock.now_ms(), confidence=0.01, seat="passenger")
                action = Action(spec.name, example.parameters)
                verdict = judge(action, spec, shipped.signals, car.state(), asked, Limits(confirm_below=0.9))
                assert isinstance(verdict, Allow), (spec.name, example, verdict)


def test_only_exterior_light_actions_touch_exterior_lights(shipped: Catalogue) -> None:
    for spec in shipped.actions.values():
        for write in spec.writes:
            if shipped.signals[write.signal].hazard is Hazard.EXTERIOR_LIGHT:
                assert spec.domain == "exterior_lights", spec.name


def test_all_lights_never_means_the_headlamps(shipped: Catalogue) -> None:
    for spec in shipped.actions.values():
        touches = any(shipped.signals[write.signal].hazard is Hazard.EXTERIOR_LIGHT for write in spec.writes)
        if not touches:
            continue
        for lists in (spec.phrases, spec.reflex):
            for phrase in lists["zh"]:
                assert not ("所有" in phrase.say and "关" in phrase.say), (spec.name, phrase.say)
            for phrase in lists["en"]:
                assert not ("all" in phrase.say.split() and "off" in phrase.say.split()), (spec.name, phrase.say)
