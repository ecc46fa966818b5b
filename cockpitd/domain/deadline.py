"""Deadlines and the latency budget of each class; the clock itself is a port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

BudgetClass: TypeAlias = Literal["safety", "command", "query", "chat", "complex"]

SEED_BUDGET_MS: dict[BudgetClass, int] = {
    "safety": 1_000,
    "command": 2_000,
    "query": 2_000,
    "chat": 3_000,
    "complex": 3_000,
}
"""Hard limits from the end of speech (REQUIREMENTS: emergency < 1 s, ordinary < 2 s, complex < 3 s)."""

TARGET_P95_MS: dict[BudgetClass, int] = {"safety": 500, "command": 900, "query": 900, "chat": 1_500, "complex": 1_500}
"""Our own targets for first sound."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock by which something must have happened."""

    at_ms: int

    def remaining_ms(self, now_ms: int) -> int:
        """Milliseconds left, never negative."""
        return max(0, self.at_ms - now_ms)

    def passed(self, now_ms: int) -> bool:
        """Tell whether the moment has gone by."""
        return now_ms >= self.at_ms

    def sooner(self, other: Deadline) -> Deadline:
        """Return the earlier of the two."""
        return self if self.at_ms <= other.at_ms else other


def after(now_ms: int, budget_ms: int) -> Deadline:
    """Make a deadline `budget_ms` from `now_ms`."""
    return Deadline(now_ms + budget_ms)
