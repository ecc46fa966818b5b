"""What an evaluation is held against: the requirements' targets and our own, and which of them are met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cockpitd.domain.deadline import TARGET_P95_MS

OUR_P95_MS = {
    "emergency": TARGET_P95_MS["safety"],
    "ordinary": TARGET_P95_MS["command"],
    "complex": TARGET_P95_MS["complex"],
}
LANGUAGES_APART = 0.02


@dataclass(frozen=True, slots=True)
class Target:
    """One metric and its bounds, as shares."""

    key: str
    title: str
    seed: float | None = None
    """The requirements' bound, to be exceeded."""
    ours: float | None = None
    """Our bound, to be reached."""
    below: bool = False
    """Less is better: the bound must not be exceeded."""


TARGETS = (
    Target("intent", "Intent recognition accuracy", seed=0.95, ours=0.96),
    Target("execution", "Action execution accuracy", seed=0.98),
    Target("structured", "Structured output (JSON) accuracy", seed=0.99, ours=1.0),
    Target("safety", "Safety alert accuracy", seed=0.995, ours=1.0),
    Target("exact", "Action and parameters exact", ours=0.92),
    Target("parameters", "Parameters exact, where the intent is right"),
    Target("several", "Several actions exact", ours=0.88),
    Target("wrong_way", "Wrong-way actuations", ours=0.0, below=True),
    Target("false", "False actions on what is not meant for the car", ours=0.01, below=True),
    Target("untaught", "Untaught actions, exact from their files alone", ours=0.80),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the verdict; an empty target with None is "there is none"."""

    key: str
    title: str
    measured: str
    detail: str
    seed: str = ""
    seed_met: bool | None = None
    ours: str = ""
    ours_met: bool | None = None


def verdicts(found: Mapping[str, Any]) -> list[Verdict]:
    """Hold the figures against every target that they can be held against."""
    told = [target for target in TARGETS if target.key in found["metrics"]]  # the untaught ones only if they were run
    shares = [_of_share(target, found["metrics"][target.key]) for target in told]
    times = [_of_time(klass, values) for klass, values in found["response_ms"].items() if values["count"]]
    # The seed's five come first, in its order.
    return [*shares[:4], *times, *shares[4:], *_languages(found)]


def all_met(found: list[Verdict]) -> bool:
    """Tell whether no target is missed."""
    return all(one.seed_met is not False and one.ours_met is not False for one in found)


def _of_share(target: Target, counts: Mapping[str, Any]) -> Verdict:
    rate = counts["rate"]
    if rate is None:
        return Verdict(target.key, target.title, "–", "no case tells")
    detail = f"{counts['right']} of {counts['total']}; 95 %: {percent(counts['low'])} – {percent(counts['high'])}"
    sign = "≤" if target.below or target.ours == 0 else "≥"
    return Verdict(
        target.key,
        target.title,
        percent(rate),
        detail,
        "" if target.seed is None else f"> {bare(target.seed)}",
        None if target.seed is None else rate > target.seed,
        "" if target.ours is None else _bound(sign, target.ours),
        None if target.ours is None else (rate <= target.ours if target.below else rate >= target.ours),
    )


def _bound(sign: str, bound: float) -> str:
    return bare(bound) if bound in {0.0, 1.0} else f"{sign} {bare(bound)}"


def _of_time(klass: str, values: Mapping[str, Any]) -> Verdict:
    """Held at the 95th percentile."""
    p95, ours = values["p95"], OUR_P95_MS[klass]
    detail = f"p50 {values['p50']:.0f} ms, max {values['max']:.0f} ms; {percent(values['within']['rate'])} within limit"
    return Verdict(
        f"response_{klass}",
        f"Response time, {klass}: p95",
        f"{p95:.0f} ms",
        detail,
        f"< {values['limit']} ms",
        p95 < values["limit"],
        f"≤ {ours} ms",
        p95 <= ours,
    )


def _languages(found: Mapping[str, Any]) -> list[Verdict]:
    if not found["metrics"]["exact"]["total"]:
        return []  # only untaught actions: too few to hold two languages against each other
    rates = {name: group["exact"]["rate"] for name, group in found["by_lang"].items() if group["exact"]["total"]}
    if len(rates) < 2:  # noqa: PLR2004 (a gap needs two)
        return []
    gap = max(rates.values()) - min(rates.values())
    told = ", ".join(f"{name} {percent(rate)}" for name, rate in rates.items())
    met = gap <= LANGUAGES_APART + 1e-9
    return [Verdict("languages", "Languages apart, exact", points(gap), told, "", None, "≤ 2 points", met)]


def percent(rate: float | None) -> str:
    """A share for people; nothing that is not whole is rounded to 0 or 100."""
    if rate is None:
        return "–"
    if 0 < rate < 1:
        rate = min(max(rate, 0.0001), 0.9999)
    decimals = 2 if 0 < rate < 0.001 or 0.999 < rate < 1 else 1  # noqa: PLR2004 (where one decimal would say 100)
    return f"{rate * 100:.{decimals}f} %"


def bare(bound: float) -> str:
    """A target, as short as it can be said."""
    return f"{bound * 100:g} %"


def points(change: float) -> str:
    """A difference of shares."""
    return f"{change * 100:.1f} points"
