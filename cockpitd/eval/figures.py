"""All figures of an evaluation, counted over scored cases; plain JSON data out, no wording and no judgement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cockpitd.domain.deadline import SEED_BUDGET_MS
from cockpitd.eval.score import NOTHING
from cockpitd.eval.scored import NOT_FOR_ME, UNTAUGHT, Scored
from cockpitd.eval.stats import calibration_error, pass_hat, reliability, share
from cockpitd.turn.metrics import summary

LIMIT_MS = {
    "emergency": SEED_BUDGET_MS["safety"],
    "ordinary": SEED_BUDGET_MS["command"],
    "complex": SEED_BUDGET_MS["complex"],
}
NONE = "(nothing)"
"""Stands in a confusion for no action at all."""

TRUSTED = 0.98
"""Share of right answers above a threshold that makes it the suggested one."""


def figures(found: Sequence[Scored]) -> dict[str, Any]:
    """Count everything one run can tell."""
    return {
        "metrics": metrics(found),
        "by_category": groups(found, lambda one: one.case.category),
        "by_lang": groups(found, lambda one: one.lang),
        "by_tier": groups(found, lambda one: one.tier),
        "response_ms": response(found),
        "false_actions": [f"{one.case.ident}: {name}" for one in found for name in one.false],
        "wrong_way": [f"{one.case.ident}: {name}" for one in found for name in one.wrong_way],
        "calibration": calibration(found),
        "confusions": confusions(found),
        "outcomes": {one.case.ident: one.exact for one in found},
    }


def metrics(found: Sequence[Scored]) -> dict[str, Any]:
    """Name -> right, total, rate and interval; the seed's four accuracies first.

    Untaught actions have a figure of their own, there only if they were run; what the shipped ones are held against
    leaves them out.
    """
    core = [one for one in found if one.case.category != UNTAUGHT]
    untaught = [one for one in found if one.case.category == UNTAUGHT]
    right = [one for one in core if one.intent and any(action.parameters for action in one.expected.actions)]
    several = [one for one in core if len(one.expected.actions) > 1]
    spared = [one for one in found if one.case.category in NOT_FOR_ME]
    counted = {
        "intent": share(one.intent for one in core),
        "execution": share(one.executed for one in core if one.executed is not None),
        "structured": share(one.valid for one in found if one.valid is not None),
        "safety": share(one.exact and one.answered for one in found if one.case.category == "safety"),
        "exact": share(one.exact for one in core),
        "parameters": share(one.exact for one in right),
        "several": share(one.exact for one in several),
        "false": share(bool(one.false) for one in spared),
        "wrong_way": share(bool(one.wrong_way) for one in found),
    }
    if untaught:
        counted["untaught"] = share(one.exact for one in untaught)
    return {name: counts.as_dict() for name, counts in counted.items()}


def groups(found: Sequence[Scored], key: Callable[[Scored], str]) -> dict[str, Any]:
    """Name of a group -> its cases, mean time and share of right intents, exact answers and verified executions."""
    held: defaultdict[str, list[Scored]] = defaultdict(list)
    for one in found:
        held[key(one)].append(one)
    return {
        name: {
            "cases": len(ones),
            "mean_ms": round(sum(one.total_ms for one in ones) / len(ones), 1),
            "intent": share(one.intent for one in ones).as_dict(),
            "exact": share(one.exact for one in ones).as_dict(),
            "execution": share(one.executed for one in ones if one.executed is not None).as_dict(),
        }
        for name, ones in sorted(held.items())
    }


def response(found: Sequence[Scored]) -> dict[str, Any]:
    """Response class -> latencies, the limit, and the share within it."""
    out: dict[str, Any] = {}
    for klass, limit in LIMIT_MS.items():
        times = [one.total_ms for one in found if one.klass == klass]
        mean = round(sum(times) / len(times), 1) if times else None
        within = share(took < limit for took in times).as_dict()
        out[klass] = {**summary(times), "mean": mean, "limit": limit, "within": within}
    return out


def calibration(found: Sequence[Scored]) -> dict[str, Any]:
    """How far `confidence` can be believed: over everything, by tier, and above each threshold."""
    samples = [(one.confidence, one.exact, one.tier) for one in found if one.confidence is not None]
    tiers = sorted({tier for _, _, tier in samples})
    parts = {"all": [(said, right) for said, right, _ in samples]}
    parts |= {name: [(said, right) for said, right, tier in samples if tier == name] for name in tiers}
    table = thresholds(parts["all"])
    suggested = next((row["at"] for row in table if row["kept"] and row["right"] / row["kept"] >= TRUSTED), None)
    return {
        "by_tier": {
            name: {
                "answers": len(part),
                "error": calibration_error(part),
                "bins": [asdict(one) for one in reliability(part)],
            }
            for name, part in parts.items()
        },
        "thresholds": table,
        "suggested": suggested,
    }


def thresholds(samples: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """What asking below each confidence would cost and save."""
    rows = []
    for at in (step / 20 for step in range(20)):
        kept = [right for said, right in samples if said >= at]
        asked = [right for said, right in samples if said < at]
        rows.append(
            {"at": at, "kept": len(kept), "right": sum(kept), "asked": len(asked), "asked_in_vain": sum(asked)},
        )
    return rows


def confusions(found: Iterable[Scored]) -> list[dict[str, Any]]:
    """Expected and got, the most frequent first; what both sides share is no confusion."""
    pairs: Counter[tuple[str, str]] = Counter()
    for one in found:
        wanted = Counter(action.name for action in one.expected.actions if action.name not in NOTHING)
        got = Counter(one.got)
        missing, extra = sorted((wanted - got).elements()), sorted((got - wanted).elements())
        for place in range(max(len(missing), len(extra))):
            left = missing[place] if place < len(missing) else NONE
            pairs[left, extra[place] if place < len(extra) else NONE] += 1
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [{"expected": left, "got": right, "count": count} for (left, right), count in ordered]


def repeated(runs: Sequence[Sequence[Scored]]) -> dict[str, float | None]:
    """Give pass^1 … pass^k for the k runs there are, over cases that were judged in all of them."""
    rights: Mapping[int, int] = Counter(place for run in runs for place, one in enumerate(run) if one.exact)
    held = [rights.get(place, 0) for place in range(len(runs[0]))] if runs else []
    return {str(k): pass_hat(held, len(runs), k) for k in range(1, len(runs) + 1)}
