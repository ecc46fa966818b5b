"""Loading the catalogue: what a good set of files becomes, and how a bad one is reported."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cockpitd import catalogue
from cockpitd.domain.actions import Action, expand
from cockpitd.domain.vehicle import Actuation, Hazard, VehicleState
from cockpitd.errors import CatalogueError
from tests.catalogue.samples import FAN, HEADLAMP, SPEED, fan, light, write_catalogue


def test_a_good_set_becomes_a_catalogue(tmp_path: Path) -> None:
    found = catalogue.load(write_catalogue(tmp_path, fan(), light()))
    assert set(found.actions) == {"FAN_SET", "HEADLAMPS_ON"}
    spec = found.actions["FAN_SET"]
    assert (spec.domain, spec.klass, spec.ttl_ms, spec.topic) == ("test", "command", 4000, "fan")
    assert spec.readback
    assert not spec.confirm
    assert spec.names("seat", "driver", "zh") == ("主驾", "驾驶位")
    assert spec.reads == {"speed": SPEED}
    assert found.signals[HEADLAMP].hazard is Hazard.EXTERIOR_LIGHT
    state = VehicleState(0, {}, frozenset({FAN}))
    assert expand(Action("FAN_SET", {"level": 30}), spec, found.signals, state) == (Actuation(FAN, 30),)


def test_parameters_that_no_file_declares_are_never_accepted(tmp_path: Path) -> None:
    spec = catalogue.load(write_catalogue(tmp_path, fan())).actions["FAN_SET"]
    validator = catalogue.parameter_validator(spec.parameters)
    assert validator.is_valid({"level": 3})
    assert not validator.is_valid({"level": 3, "invented": 1})


@pytest.mark.parametrize(("value", "good"), [(101.1, True), (87.5, True), (101.15, False), (100, True)])
def test_steps_of_a_tenth_are_counted_in_decimals(value: float, good: bool) -> None:
    schema = {"type": "object", "properties": {"mhz": {"type": "number", "multipleOf": 0.1}}}
    assert catalogue.parameter_validator(schema).is_valid({"mhz": value}) is good


def test_a_loaded_catalogue_cannot_be_changed(tmp_path: Path) -> None:
    found = catalogue.load(write_catalogue(tmp_path, fan()))
    with pytest.raises(TypeError):
        found.actions["OTHER"] = found.actions["FAN_SET"]  # type: ignore[index]
    with pytest.raises(TypeError):
        del found.signals[FAN]  # type: ignore[attr-defined]


def test_an_extra_directory_adds_actions_with_signals_of_their_own(tmp_path: Path) -> None:
    schemas = write_catalogue(tmp_path / "builtin", fan())
    extra = tmp_path / "massage"
    extra.mkdir()
    (extra / "seat.yaml").write_text(
        """
action: MASSAGE_ON
title: {zh: 座椅按摩, en: massage}
class: command
risk: reversible
ttl_ms: 4000
signals:
  Vehicle.Cabin.Seat.Row1.DriverSide.IsMassageOn:
    {datatype: boolean, kind: actuator, hazard: comfort, safe: any, initial: false, overlay: true,
     title: {zh: 按摩, en: massage}}
writes: [{signal: Vehicle.Cabin.Seat.Row1.DriverSide.IsMassageOn, value: true}]
phrases: {zh: [打开按摩], en: [massage my back]}
replies:
  zh: {done: [好], noop: [已经开了], refused: [不行], failed: [失败]}
  en: {done: [ok], noop: [it is on], refused: ["no"], failed: [failed]}
examples: {zh: [{say: 背有点酸}], en: [{say: my back hurts}]}
""",
        encoding="utf-8",
    )
    found = catalogue.load(schemas, [extra])
    assert found.actions["MASSAGE_ON"].domain == "massage"
    assert "Vehicle.Cabin.Seat.Row1.DriverSide.IsMassageOn" in found.signals


def test_the_first_problem_is_raised_and_the_others_are_counted(tmp_path: Path) -> None:
    schemas = write_catalogue(tmp_path, fan(ttl_ms=1), light(ttl_ms=2))
    with pytest.raises(CatalogueError) as caught:
        catalogue.load(schemas)
    assert caught.value.code == "catalogue-ttl"
    assert "action0.yaml:" in caught.value.message
    assert "ttl_ms: 1 must be a whole number of milliseconds from 500 to 60000" in caught.value.message
    assert "1 more" in caught.value.message


def test_a_bad_file_does_not_hide_the_good_ones(tmp_path: Path) -> None:
    examined = catalogue.examine(write_catalogue(tmp_path, fan(ttl_ms=1), light()))
    assert set(examined.catalogue.actions) == {"HEADLAMPS_ON"}
    assert [problem.code for problem in examined.problems] == ["catalogue-ttl"]


def test_a_problem_names_the_line(tmp_path: Path) -> None:
    schemas = write_catalogue(
        tmp_path, fan(writes=[{"signal": FAN, "value": 30}, {"signal": "Vehicle.Nope", "value": 1}])
    )
    (problem,) = catalogue.examine(schemas).problems
    lines = (schemas / "actions" / "test" / "action0.yaml").read_text(encoding="utf-8").splitlines()
    assert problem.code == "catalogue-signal-unknown"
    assert "Vehicle.Nope" in lines[problem.line - 1]


def test_a_missing_extra_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue.load(write_catalogue(tmp_path, fan()), [tmp_path / "nowhere"])
    assert caught.value.code == "catalogue-directory"


def test_a_missing_reply_file_is_a_problem(tmp_path: Path) -> None:
    schemas = write_catalogue(tmp_path, fan())
    (schemas / "replies.yaml").unlink()
    assert [problem.code for problem in catalogue.examine(schemas).problems] == ["catalogue-unreadable"]


def test_a_missing_shared_reply_is_a_problem(tmp_path: Path) -> None:
    schemas = write_catalogue(tmp_path, fan())
    text = (schemas / "replies.yaml").read_text(encoding="utf-8").replace("not-parked", "not-stopped")
    (schemas / "replies.yaml").write_text(text, encoding="utf-8")
    assert [problem.code for problem in catalogue.examine(schemas).problems] == ["catalogue-reply-missing"] * 2


def test_a_missing_meta_schema_is_said(tmp_path: Path) -> None:
    schemas = write_catalogue(tmp_path, fan())
    (schemas / "action.schema.json").unlink()
    with pytest.raises(CatalogueError) as caught:
        catalogue.examine(schemas)
    assert caught.value.code == "catalogue-meta-schema"


def test_loading_eighty_actions_is_quick(tmp_path: Path) -> None:
    actions = [fan(action=f"FAN_SET_{number}") for number in range(80)]
    schemas = write_catalogue(tmp_path, *actions)
    began = time.process_time()
    assert len(catalogue.load(schemas).actions) == 80
    assert time.process_time() - began < 1.5
