"""Percentiles and counters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.turn.metrics import Metrics, percentile, summary


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_nearest_rank_on_one_to_a_hundred(share: float, value: int) -> None:
    assert percentile(range(1, 101), share) == value


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values(values: list[float], share: float) -> None:
    assert percentile(values, share) in values


def test_every_turn_counts_also_the_cancelled_one() -> None:
    metrics = Metrics()
    metrics.turn("command", "answered", "reflex", {"total": 10.0})
    metrics.turn("command", "cancelled", "none", {"total": 30.0})
    told = metrics.as_dict()
    assert told["counts"]["turns"] == 2
    assert told["counts"]["status:cancelled"] == 1
    assert told["classes_ms"]["command"]["max"] == 30.0


def test_nothing_measured_says_so() -> None:
    assert summary([]) == {"count": 0}
