"""Scoring: what counts as right, as a false action, as the wrong way."""

from __future__ import annotations

from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Scalar
from cockpitd.eval.cases import Expected, ExpectedAction
from cockpitd.eval.score import character_errors, false_actions, matches, same_intents, wrong_way


def record(*acts: tuple[str, dict[str, Scalar]], verdict: str = "allow", outcome: str = "done") -> dict[str, Any]:
    return {
        "actions": [
            {"action": name, "parameters": parameters, "verdict": verdict, "outcome": outcome}
            for name, parameters in acts
        ]
    }


def expected(*acts: tuple[str, dict[str, Scalar]], verdict: str = "") -> Expected:
    return Expected(tuple(ExpectedAction(name, parameters) for name, parameters in acts), verdict)


def test_order_does_not_matter_but_number_does() -> None:
    both = expected(("A", {}), ("B", {"x": 1}))
    assert matches(both, record(("B", {"x": 1.0}), ("A", {})))
    assert not matches(both, record(("A", {})))
    assert not matches(expected(("A", {})), record(("A", {}), ("A", {})))


def test_parameters_must_be_exactly_those() -> None:
    assert matches(expected(("P", {"artist": "The Beatles"})), record(("P", {"artist": "the beatles"})))
    assert not matches(expected(("P", {})), record(("P", {"artist": "x"})))
    assert not matches(expected(("P", {"on": True})), record(("P", {"on": "true"})))


def test_nothing_expected_is_met_by_declining_and_by_rejection() -> None:
    assert matches(expected(), record())
    assert matches(expected(), record(("ASSISTANT_NOT_FOR_ME", {})))
    assert matches(expected(), record(("A", {}), verdict="rejected"))
    assert not matches(expected(), record(("A", {})))


def test_declining_can_itself_be_expected() -> None:
    assert matches(expected(("ASSISTANT_NOT_SUPPORTED", {})), record(("ASSISTANT_NOT_SUPPORTED", {})))
    assert not matches(expected(("ASSISTANT_NOT_SUPPORTED", {})), record())


def test_the_verdict_counts_when_it_is_given() -> None:
    assert not matches(expected(("A", {}), verdict="refuse"), record(("A", {})))
    assert matches(expected(("A", {}), verdict="refuse"), record(("A", {}), verdict="refuse", outcome=""))


def test_intents_look_at_names_only() -> None:
    assert same_intents(expected(("A", {"x": 1})), record(("A", {"x": 2})))


def test_false_and_wrong_way_actions(catalogue: Catalogue) -> None:
    close = expected(("WINDOW_CLOSE", {}))
    opened = record(("WINDOW_OPEN", {}))
    assert false_actions(close, opened, catalogue) == ["WINDOW_OPEN"]
    assert wrong_way(close, opened, catalogue) == ["WINDOW_OPEN"]
    assert wrong_way(expected(("CLIMATE_ON", {})), opened, catalogue) == []
    assert false_actions(expected(), record(("TIME_NOW", {})), catalogue) == []


def test_character_errors_ignore_case_and_punctuation() -> None:
    assert character_errors("打开阅读灯", "打开月读灯。") == (1, 5)
    assert character_errors("Lock the doors.", "lock the doors") == (0, 12)
