"""Action execution is proven by the state of the car, not by what the flow says of itself."""

from __future__ import annotations

from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Scalar
from cockpitd.eval.cases import Expected, ExpectedAction
from cockpitd.eval.execution import foresee, verify

AC, TRUNK, SPEED = "Vehicle.Cabin.HVAC.IsOn", "Vehicle.Body.Trunk.Rear.IsOpen", "Vehicle.Speed"
ON = Expected((ExpectedAction("CLIMATE_ON", {}),))


def car(catalogue: Catalogue, **changed: Scalar) -> dict[str, Scalar]:
    names = {"ac": AC, "trunk": TRUNK, "speed": SPEED}
    return {path: signal.initial for path, signal in catalogue.signals.items()} | {
        names[name]: value for name, value in changed.items()
    }


def record(name: str = "", verdict: str = "allow", outcome: str = "done") -> dict[str, Any]:
    act = {"action": name, "parameters": {}, "verdict": verdict, "outcome": outcome}
    return {"actions": [act] if name else []}


def test_the_change_asked_for_is_proof(catalogue: Catalogue) -> None:
    off, on = car(catalogue, ac=False), car(catalogue, ac=True)
    assert verify(ON, record(), off, on, catalogue) == {"ok": True, "differs": []}
    assert verify(ON, record("CLIMATE_ON"), off, off, catalogue) == {"ok": False, "differs": [AC]}


def test_a_change_beside_the_one_asked_for_is_a_miss(catalogue: Catalogue) -> None:
    off, both = car(catalogue, ac=False), car(catalogue, ac=True, trunk=True)
    assert verify(ON, record("CLIMATE_ON"), off, both, catalogue) == {"ok": False, "differs": [TRUNK]}


def test_where_nothing_changes_the_action_must_have_been_taken_up(catalogue: Catalogue) -> None:
    on = car(catalogue, ac=True)
    assert verify(ON, record("CLIMATE_ON", outcome="noop"), on, on, catalogue)["ok"]
    assert not verify(ON, record(), on, on, catalogue)["ok"]
    assert not verify(ON, record("CLIMATE_OFF", outcome="noop"), on, on, catalogue)["ok"]


def test_a_question_is_carried_out_by_answering(catalogue: Catalogue) -> None:
    asked, still = Expected((ExpectedAction("TIME_NOW", {}),)), car(catalogue)
    assert verify(asked, record("TIME_NOW"), still, still, catalogue)["ok"]
    assert not verify(asked, record("TIME_NOW", outcome="failed"), still, still, catalogue)["ok"]


def test_what_policy_refuses_must_not_happen(catalogue: Catalogue) -> None:
    opened = Expected((ExpectedAction("TRUNK_OPEN", {}),))
    shut, wide = car(catalogue, speed=80.0), car(catalogue, speed=80.0, trunk=True)
    assert foresee(opened, shut, catalogue).allowed == (False,)
    assert verify(opened, record("TRUNK_OPEN", "refuse", ""), shut, shut, catalogue)["ok"]
    assert verify(opened, record("TRUNK_OPEN"), shut, wide, catalogue) == {"ok": False, "differs": [TRUNK]}


def test_one_action_is_judged_in_the_state_that_the_last_one_leaves(catalogue: Catalogue) -> None:
    twice = Expected((ExpectedAction("CLIMATE_ON", {}), ExpectedAction("CLIMATE_OFF", {})))
    assert foresee(twice, car(catalogue, ac=True), catalogue).values[AC] is False


def test_doing_nothing_is_right_when_nothing_is_expected(catalogue: Catalogue) -> None:
    off, on = car(catalogue, ac=False), car(catalogue, ac=True)
    assert verify(Expected(()), record(), off, off, catalogue)["ok"]
    assert not verify(Expected(()), record("CLIMATE_ON"), off, on, catalogue)["ok"]
