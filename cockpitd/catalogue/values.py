"""Which values a parameter can have and whether one fits; used by the checks and by grounding, knows no signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from cockpitd.domain.actions import Write
from cockpitd.domain.units import Scalar

_MOST = 256
"""A number with more values than this is judged by its ends."""


def _multiple_of(_: Any, step: Any, value: Any, __: Any) -> Iterator[ValidationError]:  # noqa: ANN401 (jsonschema's signature)
    """Count in decimals: for binary floats 101.1 is no multiple of 0.1, for a radio it is."""
    if isinstance(value, int | float) and not isinstance(value, bool) and Decimal(str(value)) % Decimal(str(step)):
        yield ValidationError(f"{value!r} is not a multiple of {step}")


_Validator = validators.extend(Draft202012Validator, {"multipleOf": _multiple_of})  # type: ignore[no-untyped-call]


def parameter_validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Make the validator of an action's parameters; every check of parameters must use this one."""
    made: Draft202012Validator = _Validator(schema)
    return made


def listed(schema: Mapping[str, Any]) -> tuple[Scalar, ...] | None:
    """All values of an enum, a boolean or a small whole-number range; None when there are too many to list."""
    if "enum" in schema:
        return tuple(schema["enum"])
    if schema.get("type") == "boolean":
        return (True, False)
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("type") == "integer" and low is not None and high is not None and high - low < _MOST:
        return tuple(range(int(low), int(high) + 1))
    return None


def applying(write: Write, parameter: str, values: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """Those of `values` for which the write's own `when` lets it happen."""
    allowed = write.when.get(parameter)
    return values if allowed is None else tuple(value for value in values if value in allowed)


def written(write: Write, schema: Mapping[str, Any]) -> tuple[Scalar, ...] | None:
    """Every value that a parameter write can send to its signal; None when they cannot be listed."""
    if write.parameter is None:
        return None
    values = listed(schema)
    if values is None:
        return None
    given = applying(write, write.parameter, values)
    extra = () if write.default is None else (write.default,)
    return tuple(write.map.get(str(value), value) for value in (*given, *extra))
