"""One case with its result, judged by every yardstick once; counting over many cases stands in `figures.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cockpitd.catalogue.values import parameter_validator
from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.eval.cases import Case, Expected
from cockpitd.eval.score import NOTHING, false_actions, matches, meant, same_intents, wrong_way

ResponseClass: TypeAlias = Literal["emergency", "ordinary", "complex"]

NOT_FOR_ME = frozenset({"not_for_me", "out_of_scope", "negated", "question"})
"""Categories of sentences that must not move the car."""

UNTAUGHT = "untaught"
"""Category of sentences for actions added by file alone, which no model was taught; counted apart."""

SILENT = "ASSISTANT_STOP"
"""Its answer is to fall silent."""

MALFORMED = frozenset({"unknown-action", "bad-value"})
"""Reasons of a rejection that are the fault of the form, not of what was said."""

ENVELOPE: Mapping[str, type | tuple[type, ...]] = {
    "action": str,
    "parameters": dict,
    "response": str,
    "confidence": (int, float),
    "requires_confirmation": bool,
}


@dataclass(frozen=True, slots=True)
class Scored:
    """What one case came to; None stands for "this case cannot tell"."""

    case: Case
    expected: Expected
    lang: str
    tier: str
    klass: ResponseClass
    intent: bool
    exact: bool
    """Exactly the expected actions with exactly their parameters (and the verdict, where one is expected)."""
    executed: bool | None
    """The simulated car is as carrying out the expected actions leaves it."""
    valid: bool | None
    """Every action came as a whole, well-formed envelope."""
    answered: bool
    confidence: float | None
    """Of the least certain action."""
    false: tuple[str, ...]
    wrong_way: tuple[str, ...]
    got: tuple[str, ...]
    """Names of the actions taken up."""
    total_ms: float


def scored(case: Case, result: Mapping[str, Any], catalogue: Catalogue) -> Scored | None:
    """Judge one result; None if the case says nothing of what should happen, or could not be run."""
    expected = case.expected
    if expected is None or "error" in result:
        return None
    execution = result.get("execution")
    confidences = [act["confidence"] for act in result["actions"]]
    return Scored(
        case=case,
        expected=expected,
        lang=str(case.lang or result["lang"]),
        tier=str(result["tier"]),
        klass=response_class(tuple(action.name for action in expected.actions), catalogue),
        intent=same_intents(expected, result),
        exact=matches(expected, result),
        executed=None if execution is None else bool(execution["ok"]),
        valid=_valid(result, catalogue),
        answered=bool(result["spoken"]) or SILENT in {action.name for action in expected.actions},
        confidence=min(confidences) if confidences else None,
        false=_false(expected, result, catalogue),
        wrong_way=tuple(wrong_way(expected, result, catalogue)),
        got=tuple(sorted(act["action"] for act in meant(result))),
        total_ms=float(result["timings_ms"]["total"] or 0.0),
    )


def response_class(names: tuple[str, ...], catalogue: Catalogue) -> ResponseClass:
    """The seed's classes of response time: several actions are complex, one for safety is an emergency."""
    if len(names) > 1:
        return "complex"
    spec = catalogue.actions.get(names[0]) if names else None
    return "emergency" if spec is not None and spec.klass == "safety" else "ordinary"


def _false(expected: Expected, result: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, ...]:
    """Actions nobody asked for; a car that moved without a name to blame counts as one, called `?`."""
    names = false_actions(expected, result, catalogue)
    nothing = all(action.name in NOTHING for action in expected.actions)
    moved = nothing and bool(result.get("execution", {}).get("differs"))
    return tuple(names or ["?"] * moved)


def _valid(result: Mapping[str, Any], catalogue: Catalogue) -> bool | None:
    if "llm-malformed" in result["engine_failures"]:
        return False
    acts = result["actions"]
    return all(_well_formed(act, catalogue) for act in acts) if acts else None


def _well_formed(act: Mapping[str, Any], catalogue: Catalogue) -> bool:
    if not all(isinstance(act.get(key), kind) for key, kind in ENVELOPE.items()):
        return False
    if act["action"] not in catalogue.actions or not 0 <= act["confidence"] <= 1:
        return False
    if act["verdict"] == "rejected":  # a temperature of 90 is well said; refusing it is the point
        return act["reason"] not in MALFORMED
    spec = catalogue.actions[act["action"]]
    return act["parameters"].keys() <= spec.properties.keys() and _fits(act["parameters"], spec)


def _fits(parameters: Mapping[str, Any], spec: ActionSpec) -> bool:
    return bool(parameter_validator(spec.parameters).is_valid(parameters))
