"""Comparing what happened with what was expected; pure functions over plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Scalar
from cockpitd.eval.cases import Expected, ExpectedAction

NOTHING = frozenset({"ASSISTANT_NOT_FOR_ME", "ASSISTANT_NOT_SUPPORTED"})
"""Readings that mean "do nothing"; they satisfy an expectation of no action."""

OPPOSITES = {frozenset({"on", "off"}), frozenset({"open", "close"}), frozenset({"up", "down"})}

_TOLERANCE = 1e-6


def meant(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the actions of a record that were really taken up: neither rejected nor a way of saying "nothing"."""
    return [act for act in record["actions"] if act["verdict"] != "rejected" and act["action"] not in NOTHING]


def matches(expected: Expected, record: Mapping[str, Any]) -> bool:
    """Tell whether exactly the expected actions with exactly their parameters came out, in any order."""
    found = meant(record)
    explicit = {action.name for action in expected.actions} & NOTHING
    found += [act for act in record["actions"] if act["action"] in explicit and act["verdict"] != "rejected"]
    if len(found) != len(expected.actions):
        return False
    left = list(found)
    for action in expected.actions:
        hit = next((act for act in left if _same(action, act)), None)
        if hit is None or (expected.verdict and hit["verdict"] != expected.verdict):
            return False
        left.remove(hit)
    return True


def same_intents(expected: Expected, record: Mapping[str, Any]) -> bool:
    """Tell whether the expected action names came out, whatever their parameters."""
    wanted = sorted(action.name for action in expected.actions if action.name not in NOTHING)
    return wanted == sorted(act["action"] for act in meant(record))


def false_actions(expected: Expected, record: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    """Names of actions that changed the car although nobody asked for them."""
    wanted = {action.name for action in expected.actions}
    return [
        act["action"]
        for act in record["actions"]
        if act["outcome"] == "done" and act["action"] not in wanted and _actuates(act["action"], catalogue)
    ]


def wrong_way(expected: Expected, record: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    """Names of false actions that did the opposite of what was asked: same actuators, opposite polarity."""
    out = []
    for name in false_actions(expected, record, catalogue):
        spec = catalogue.actions[name]
        touched = {write.signal for write in spec.writes}
        for action in expected.actions:
            other = catalogue.actions.get(action.name)
            if other is None or frozenset({spec.polarity, other.polarity}) not in OPPOSITES:
                continue
            if touched & {write.signal for write in other.writes}:
                out.append(name)
    return out


def character_errors(reference: str, heard: str) -> tuple[int, int]:
    """Edit distance and reference length in characters, punctuation, case and spaces aside (CER = first / second)."""
    left, right = _letters(reference), _letters(heard)
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1], len(left)


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _actuates(name: str, catalogue: Catalogue) -> bool:
    spec = catalogue.actions.get(name)
    return spec is not None and bool(spec.writes)


def _same(action: ExpectedAction, act: Mapping[str, Any]) -> bool:
    given: Mapping[str, Scalar] = act["parameters"]
    return (
        action.name == act["action"]
        and action.parameters.keys() == given.keys()
        and all(equal(value, given[name]) for name, value in action.parameters.items())
    )


def equal(left: Scalar, right: Scalar) -> bool:
    """Tell whether two values are the same, letter case, outer spaces and rounding aside."""
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().casefold() == right.strip().casefold()
    if isinstance(left, bool | str) or isinstance(right, bool | str):
        return left == right
    return abs(left - right) <= _TOLERANCE


def executed(records: Sequence[Mapping[str, Any]]) -> int:
    """Count actions carried out."""
    return sum(act["outcome"] == "done" for record in records for act in record["actions"])
