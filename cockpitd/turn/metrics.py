"""Latency and outcome counts the daemon publishes about itself; a sliding window, no I/O."""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

WINDOW = 2_000
"""Turns kept per series."""


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile (`share` in 0..1) of a non-empty sequence."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Count, p50, p95, p99 and maximum, in the unit of the values."""
    if not values:
        return {"count": 0}
    return {
        "count": len(values),
        "p50": round(percentile(values, 0.50), 1),
        "p95": round(percentile(values, 0.95), 1),
        "p99": round(percentile(values, 0.99), 1),
        "max": round(max(values), 1),
    }


class Metrics:
    """Counters and latency windows; every turn counts, also the cancelled and the late."""

    def __init__(self) -> None:
        self._stages: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WINDOW))
        self._classes: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WINDOW))
        self._counts: Counter[str] = Counter()

    def count(self, what: str) -> None:
        """Add one."""
        self._counts[what] += 1

    def turn(self, klass: str, status: str, tier: str, timings_ms: Mapping[str, float]) -> None:
        """Record a finished turn."""
        self._counts["turns"] += 1
        self._counts[f"status:{status}"] += 1
        self._counts[f"tier:{tier}"] += 1
        for stage, took in timings_ms.items():
            self._stages[stage].append(took)
        if "total" in timings_ms:
            self._classes[klass].append(timings_ms["total"])

    def as_dict(self) -> dict[str, Any]:
        """JSON form, milliseconds."""
        return {
            "counts": dict(self._counts),
            "stages_ms": {name: summary(list(values)) for name, values in self._stages.items()},
            "classes_ms": {name: summary(list(values)) for name, values in self._classes.items()},
        }
