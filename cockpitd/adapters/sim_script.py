"""Scripts of the simulated car: what happens to which signal when; reading the file, not playing it.

One event a line, fields apart by spaces or commas, `#` begins a comment, times count from the start of the car:

    0     Vehicle.Speed                                    60
    0     Vehicle.Powertrain.Transmission.SelectedGear     127
    12.5  Vehicle.Speed                                    0
    20    Vehicle.Speed                                    @freeze      # the sensor stops reporting
    25    Vehicle.Cabin.Sunroof.Position                   @lag 500     # moves half a second late
    30    Vehicle.Speed                                    @heal

A value is written as in YAML (`true`, `3.5`, `OFF`; quote it to make it text). `@freeze` stops the reporting,
`@remove` takes the part out of the car, `@error` / `@ignore` / `@silent` / `@lag MILLISECONDS` make writes fail in
that way, `@heal` ends all of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Signal
from cockpitd.errors import ConfigError

COMMANDS = ("freeze", "remove", "error", "ignore", "silent", "lag", "heal")

_LINE = re.compile(r"(?P<at>\S+?)[\s,]+(?P<path>[^\s,]+)[\s,]+(?P<value>.+)")


@dataclass(frozen=True, slots=True)
class ScriptEvent:
    """One line of a script."""

    at_ms: int
    """Milliseconds after the start of the car."""
    path: str
    value: Scalar | None
    """The new value; None when `command` is set."""
    command: str = ""
    """One of `COMMANDS`, or empty."""
    lag_ms: int = 0


def read_script(path: Path, signals: Mapping[str, Signal]) -> tuple[ScriptEvent, ...]:
    """Read a script, in order of time; a line that this car cannot follow is a `ConfigError` naming it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("vehicle-script", f"{path}: cannot be read ({exc}); check vehicle.script") from exc
    events = []
    for number, line in enumerate(lines, start=1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if not text:
            continue
        try:
            events.append(_event(text, signals))
        except (ValueError, yaml.YAMLError) as exc:
            reason = " ".join(str(exc).split())
            raise ConfigError("vehicle-script", f"{path}:{number}: {reason}; write TIME SIGNAL VALUE") from exc
    return tuple(sorted(events, key=lambda event: event.at_ms))


def _event(text: str, signals: Mapping[str, Signal]) -> ScriptEvent:
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} has fewer than three fields")
    at_ms = round(float(match["at"]) * 1000)
    signal = signals.get(match["path"])
    if signal is None:
        raise ValueError(f"this car has no signal {match['path']}")
    if match["value"].startswith("@"):
        return _command(at_ms, signal.path, match["value"][1:].split())
    value = yaml.safe_load(match["value"])
    if not isinstance(value, bool | int | float | str) or not signal.accepts(value):
        raise ValueError(f"{signal.path} cannot be {value!r}")
    return ScriptEvent(at_ms, signal.path, value)


def _command(at_ms: int, path: str, words: list[str]) -> ScriptEvent:
    name, *rest = words or [""]
    if name not in COMMANDS or len(rest) != (name == "lag"):
        raise ValueError(f"@{' '.join(words)} is none of @{', @'.join(COMMANDS)} (lag with milliseconds)")
    return ScriptEvent(at_ms, path, None, name, int(rest[0]) if rest else 0)
