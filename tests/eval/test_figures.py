"""Counting, verdicts and comparison on examples small enough to see through."""

from __future__ import annotations

from typing import Any

import pytest

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Scalar
from cockpitd.eval.cases import Case, Expected, ExpectedAction
from cockpitd.eval.figures import confusions, metrics, repeated, response, thresholds
from cockpitd.eval.impact import impact, names, paired
from cockpitd.eval.model_work import model_work
from cockpitd.eval.scored import Scored, response_class, scored
from cockpitd.eval.targets import percent, verdicts


def act(name: str, verdict: str = "allow", outcome: str = "done", **parameters: Scalar) -> dict[str, Any]:
    return {
        "action": name, "parameters": parameters, "verdict": verdict, "outcome": outcome, "reason": "",
        "response": "好", "confidence": 0.8, "requires_confirmation": False,
    }  # fmt: skip


def result(*acts: dict[str, Any], failures: tuple[str, ...] = (), ms: float = 5.0) -> dict[str, Any]:
    return {
        "lang": "zh", "tier": "llm", "actions": list(acts), "spoken": "好", "engine_failures": list(failures),
        "timings_ms": {"total": ms}, "execution": {"ok": True, "differs": []},
    }  # fmt: skip


def judged(
    catalogue: Catalogue, wanted: tuple[str, ...], got: dict[str, Any], category: str = "vehicle_control"
) -> Scored:
    expected = Expected(tuple(ExpectedAction(name, {}) for name in wanted))
    one = scored(Case("x", "zh", "x", None, category, expected=expected), got, catalogue)
    assert one is not None
    return one


def test_the_form_of_the_output(catalogue: Catalogue) -> None:
    good = act("CLIMATE_SET_TEMPERATURE", temperature=25)
    assert judged(catalogue, (), result(good)).valid is True
    assert judged(catalogue, (), result()).valid is None
    assert judged(catalogue, (), result(failures=("llm-malformed",))).valid is False
    assert judged(catalogue, (), result(act("CLIMATE_SET_TEMPERATURE", temperature="warm"))).valid is False
    assert judged(catalogue, (), result(act("CLIMATE_ON", colour="red"))).valid is False
    assert judged(catalogue, (), result(act("NO_SUCH_THING"))).valid is False
    assert judged(catalogue, (), result(good | {"confidence": 1.5})).valid is False
    assert judged(catalogue, (), result({key: good[key] for key in good if key != "response"})).valid is False
    # Out of range is well-formed and refused: the driver did say it.
    hot = act("CLIMATE_SET_TEMPERATURE", "rejected", "rejected", temperature=90) | {"reason": "out-of-range"}
    assert judged(catalogue, (), result(hot)).valid is True


def test_classes_of_response_time(catalogue: Catalogue) -> None:
    assert response_class(("FATIGUE_ALERT",), catalogue) == "emergency"
    assert response_class(("CLIMATE_ON",), catalogue) == "ordinary"
    assert response_class((), catalogue) == "ordinary"
    assert response_class(("FATIGUE_ALERT", "CLIMATE_ON"), catalogue) == "complex"
    ones = [judged(catalogue, ("CLIMATE_ON",), result(ms=ms)) for ms in (100.0, 1999.0, 2000.0)]
    told = response(ones)["ordinary"]
    assert (told["limit"], told["within"]["right"], told["p50"]) == (2000, 2, 1999.0)


def test_metrics_count_what_their_names_say(catalogue: Catalogue) -> None:
    ones = [
        judged(catalogue, ("CLIMATE_ON",), result(act("CLIMATE_ON"))),
        judged(catalogue, ("CLIMATE_ON",), result(act("CLIMATE_OFF"))),
        judged(catalogue, ("CLIMATE_ON", "WINDOW_OPEN"), result(act("CLIMATE_ON"), act("WINDOW_OPEN")), "several"),
        judged(catalogue, (), result(act("WINDOW_OPEN")), "not_for_me"),
        judged(catalogue, (), result(), "question"),
        judged(catalogue, ("FATIGUE_ALERT",), result(act("FATIGUE_ALERT")), "safety"),
    ]
    counted = {name: (one["right"], one["total"]) for name, one in metrics(ones).items()}
    assert counted == {
        "intent": (4, 6), "execution": (6, 6), "structured": (5, 5), "safety": (1, 1), "exact": (4, 6),
        "parameters": (0, 0), "several": (1, 1), "false": (1, 2), "wrong_way": (1, 6),
    }  # fmt: skip


def test_a_stop_is_answered_by_silence(catalogue: Catalogue) -> None:
    mute = {"spoken": ""}
    assert judged(catalogue, ("ASSISTANT_STOP",), result(act("ASSISTANT_STOP")) | mute, "safety").answered
    assert not judged(catalogue, ("FATIGUE_ALERT",), result(act("FATIGUE_ALERT")) | mute, "safety").answered


def test_confusions_leave_out_what_both_sides_share(catalogue: Catalogue) -> None:
    ones = [
        judged(catalogue, ("CLIMATE_ON", "WINDOW_OPEN"), result(act("CLIMATE_ON"), act("WINDOW_CLOSE"))),
        judged(catalogue, ("WINDOW_OPEN",), result(act("WINDOW_CLOSE"))),
        judged(catalogue, ("WINDOW_OPEN",), result()),
    ]
    assert confusions(ones) == [
        {"expected": "WINDOW_OPEN", "got": "WINDOW_CLOSE", "count": 2},
        {"expected": "WINDOW_OPEN", "got": "(nothing)", "count": 1},
    ]


def test_thresholds_tell_what_asking_costs() -> None:
    row = thresholds([(0.2, False), (0.4, True), (0.9, True)])[10]
    assert row == {"at": 0.5, "kept": 1, "right": 1, "asked": 2, "asked_in_vain": 1}


def test_repetition(catalogue: Catalogue) -> None:
    good = judged(catalogue, ("CLIMATE_ON",), result(act("CLIMATE_ON")))
    bad = judged(catalogue, ("CLIMATE_ON",), result())
    assert repeated([[good, good], [good, bad]]) == {"1": 0.75, "2": 0.5}


@pytest.mark.parametrize(
    ("rate", "told"),
    [(None, "–"), (1.0, "100.0 %"), (0.0, "0.0 %"), (0.9996, "99.96 %"), (0.0004, "0.04 %"), (0.956, "95.6 %")],
)
def test_only_all_is_told_as_all(rate: float | None, told: str) -> None:
    assert percent(rate) == told


def variant(name: str, rate: float, ms: float, file: int, outcomes: dict[str, bool]) -> dict[str, Any]:
    counts = {"right": int(rate * 1000), "total": 1000, "rate": rate, "low": rate, "high": rate}
    names_of = ("intent", "execution", "structured", "safety", "exact", "parameters", "several", "false", "wrong_way")
    figures = {
        "metrics": dict.fromkeys(names_of, counts), "by_tier": {"llm": {"mean_ms": ms}}, "by_lang": {},
        "response_ms": {}, "peak_bytes": {"a": file * 2}, "outcomes": outcomes,
    }  # fmt: skip
    return {"meta": {"name": name, "model_bytes": file}, "figures": figures}


def test_impact_of_a_variant() -> None:
    first = variant("q8", 0.97, 800.0, 1_000_000_000, {"a": True, "b": True, "c": False})
    other = variant("q4", 0.93, 200.0, 350_000_000, {"a": True, "b": False, "c": True, "d": True})
    rows = {row[0]: row[3] for row in impact(first, other)}
    assert rows["Intent recognition accuracy"] == "−4.0 points"
    assert rows["Response time, mean where the model answers"] == "4.00× as fast"
    assert rows["Memory, peak"] == "−65 %"
    assert rows["Tokens a second written, grammar's included"] == "–"  # a report made before this was counted
    assert paired(first, other) == (1, 1, 1.0)
    assert names([first, other, first]) == ["q8 (1)", "q4", "q8 (3)"]


def test_the_speed_of_the_model_is_counted_over_its_answers() -> None:
    def answered(written: int, ms: float) -> dict[str, Any]:
        tokens = {"prompt_tokens": 90, "evaluated_tokens": 30, "generated_tokens": written, "forced_tokens": 4}
        return {"llm": {**tokens, "prefill_ms": 60.0, "decode_ms": ms}}

    work = model_work([answered(10, 100.0), {"llm": None}, answered(30, 300.0), {"error": {}}])
    assert (work["answers"], work["tokens_per_s"], work["prefill_per_s"]) == (2, 100.0, 500.0)
    assert (work["chosen_tokens"], work["decode_ms"]) == (16, 200.0)
    assert model_work([{"llm": None}]) == {"answers": 0}

    def report(work: dict[str, float]) -> dict[str, Any]:
        one = variant("x", 0.9, 1.0, 1, {})
        return one | {"figures": one["figures"] | {"llm": work}}

    fast = {"tokens_per_s": 250.0, "decode_ms": 80.0, "prefill_ms": 60.0}
    rows = {row[0]: row[1:4] for row in impact(report(work), report(fast))}
    told = rows["Tokens a second written, grammar's included"]
    assert told == ("100 a second", "250 a second", "2.50× as fast")
    assert rows["Writing an answer, median"] == ("200 ms", "80 ms", "2.50× as fast")


def test_a_seed_target_is_to_be_exceeded_and_ours_to_be_reached() -> None:
    told = {one.key: one for one in verdicts(variant("x", 0.95, 1.0, 1, {})["figures"])}
    assert (told["intent"].seed_met, told["intent"].ours_met) == (False, False)
    assert (told["exact"].seed_met, told["exact"].ours_met) == (None, True)
    assert told["wrong_way"].ours_met is False
