"""What must hold between an action's parameters, its writes and the signals they go to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cockpitd.catalogue.signals import NUMERIC
from cockpitd.catalogue.source import Problem, Source, Where
from cockpitd.catalogue.values import listed, written
from cockpitd.domain.actions import ActionSpec, Write
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import INTEGER_TYPES, Direction, Signal

_NUMBERS = ("integer", "number")


def check_writes(spec: ActionSpec, source: Source, signals: Mapping[str, Signal]) -> Iterator[Problem]:
    """Find what is wrong with the writes and reads of one action."""
    if spec.klass == "query" and spec.writes:
        yield source.problem("query-writes", ("writes",), "a query only reads; make it a command or remove the writes")
    for name, path in spec.reads.items():
        if path not in signals:
            yield source.problem("signal-unknown", ("reads", name), _unknown(path))
    for position, write in enumerate(spec.writes):
        where: Where = ("writes", position)
        found = list(_form(write, spec))
        signal = signals.get(write.signal)
        if signal is None:
            found.append(("signal-unknown", _unknown(write.signal)))
        elif signal.kind != "actuator":
            found.append(("write-sensor", f"{signal.path} is a {signal.kind}; only an actuator can be written"))
        elif not found:
            found.extend(_values(write, spec, signal))
        for code, message in found:
            yield source.problem(code, where, message)


def always_safe(write: Write, spec: ActionSpec, signal: Signal) -> bool:
    """Tell whether every value this write can send moves the signal to its safe state, wherever it stands now."""
    if write.step is not None:
        return _step_is_safe(write, spec.properties.get(write.step, {}), signal)
    if write.parameter is not None:
        values = written(write, spec.properties.get(write.parameter, {})) or ()
    else:
        values = () if write.value is None else (write.value,)
    return bool(values) and all(signal.direction(value, None) is Direction.SAFE for value in values)


def _step_is_safe(write: Write, schema: Mapping[str, Any], signal: Signal) -> bool:
    low, high = schema.get("minimum"), schema.get("maximum")
    start = write.default if isinstance(write.default, int | float) else 0
    if signal.safe == "low":
        return high is not None and high <= 0 and start <= 0
    return signal.safe == "high" and low is not None and low >= 0 and start >= 0


def _unknown(path: str) -> str:
    return f"no signal {path} is declared; add it to `signals:` here or to the shared signal files"


def _form(write: Write, spec: ActionSpec) -> Iterator[tuple[str, str]]:
    kinds = [name for name in ("value", "parameter", "step") if getattr(write, name) is not None]
    if len(kinds) != 1:
        yield "write-form", f"give exactly one of value, parameter, step; here: {', '.join(kinds) or 'none'}"
    if write.map and write.parameter is None:
        yield "write-form", "`map` only goes with `parameter`"
    for name in (write.parameter, write.step, *write.when):
        if name is not None and name not in spec.properties:
            yield "parameter-unknown", f"the parameter {name!r} is not declared; declare it or correct the name"
    for name, values in write.when.items():
        known = listed(spec.properties.get(name, {}))
        for value in values:
            if known is not None and value is not None and value not in known:
                yield "write-when", f"`when` waits for {name} = {value!r}, which it can never be"


def _values(write: Write, spec: ActionSpec, signal: Signal) -> Iterator[tuple[str, str]]:
    if write.value is not None:
        yield from _accepted(signal, (write.value,), "write-value")
    elif write.step is not None:
        yield from _unit(spec.properties[write.step], signal)
        yield from _step(spec.properties[write.step], signal, write.default)
    elif write.parameter is not None:
        yield from _unit(spec.properties[write.parameter], signal) if not write.map else ()
        yield from _parameter(write, spec.properties[write.parameter], signal)


def _unit(schema: Mapping[str, Any], signal: Signal) -> Iterator[tuple[str, str]]:
    said, written_in = schema.get("unit", "none"), signal.unit or "none"
    if schema["type"] in _NUMBERS and said != written_in:
        yield "parameter-unit", f"the parameter counts in {said}, {signal.path} in {written_in}; use one unit"


def _accepted(signal: Signal, values: tuple[Scalar, ...], code: str) -> Iterator[tuple[str, str]]:
    for value in dict.fromkeys(values):
        if not signal.accepts(value):
            yield code, f"{signal.path} does not accept {value!r} ({describe(signal)})"


def _step(schema: Mapping[str, Any], signal: Signal, default: Scalar | None) -> Iterator[tuple[str, str]]:
    if schema["type"] not in _NUMBERS or signal.datatype not in NUMERIC:
        yield "write-step", "a step needs a numeric parameter and a numeric signal"
    elif signal.datatype in INTEGER_TYPES and not _whole(schema):
        yield "write-step", f"{signal.path} takes whole numbers; make the parameter an integer"
    if default is not None and (isinstance(default, bool | str)):
        yield "write-step", f"the default step {default!r} is not a number"


def _parameter(write: Write, schema: Mapping[str, Any], signal: Signal) -> Iterator[tuple[str, str]]:
    possible = listed(schema)
    if possible is not None:
        for key in write.map:
            if key not in {str(value) for value in possible}:
                yield "write-map", f"`map` has {key!r}, which {write.parameter} can never be"
    if write.map:
        yield from _accepted(signal, tuple(write.map.values()), "write-map")
    default = write.map.get(str(write.default), write.default)
    if default is not None and not signal.accepts(default):
        yield from _accepted(signal, (default,), "write-value")
        return
    values = written(write, schema)
    if values is not None:
        code = "parameter-range" if schema["type"] in _NUMBERS and not write.map else "write-map"
        yield from list(_accepted(signal, values, code))[:1]
    elif schema["type"] in _NUMBERS:
        yield from _wide_number(schema, signal)
    elif signal.datatype != "string" or signal.allowed:
        yield "write-map", f"free text cannot be written to {signal.path} ({describe(signal)}); use an enum"


def _wide_number(schema: Mapping[str, Any], signal: Signal) -> Iterator[tuple[str, str]]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if signal.datatype not in NUMERIC:
        yield "write-map", f"a number cannot be written to {signal.path} ({describe(signal)})"
    elif signal.datatype in INTEGER_TYPES and not _whole(schema):
        yield "parameter-range", f"{signal.path} takes whole numbers; make the parameter an integer"
    elif low is not None and high is not None and not (signal.accepts(low) and signal.accepts(high)):
        yield "parameter-range", f"{low} to {high} is wider than {signal.path} ({describe(signal)}); narrow it"


def _whole(schema: Mapping[str, Any]) -> bool:
    multiple = schema.get("multipleOf")
    return schema["type"] == "integer" or (multiple is not None and multiple == int(multiple))


def describe(signal: Signal) -> str:
    """What a signal takes, in a few words."""
    if signal.datatype == "boolean":
        return "true or false"
    if signal.datatype == "string":
        return "one of " + ", ".join(signal.allowed) if signal.allowed else "any text"
    unit = "" if signal.unit in ("", "none") else f" {signal.unit}"
    kind = "whole number " if signal.datatype in INTEGER_TYPES else ""
    if signal.minimum is None and signal.maximum is None:
        return f"any {kind or 'number'}{unit}".rstrip()
    return f"{kind}{_shown(signal.minimum)} to {_shown(signal.maximum)}{unit}"


def _shown(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"
