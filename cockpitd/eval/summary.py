"""The summary of a run of cases: every figure as data, and the same laid out for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cockpitd.domain.actions import Catalogue
from cockpitd.eval.cases import Case
from cockpitd.eval.figures import figures, repeated
from cockpitd.eval.model_work import model_work
from cockpitd.eval.replay import STAGES
from cockpitd.eval.score import character_errors
from cockpitd.eval.scored import scored
from cockpitd.turn.metrics import summary

Pairs = Sequence[tuple[Case, Mapping[str, Any]]]


def summarise(runs: Sequence[Pairs], catalogue: Catalogue, peak_bytes: Mapping[str, int]) -> dict[str, Any]:
    """Count everything that the results tell; accuracies are those of the first run, times those of all."""
    pairs = runs[0]
    good = [(case, result) for run in runs for case, result in run if "error" not in result]
    judged = [[one for case, result in run if (one := scored(case, result, catalogue))] for run in runs]
    return {
        "cases": len(pairs),
        "errors": sum("error" in result for _, result in pairs),
        "judged": len(judged[0]),
        "right": sum(bool(result.get("ok")) for case, result in pairs if case.expected is not None),
        "runs": len(runs),
        "pass_hat": repeated(judged),
        **figures(judged[0]),
        "character_errors": _cer(good),
        "stages_ms": {stage: summary(_times(good, stage)) for stage in STAGES},
        "llm": model_work(result for _, result in good),
        "peak_bytes": dict(peak_bytes),
    }


def _times(pairs: Pairs, stage: str) -> list[float]:
    return [result["timings_ms"][stage] for _, result in pairs if result["timings_ms"].get(stage) is not None]


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


def as_text(found: Mapping[str, Any]) -> str:
    """Lay the figures out for a terminal."""
    lines = [f"{found['cases']} cases, {found['errors']} could not be run"]
    if found["judged"]:
        lines.append(f"right   {_of(found['right'], found['judged'])}")
        lines += [f"  {name:<20} {_share(counts)}" for name, counts in found["metrics"].items() if counts["total"]]
        for title in ("by_category", "by_lang", "by_tier"):
            lines.append(f"exact {title.replace('_', ' ')}")
            lines += [f"  {name:<20} {_share(group['exact'])}" for name, group in found[title].items()]
        lines.append(f"false actions {len(found['false_actions'])}   wrong-way {len(found['wrong_way'])}")
        lines += [f"  {entry}" for entry in found["false_actions"]]
    lines += [f"character error rate, {lang}: {rate:.1%}" for lang, rate in found["character_errors"].items()]
    lines.append(f"{'milliseconds':<22} {'count':>6} {'p50':>8} {'p95':>8} {'p99':>8} {'max':>8}")
    for group in ("stages_ms", "response_ms"):
        lines += [_row(name, values) for name, values in found[group].items() if values["count"]]
    work = found["llm"]
    if work["answers"]:
        lines.append(
            f"language model: {work['answers']:.0f} answers, {work['generated_tokens']:.0f} tokens each "
            f"({work['chosen_tokens']:.0f} chosen), {work['tokens_per_s']:.0f} tokens/s; "
            f"median {work['prefill_ms']:.0f} ms reading, {work['decode_ms']:.0f} ms writing"
        )
    peaks = found["peak_bytes"]
    shares = ", ".join(f"{name} {peak / 1e6:.0f}" for name, peak in peaks.items())
    lines.append(f"peak memory {sum(peaks.values()) / 1e6:.0f} MB: {shares}")
    return "\n".join(lines)


def _share(counts: Mapping[str, Any]) -> str:
    return f"{_of(counts['right'], counts['total'])}  [{counts['low']:.1%}, {counts['high']:.1%}]"


def _of(right: int, total: int) -> str:
    return f"{right:>4} / {total:<4} {right / total:6.1%}"


def _row(name: str, values: Mapping[str, float]) -> str:
    told = " ".join(f"{values[key]:>8.0f}" for key in ("p50", "p95", "p99", "max"))
    return f"  {name:<20} {values['count']:>6.0f} {told}"
