"""A tiny catalogue on disk that is right in everything, for tests that then spoil one thing of it."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from cockpitd import paths
from cockpitd.catalogue.replies import SHARED_CODES
from cockpitd.catalogue.schema import NAMES

LAMP = "Vehicle.Cabin.Lights.IsDomeOn"
HEADLAMP = "Vehicle.Body.Lights.Beam.Low.IsOn"
FAN = "Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed"
SPEED = "Vehicle.Speed"

SIGNALS: dict[str, Any] = {
    "signals": {
        SPEED: {
            "datatype": "float", "kind": "sensor", "unit": "km/h", "min": 0, "max": 250, "initial": 0.0,
            "title": {"zh": "车速", "en": "speed"},
        },
        LAMP: {
            "datatype": "boolean", "kind": "actuator", "hazard": "comfort", "safe": "any", "initial": False,
            "title": {"zh": "车内灯", "en": "dome light"},
        },
        HEADLAMP: {
            "datatype": "boolean", "kind": "actuator", "hazard": "exterior-light", "safe": True, "initial": False,
            "title": {"zh": "近光灯", "en": "headlamps"},
        },
        FAN: {
            "datatype": "uint8", "kind": "actuator", "unit": "percent", "min": 0, "max": 100, "hazard": "comfort",
            "safe": "any", "initial": 40, "title": {"zh": "风量", "en": "fan"},
        },
    }
}  # fmt: skip

FAN_ACTION: dict[str, Any] = {
    "action": "FAN_SET",
    "title": {"zh": "风量", "en": "fan"},
    "class": "command",
    "risk": "reversible",
    "ttl_ms": 4000,
    "topic": "fan",
    "parameters": {
        "type": "object",
        "properties": {
            "level": {"type": "integer", "minimum": 0, "maximum": 100, "unit": "percent"},
            "seat": {
                "type": "string",
                "enum": ["driver", "all"],
                "names": {
                    "driver": {"zh": ["主驾", "驾驶位"], "en": ["driver"]},
                    "all": {"zh": ["全车"], "en": ["whole car"]},
                },
            },
        },
        "required": ["level"],
    },
    "writes": [{"signal": FAN, "parameter": "level", "when": {"seat": [None, "driver", "all"]}}],
    "reads": {"speed": SPEED},
    "phrases": {"zh": ["[{seat}]风量[调到]{level}"], "en": ["fan [at] {level}"]},
    "follow_ups": {"zh": ["改成{level}"], "en": ["make it {level}"]},
    "replies": {
        lang: {outcome: [f"{outcome} {lang}"] for outcome in ("done", "noop", "refused", "failed", "clarify")}
        for lang in ("zh", "en")
    },
    "examples": {
        "zh": [{"say": "风量开到三十", "parameters": {"level": 30}}],
        "en": [{"say": "blow at thirty", "parameters": {"level": 30}}],
    },
}

LIGHT_ACTION: dict[str, Any] = {
    "action": "HEADLAMPS_ON",
    "title": {"zh": "开大灯", "en": "headlamps on"},
    "class": "command",
    "risk": "safe-direction",
    "ttl_ms": 4000,
    "writes": [{"signal": HEADLAMP, "value": True}],
    "reflex": {"zh": ["开灯"], "en": ["lights on"]},
    "replies": {
        lang: {outcome: [f"{outcome} {lang}"] for outcome in ("done", "noop", "refused", "failed")}
        for lang in ("zh", "en")
    },
    "examples": {"zh": [{"say": "太暗了"}], "en": [{"say": "it is dark"}]},
}


def fan(**changes: Any) -> dict[str, Any]:
    """The fan action with some top-level keys replaced (None: removed)."""
    return _changed(FAN_ACTION, changes)


def light(**changes: Any) -> dict[str, Any]:
    """The headlamp action with some top-level keys replaced (None: removed)."""
    return _changed(LIGHT_ACTION, changes)


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in deepcopy({**base, **changes}).items() if value is not None}


def write_catalogue(root: Path, *actions: dict[str, Any] | str, signals: dict[str, Any] | None = None) -> Path:
    """Write `schemas/` with these actions (as data or as YAML text) and return it."""
    schemas = root / "schemas"
    folder = schemas / "actions" / "test"
    folder.mkdir(parents=True)
    for name in NAMES:
        (schemas / name).write_bytes((paths.schemas_dir() / name).read_bytes())
    _dump(schemas / "signals.yaml", {"signals": {**SIGNALS["signals"], **(signals or {})}})
    _dump(schemas / "replies.yaml", {"replies": {lang: dict.fromkeys(SHARED_CODES, "…") for lang in ("zh", "en")}})
    for position, action in enumerate(actions):
        path = folder / f"action{position}.yaml"
        if isinstance(action, str):
            path.write_text(action, encoding="utf-8")
        else:
            _dump(path, action)
    return schemas


def _dump(path: Path, data: Any) -> None:
    # Through JSON, so that shared parts do not become YAML anchors.
    plain = json.loads(json.dumps(data))
    path.write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), encoding="utf-8")
