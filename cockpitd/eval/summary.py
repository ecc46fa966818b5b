"""The figures at the end of a replay: accuracy by category, language and tier; latency by stage and class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.eval.cases import Case
from cockpitd.eval.replay import STAGES
from cockpitd.eval.score import character_errors, false_actions, same_intents, wrong_way
from cockpitd.turn.metrics import summary

Pairs = Sequence[tuple[Case, Mapping[str, Any]]]


def summarise(pairs: Pairs, catalogue: Catalogue) -> dict[str, Any]:
    """Count everything that the results of a replay can tell."""
    judged = [(case, result) for case, result in pairs if case.expected is not None and "error" not in result]
    good = [(case, result) for case, result in pairs if "error" not in result]
    return {
        "cases": len(pairs),
        "errors": len(pairs) - len(good),
        "judged": len(judged),
        "right": sum(bool(result["ok"]) for _, result in judged),
        "right_intents": sum(c.expected is not None and same_intents(c.expected, r) for c, r in judged),
        "by_category": _share(judged, lambda case, _: case.category),
        "by_lang": _share(judged, lambda _, result: result["lang"]),
        "by_tier": _share(judged, lambda _, result: result["tier"]),
        "false_actions": _named(judged, catalogue, false_actions),
        "wrong_way": _named(judged, catalogue, wrong_way),
        "character_errors": _cer(good),
        "stages_ms": {stage: summary(_times(good, stage)) for stage in STAGES},
        "classes_ms": _classes(good, catalogue),
    }


def _share(judged: Pairs, key: Any) -> dict[str, tuple[int, int]]:  # noqa: ANN401 (a two-argument key function)
    """Name -> (right, all)."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for case, result in judged:
        name = str(key(case, result))
        total[name] += 1
        right[name] += bool(result["ok"])
    return {name: (right[name], total[name]) for name in sorted(total)}


def _named(judged: Pairs, catalogue: Catalogue, count: Any) -> list[str]:  # noqa: ANN401 (one of two counting functions)
    return [f"{case.ident}: {name}" for case, result in judged for name in count(case.expected, result, catalogue)]


def _times(pairs: Pairs, stage: str) -> list[float]:
    return [result["timings_ms"][stage] for _, result in pairs if result["timings_ms"].get(stage) is not None]


def _classes(pairs: Pairs, catalogue: Catalogue) -> dict[str, dict[str, float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for _, result in pairs:
        names = [act["action"] for act in result["actions"] if act["action"] in catalogue.actions]
        klass = "complex" if len(names) > 1 else catalogue.actions[names[0]].klass if names else "none"
        found[klass].append(result["timings_ms"]["total"] or 0.0)
    return {klass: summary(times) for klass, times in sorted(found.items())}


def _cer(pairs: Pairs) -> dict[str, float]:
    """Language -> character error rate of what was heard, for cases that tell what was said."""
    errors: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for case, result in pairs:
        if case.reference and case.audio:
            wrong, length = character_errors(case.reference, result["heard"])
            errors[result["lang"]] += wrong
            letters[result["lang"]] += length
    return {lang: round(errors[lang] / letters[lang], 4) for lang in letters if letters[lang]}


def as_text(figures: Mapping[str, Any], peaks: Mapping[str, int]) -> str:
    """Lay the figures out for a terminal."""
    lines = [f"{figures['cases']} cases, {figures['errors']} could not be run"]
    if figures["judged"]:
        right, intents = (_of(figures[key], figures["judged"]) for key in ("right", "right_intents"))
        lines.append(f"right   {right}   intents {intents}")
        for title in ("by_category", "by_lang", "by_tier"):
            lines.append(title.replace("_", " "))
            lines += [f"  {name:<20} {_of(*counts)}" for name, counts in figures[title].items()]
        lines.append(f"false actions {len(figures['false_actions'])}   wrong-way {len(figures['wrong_way'])}")
        lines += [f"  {entry}" for entry in figures["false_actions"]]
    lines += [f"character error rate, {lang}: {rate:.1%}" for lang, rate in figures["character_errors"].items()]
    lines.append(f"{'milliseconds':<22} {'count':>6} {'p50':>8} {'p95':>8} {'p99':>8} {'max':>8}")
    for group in ("stages_ms", "classes_ms"):
        lines += [_row(name, values) for name, values in figures[group].items() if values["count"]]
    shares = ", ".join(f"{name} {peak / 1e6:.0f}" for name, peak in peaks.items())
    lines.append(f"peak memory {sum(peaks.values()) / 1e6:.0f} MB: {shares}")
    return "\n".join(lines)


def _of(right: int, total: int) -> str:
    return f"{right:>4} / {total:<4} {right / total:6.1%}"


def _row(name: str, values: Mapping[str, float]) -> str:
    figures = " ".join(f"{values[key]:>8.0f}" for key in ("p50", "p95", "p99", "max"))
    return f"  {name:<20} {values['count']:>6.0f} {figures}"
