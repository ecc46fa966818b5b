"""The arithmetic of an evaluation: shares and intervals, pass^k, calibration error, paired difference; numbers only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

BINS = 10
"""Equal widths of confidence in a reliability table."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    right: int
    total: int

    @property
    def rate(self) -> float | None:
        """None of nothing is no rate."""
        return self.right / self.total if self.total else None

    def as_dict(self) -> dict[str, float | None]:
        """JSON form with the Wilson 95 % interval."""
        low, high = wilson(self.right, self.total)
        return {"right": self.right, "total": self.total, "rate": self.rate, "low": low, "high": high}


def share(flags: Iterable[bool]) -> Share:
    """Count the true ones."""
    found = list(flags)
    return Share(sum(found), len(found))


def wilson(right: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Bound the true share behind `right` of `total` (Wilson score interval, no continuity correction)."""
    if not total:
        return 0.0, 1.0
    rate, square = right / total, z * z
    centre = (rate + square / (2 * total)) / (1 + square / total)
    half = z / (1 + square / total) * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    # At the ends the interval touches 0 and 1 exactly; rounding must not put it beside them.
    return (0.0 if right == 0 else max(0.0, centre - half), 1.0 if right == total else min(1.0, centre + half))


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in one stretch."""

    low: float
    high: float
    count: int
    confidence: float
    """Mean of the confidences said."""
    accuracy: float
    """Share that was right."""


def reliability(samples: Sequence[tuple[float, bool]], bins: int = BINS) -> list[Bin]:
    """Sort (confidence, right) into stretches of equal width; empty ones are left out."""
    found: dict[int, list[tuple[float, bool]]] = {}
    for sample in samples:
        found.setdefault(min(bins - 1, int(sample[0] * bins)), []).append(sample)
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(held),
            sum(confidence for confidence, _ in held) / len(held),
            sum(right for _, right in held) / len(held),
        )
        for number, held in sorted(found.items())
    ]


def calibration_error(samples: Sequence[tuple[float, bool]], bins: int = BINS) -> float | None:
    """Expected calibration error: the gap between said and true, averaged over the answers."""
    if not samples:
        return None
    gaps = (held.count * abs(held.accuracy - held.confidence) for held in reliability(samples, bins))
    return sum(gaps) / len(samples)


def pass_hat(rights: Sequence[int], runs: int, k: int) -> float | None:
    """pass^k: the chance that k runs of a case are all right, from its right ones among `runs`, averaged over cases."""
    if not rights:
        return None
    return sum(math.comb(right, k) for right in rights) / (math.comb(runs, k) * len(rights))


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p: how likely so lopsided a split of the cases in which two systems differ is by chance."""
    differ = only_first + only_second
    tail = sum(math.comb(differ, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2.0 * tail / 2.0**differ)
