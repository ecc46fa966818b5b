"""One bad file per check: each must be found, with its own code, and nothing else be said of it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from cockpitd import catalogue
from tests.catalogue.samples import (
    FAN,
    FAN_ACTION,
    HEADLAMP,
    LAMP,
    LIGHT_ACTION,
    SIGNALS,
    SPEED,
    fan,
    light,
    write_catalogue,
)


def codes(tmp_path: Path, *actions: dict[str, Any] | str, signals: dict[str, Any] | None = None) -> list[str]:
    schemas = write_catalogue(tmp_path, *actions, signals=signals)
    found = catalogue.examine(schemas, phrases=True).problems
    return [problem.code.removeprefix("catalogue-") for problem in found]


def parameters(**changes: Any) -> dict[str, Any]:
    """The fan's parameters with keys of `level` replaced (None: removed)."""
    made: dict[str, Any] = deepcopy(FAN_ACTION["parameters"])
    level = {**made["properties"]["level"], **changes}
    made["properties"]["level"] = {key: value for key, value in level.items() if value is not None}
    return made


def seat(**changes: Any) -> dict[str, Any]:
    """The fan's parameters with keys of `seat` replaced."""
    made: dict[str, Any] = deepcopy(FAN_ACTION["parameters"])
    made["properties"]["seat"].update(changes)
    return made


def write(**changes: Any) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in {"signal": FAN, "parameter": "level", **changes}.items() if value is not None}
    ]


def replies(base: dict[str, Any], lang: str, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = deepcopy(base["replies"])
    made[lang] = {key: value for key, value in {**made[lang], **changes}.items() if value is not None}
    return made


def signal(path: str, **changes: Any) -> dict[str, Any]:
    changed = {**SIGNALS["signals"][path], **changes}
    return {path: {key: value for key, value in changed.items() if value is not None}}


def test_the_samples_are_without_fault(tmp_path: Path) -> None:
    assert codes(tmp_path, fan(), light()) == []


NAMES = FAN_ACTION["parameters"]["properties"]["seat"]["names"]
ONE_LANGUAGE = {**NAMES, "all": {"zh": ["全车"]}}
STEP_UP = {
    "type": "object",
    "properties": {"by": {"type": "integer", "minimum": -100, "maximum": 100, "unit": "percent"}},
}

BAD_ACTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("name in lower case", "action-name", fan(action="fan_set")),
    ("name of one word", "action-name", fan(action="FAN")),
    ("ttl too long", "ttl", fan(ttl_ms=3_600_000)),
    ("ttl not whole", "ttl", fan(ttl_ms=1.5)),
    ("unknown key", "unknown-key", fan(colour="red")),
    ("unknown key in a write", "unknown-key", fan(writes=write(unit="percent"))),
    ("missing key", "missing-key", fan(risk=None)),
    ("unknown class", "schema", fan(**{"class": "order"})),
    ("title in one language", "language-missing", fan(title={"zh": "风量"})),
    ("phrases in one language", "language-missing", fan(phrases={"zh": ["风量{level}"]})),
    ("examples in one language", "language-missing", fan(examples={"zh": FAN_ACTION["examples"]["zh"]})),
    ("enum value named in one language", "language-missing", fan(parameters=seat(names=ONE_LANGUAGE))),
    ("no phrase at all", "phrase-missing", fan(phrases={"zh": [], "en": ["fan {level}"]})),
    ("unknown signal written", "signal-unknown", fan(writes=write(signal="Vehicle.Cabin.Nope"))),
    ("unknown signal read", "signal-unknown", fan(reads={"speed": "Vehicle.Nope"})),
    ("write to a sensor", "write-sensor", fan(writes=write(signal=SPEED))),
    ("write of two kinds", "write-form", fan(writes=write(value=3))),
    ("write of no kind", "write-form", fan(writes=write(parameter=None))),
    ("map without parameter", "write-form", light(writes=[{"signal": HEADLAMP, "value": True, "map": {"a": True}}])),
    ("undeclared parameter written", "parameter-unknown", fan(writes=write(parameter="strength"))),
    ("undeclared parameter in when", "parameter-unknown", fan(writes=write(when={"side": ["left"]}))),
    (
        "undeclared parameter in a phrase",
        "parameter-unknown",
        fan(phrases={"zh": ["风量{wind}"], "en": ["fan {level}"]}),
    ),
    (
        "undeclared parameter required",
        "parameter-unknown",
        fan(parameters={**parameters(), "required": ["level", "x"]}),
    ),
    ("when waits for what cannot be", "write-when", fan(writes=write(when={"seat": ["boot"]}))),
    (
        "constant not accepted",
        "write-value",
        light(
            writes=[{"signal": HEADLAMP, "value": 1}],
            reflex=None,
            risk="guarded",
            phrases={"zh": ["开灯"], "en": ["lights on"]},
            replies={lang: {**LIGHT_ACTION["replies"][lang], "confirm": ["?"]} for lang in ("zh", "en")},
        ),
    ),
    ("default not accepted", "write-value", fan(writes=write(default=300))),
    ("range wider than the signal", "parameter-range", fan(parameters=parameters(maximum=150))),
    ("wide range wider than the signal", "parameter-range", fan(parameters=parameters(maximum=5000))),
    ("no range", "parameter-range", fan(parameters=parameters(maximum=None))),
    (
        "range upside down",
        "parameter-range",
        fan(
            parameters=parameters(minimum=90, maximum=10),
            examples={lang: [{"say": "x", "parameters": {"level": 50}}] for lang in ("zh", "en")},
            writes=None,
            **{"class": "chat"},
        ),
    ),
    ("halves for whole numbers", "parameter-range", fan(parameters=parameters(type="number"))),
    (
        "endless text",
        "parameter-range",
        fan(
            parameters={"type": "object", "properties": {"song": {"type": "string"}}},
            writes=None,
            follow_ups=None,
            phrases={"zh": ["唱{song}"], "en": ["sing {song}"]},
            examples=LIGHT_ACTION["examples"],
        ),
    ),
    ("another unit", "parameter-unit", fan(parameters=parameters(unit="degrees"))),
    (
        "map with an unknown value",
        "write-map",
        fan(writes=write(parameter="seat", map={"driver": 1, "all": 2, "boot": 3})),
    ),
    ("map to what is not accepted", "write-map", fan(writes=write(parameter="seat", map={"driver": 1, "all": 200}))),
    ("map that leaves a value out", "write-map", fan(writes=write(parameter="seat", map={"driver": 1}))),
    ("text for a number", "write-map", fan(writes=write(parameter="seat"))),
    ("step by text", "write-step", fan(writes=write(parameter=None, step="seat"))),
    (
        "step of a switch",
        "write-step",
        fan(writes=write(signal=LAMP, parameter=None, step="level"), parameters=parameters(unit="none")),
    ),
    ("enum value without names", "enum-names", fan(parameters=seat(enum=["driver", "all", "rear"]))),
    ("names without enum value", "enum-names", fan(parameters=seat(enum=["driver"]), writes=write(when=None))),
    (
        "one word for two values",
        "enum-names",
        fan(
            parameters=seat(
                names={"driver": {"zh": ["主驾"], "en": ["driver"]}, "all": {"zh": ["主驾"], "en": ["all"]}}
            )
        ),
    ),
    (
        "invalid parameter schema",
        "parameter-schema",
        fan(
            parameters={"type": "object", "properties": {"level": {"type": "string", "maxLength": 5, "pattern": "("}}},
            phrases={"zh": ["{level}"], "en": ["{level}"]},
            writes=None,
        ),
    ),
    (
        "example out of range",
        "example-parameters",
        fan(examples={**FAN_ACTION["examples"], "en": [{"say": "x", "parameters": {"level": 500}}]}),
    ),
    (
        "example with an unknown parameter",
        "example-parameters",
        fan(examples={**FAN_ACTION["examples"], "en": [{"say": "x", "parameters": {"level": 5, "hue": 1}}]}),
    ),
    (
        "example without a required parameter",
        "example-parameters",
        fan(examples={**FAN_ACTION["examples"], "en": [{"say": "x"}]}),
    ),
    ("phrase does not parse", "phrase-syntax", fan(phrases={"zh": ["[风量{level}"], "en": ["fan {level}"]})),
    ("phrase that matches silence", "phrase-syntax", fan(phrases={"zh": ["[风量][{level}]"], "en": ["fan {level}"]})),
    (
        "phrase sets an unknown parameter",
        "phrase-set",
        fan(phrases={"zh": [{"say": "大风", "set": {"wind": 3}}], "en": ["fan {level}"]}),
    ),
    (
        "phrase sets a bad value",
        "phrase-set",
        fan(phrases={"zh": [{"say": "大风", "set": {"level": 101}}], "en": ["fan {level}"]}),
    ),
    (
        "phrase sets what it also hears",
        "phrase-set",
        fan(phrases={"zh": [{"say": "风{level}", "set": {"level": 1}}], "en": ["fan {level}"]}),
    ),
    ("follow-ups without topic", "follow-up-topic", fan(topic=None)),
    ("no answer for done", "reply-missing", fan(replies=replies(FAN_ACTION, "en", done=None))),
    ("no answer for failed", "reply-missing", fan(replies=replies(FAN_ACTION, "en", failed=None))),
    (
        "no question though it must be confirmed",
        "reply-missing",
        fan(confirm=True, replies=replies(FAN_ACTION, "zh", confirm=["?"])),
    ),
    (
        "no question for a guarded action",
        "reply-missing",
        fan(risk="guarded", replies=replies(FAN_ACTION, "zh", confirm=["?"])),
    ),
    ("no question for the missing parameter", "reply-missing", fan(replies=replies(FAN_ACTION, "zh", clarify=None))),
    ("reply with a slot nobody fills", "reply-slot", fan(replies=replies(FAN_ACTION, "en", done=["fan at {wind}"]))),
    (
        "reply that looks at an unknown value",
        "reply-slot",
        fan(replies=replies(FAN_ACTION, "en", done=[{"say": "x", "when": {"wind": 1}}])),
    ),
    (
        "reply that needs what may be absent",
        "reply-fallback",
        fan(replies=replies(FAN_ACTION, "en", done=["{seat} fan on"])),
    ),
    ("unknown outcome", "schema", fan(replies=replies(FAN_ACTION, "en", finished=["x"]))),
    ("query that writes", "query-writes", fan(**{"class": "query"})),
    ("reflex with a slot", "reflex-slot", fan(reflex={"zh": ["风{level}"], "en": []}, **{"class": "safety"})),
    ("reflex for a write that is not constant", "reflex-unsafe", fan(reflex={"zh": ["吹风"], "en": []})),
    (
        "reflex for what has no safe state",
        "reflex-unsafe",
        light(risk="reversible", writes=[{"signal": LAMP, "value": True}]),
    ),
    (
        "lights off called safe",
        "risk-not-safe",
        light(
            reflex=None, phrases={"zh": ["关灯"], "en": ["lights off"]}, writes=[{"signal": HEADLAMP, "value": False}]
        ),
    ),
    ("any direction called safe", "risk-not-safe", fan(risk="safe-direction")),
    (
        "step of both signs called safe",
        "risk-not-safe",
        fan(
            risk="safe-direction",
            parameters=STEP_UP,
            follow_ups=None,
            writes=[{"signal": FAN, "step": "by"}],
            phrases={"zh": ["风{by}"], "en": ["fan {by}"]},
            examples=LIGHT_ACTION["examples"],
        ),
    ),
]


@pytest.mark.parametrize(("code", "action"), [row[1:] for row in BAD_ACTIONS], ids=[row[0] for row in BAD_ACTIONS])
def test_a_bad_action_is_found(tmp_path: Path, code: str, action: dict[str, Any]) -> None:
    assert set(codes(tmp_path, action)) == {code}


BAD_SIGNALS: list[tuple[str, str, dict[str, Any]]] = [
    ("numeric actuator without unit", "actuator-unit", signal(FAN, unit=None)),
    ("numeric actuator without range", "actuator-range", signal(FAN, max=None)),
    ("actuator without hazard", "actuator-hazard", signal(FAN, hazard=None)),
    ("actuator without safe state", "actuator-safe", signal(FAN, safe=None)),
    ("dangerous actuator that calls everything safe", "actuator-safe", signal(FAN, hazard="window")),
    ("safe state it cannot have", "actuator-safe", signal(FAN, safe=101)),
    ("one of the safe states it cannot have", "actuator-safe", signal(FAN, safe=[0, 101])),
    (
        "dangerous text actuator without a list",
        "actuator-range",
        signal(FAN, datatype="string", min=None, max=None, hazard="driving", safe="none", initial="ECO"),
    ),
    ("range upside down", "signal-range", signal(SPEED, min=300)),
    ("range beyond the type", "signal-range", signal(FAN, max=300)),
    ("range of a switch", "signal-range", signal(LAMP, min=0)),
    ("list of a number", "signal-range", signal(SPEED, allowed=["fast"])),
    ("initial value out of range", "signal-initial", signal(FAN, initial=200)),
    ("initial value of another type", "signal-initial", signal(LAMP, initial="OFF")),
    ("branch that VSS lacks", "signal-vss", {"Vehicle.Kitchen.IsOn": SIGNALS["signals"][LAMP]}),
    ("switch not named as VSS does", "signal-vss", {"Vehicle.Cabin.Lamp": SIGNALS["signals"][LAMP]}),
    ("title in one language", "language-missing", signal(SPEED, title={"zh": "车速"})),
    ("path in lower case", "schema", {"vehicle.speed": SIGNALS["signals"][SPEED]}),
]


@pytest.mark.parametrize(("code", "signals"), [row[1:] for row in BAD_SIGNALS], ids=[row[0] for row in BAD_SIGNALS])
def test_a_bad_signal_is_found(tmp_path: Path, code: str, signals: dict[str, Any]) -> None:
    assert set(codes(tmp_path, signals=signals)) == {code}


@pytest.mark.parametrize("safe", [0, [0, 10], "low", "high", "none"])
def test_a_dangerous_actuator_may_name_its_safe_state(tmp_path: Path, safe: Any) -> None:
    assert codes(tmp_path, signals=signal(FAN, hazard="window", safe=safe)) == []


def test_an_overlay_path_need_not_be_in_vss(tmp_path: Path) -> None:
    assert codes(tmp_path, signals={"Vehicle.Kitchen.Lamp": {**SIGNALS["signals"][LAMP], "overlay": True}}) == []


def test_the_same_signal_twice_alike_is_fine(tmp_path: Path) -> None:
    assert codes(tmp_path, fan(signals=signal(FAN))) == []


def test_the_same_signal_declared_differently_is_found(tmp_path: Path) -> None:
    assert codes(tmp_path, fan(signals=signal(FAN, max=90))) == ["signal-twice"]


def test_the_same_action_twice_is_found(tmp_path: Path) -> None:
    assert codes(tmp_path, fan(), fan()) == ["action-twice"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("action: [", "yaml", "check quotes"),
        ("just words", "yaml", "keys and values"),
        ("action: A_B\naction: A_C\n", "yaml", "'action' stands twice"),
        ("action: A_B\npolarity: on\n", "yaml-boolean", "quote"),
        ("action: A_B\nwrites: [{signal: X, parameter: p, map: {on: ON}}]\n", "yaml-boolean", "quote"),
        (
            "action: A_B\nparameters: {type: object, properties: {p: {type: string, enum: [on, off]}}}",
            "yaml-boolean",
            "quote",
        ),
    ],
)
def test_what_yaml_makes_of_it_is_explained(tmp_path: Path, text: str, code: str, said: str) -> None:
    found = catalogue.examine(write_catalogue(tmp_path, text)).problems
    matching = [problem.message for problem in found if problem.code == f"catalogue-{code}"]
    assert matching
    assert said in matching[0]


def test_whole_number_keys_of_a_map_are_meant(tmp_path: Path) -> None:
    text = f"""
action: FAN_LEVEL
title: {{zh: 档, en: gear}}
class: command
risk: reversible
ttl_ms: 4000
parameters: {{type: object, properties: {{gear: {{type: integer, minimum: 1, maximum: 2}}}}}}
writes: [{{signal: {FAN}, parameter: gear, map: {{1: 50, 2: 100}}}}]
phrases: {{zh: ["风{{gear}}档"], en: ["fan gear {{gear}}"]}}
replies:
  zh: {{done: [好], noop: [好], refused: [不], failed: [坏]}}
  en: {{done: [ok], noop: [ok], refused: ["no"], failed: [bad]}}
examples: {{zh: [{{say: 一档}}], en: [{{say: first gear}}]}}
"""
    assert codes(tmp_path, text) == []


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    schemas = write_catalogue(tmp_path, fan())
    (schemas / "actions" / "test" / "broken.yaml").write_bytes(b"\xff\xfe\x00")
    assert [problem.code for problem in catalogue.examine(schemas).problems] == ["catalogue-unreadable"]


def test_metres_may_be_said_as_kilometres(tmp_path: Path) -> None:
    metres = {"Vehicle.Cabin.Infotainment.Navigation.Rest": {**SIGNALS["signals"][SPEED], "unit": "m"}}
    query = fan(
        reads={"rest": "Vehicle.Cabin.Infotainment.Navigation.Rest"},
        replies=replies(FAN_ACTION, "en", done=["{rest_km} kilometres"]),
    )
    assert codes(tmp_path / "good", query, signals=metres) == []
    assert codes(tmp_path / "bad", fan(replies=replies(FAN_ACTION, "en", done=["{speed_km} km"]))) == ["reply-slot"]


def test_a_text_that_is_read_may_be_empty_and_needs_another_answer(tmp_path: Path) -> None:
    text = {
        "Vehicle.Cabin.Song": {
            "datatype": "string",
            "kind": "sensor",
            "initial": "",
            "title": {"zh": "歌", "en": "song"},
        }
    }
    query = fan(reads={"song": "Vehicle.Cabin.Song"}, replies=replies(FAN_ACTION, "en", done=["it is {song}"]))
    assert codes(tmp_path / "bad", query, signals=text) == ["reply-fallback"]
    query = fan(reads={"song": "Vehicle.Cabin.Song"}, replies=replies(FAN_ACTION, "en", done=["it is {song}", "done"]))
    assert codes(tmp_path / "good", query, signals=text) == []


def test_a_question_may_depend_on_what_is_missing(tmp_path: Path) -> None:
    asks = [{"say": "How strong?", "when": {"missing": "level"}}]
    assert codes(tmp_path / "good", fan(replies=replies(FAN_ACTION, "en", clarify=asks))) == []
    assert codes(tmp_path / "bad", fan(replies=replies(FAN_ACTION, "en", done=asks))) == ["reply-slot"]
