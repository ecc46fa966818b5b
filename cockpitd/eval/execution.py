"""What the car should look like after a case, and whether the simulated car does; it runs and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cockpitd.domain.actions import Action, Catalogue
from cockpitd.domain.policy import Allow, Limits, Request, judge
from cockpitd.domain.units import Scalar
from cockpitd.domain.vehicle import Reading, VehicleState
from cockpitd.eval.cases import Expected
from cockpitd.eval.score import equal, matches

Values = Mapping[str, Scalar]
"""VSS path -> value."""

UNFORESEEN = frozenset({"ASSISTANT_UNDO", "ASSISTANT_CONFIRM"})
"""They change what an earlier action named, not what their own files say."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The car as it should stand after a case."""

    values: Values
    """Actuators only."""
    allowed: tuple[bool, ...]
    """For each expected action: whether policy lets it be carried out in this car, now."""


def foresee(
    expected: Expected, before: Values, catalogue: Catalogue, confirmed: frozenset[str] = frozenset()
) -> Foreseen:
    """Carry the expected actions out on paper: policy judges each in the state that the one before it leaves.

    `confirmed` names the actions that the driver had said yes to.
    """
    values = dict(before)
    allowed = []
    for wanted in expected.actions:
        spec = catalogue.actions.get(wanted.name)
        if spec is None:
            allowed.append(False)
            continue
        state = VehicleState(0, {path: Reading(value, 0) for path, value in values.items()}, frozenset(values))
        action = Action(wanted.name, wanted.parameters)
        request = Request("foreseen", 0, confirmed=wanted.name in confirmed)
        verdict = judge(action, spec, catalogue.signals, state, request, Limits())
        allowed.append(isinstance(verdict, Allow) and expected.verdict in ("", "allow"))
        if isinstance(verdict, Allow) and allowed[-1]:
            values |= {write.path: write.value for write in verdict.permit.writes}
    return Foreseen(_actuators(values, catalogue), tuple(allowed))


def verify(
    expected: Expected, record: Mapping[str, Any], before: Values, after: Values, catalogue: Catalogue
) -> dict[str, Any]:
    """Compare the car with what was foreseen.

    A change that was asked for is its own proof. Where nothing was to change (a question, already so, refused by
    policy) the right action must have been taken up, and the car must stand as it stood.
    """
    then, now = _actuators(before, catalogue), _actuators(after, catalogue)
    if any(action.name in UNFORESEEN for action in expected.actions):
        return {"ok": matches(expected, record) and _carried_out(expected, record), "differs": []}
    # Policy allows what it would ask about only after a yes, so what it allowed in a dialogue had one.
    confirmed = frozenset(act["action"] for act in record["actions"] if act["verdict"] == "allow")
    foreseen = foresee(expected, before, catalogue, confirmed)
    differs = [path for path, value in foreseen.values.items() if path not in now or not equal(now[path], value)]
    changes = any(not equal(value, then[path]) for path, value in foreseen.values.items() if path in then)
    good = not differs
    if good and not changes:
        good = matches(expected, record) and (not all(foreseen.allowed) or _carried_out(expected, record))
    return {"ok": good, "differs": sorted(differs)}


def _actuators(values: Values, catalogue: Catalogue) -> dict[str, Scalar]:
    signals = catalogue.signals
    return {path: value for path, value in values.items() if path in signals and signals[path].kind == "actuator"}


def _carried_out(expected: Expected, record: Mapping[str, Any]) -> bool:
    done = {act["action"] for act in record["actions"] if act["outcome"] in {"done", "noop"}}
    return all(action.name in done for action in expected.actions)
