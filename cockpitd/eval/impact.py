"""What another variant of a model costs and brings beside the first: the requirements' "quantization impact"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cockpitd.eval.stats import mcnemar
from cockpitd.eval.targets import TARGETS, percent

Report = Mapping[str, Any]
"""What `cockpitd eval` left as report.json."""

EXPECTED_LOSS = {
    "intent": "−3 to −5 points",
    "execution": "−2 to −4 points",
    "structured": "−1 to −2 points",
    "safety": "−1 to −2 points",
}
EXPECTED_SPEED = "3–5× faster"
EXPECTED_MEMORY = "−65 %"

HEAD = ("", "first", "this one", "change", "W4A16 in the documents")
_MINUS = "−"


def impact(first: Report, other: Report) -> list[tuple[str, ...]]:
    """Rows of `HEAD`: the metrics, speed, memory and file, and whether the difference is more than chance."""
    rows: list[tuple[str, ...]] = []
    for target in TARGETS[:5]:
        before, after = (report["figures"]["metrics"][target.key]["rate"] for report in (first, other))
        expected = EXPECTED_LOSS.get(target.key, "")
        rows.append((target.title, percent(before), percent(after), _points(before, after), expected))
    before, after = mean_ms(first), mean_ms(other)
    rows.append(
        ("Response time, mean where the model answers", _ms(before), _ms(after), _faster(before, after), EXPECTED_SPEED)
    )
    rows += _work(first, other)
    before, after = memory(first), memory(other)
    rows.append(("Memory, peak", _mb(before), _mb(after), _relative(before, after), EXPECTED_MEMORY))
    before, after = first["meta"]["model_bytes"], other["meta"]["model_bytes"]
    rows.append(("Model file", _mb(before), _mb(after), _relative(before, after), ""))
    lost, won, chance = paired(first, other)
    rows.append(("Same cases, exact", f"{lost} only here", f"{won} only here", f"p = {chance:.3f} (McNemar)", ""))
    return rows


def _work(first: Report, other: Report) -> list[tuple[str, ...]]:
    """The language model's own speed; a dash where a report does not tell it."""
    rows: list[tuple[str, ...]] = []
    for key, title, show in (
        ("tokens_per_s", "Tokens a second written, grammar's included", _rate),
        ("decode_ms", "Writing an answer, median", _ms),
        ("prefill_ms", "Reading what is new of a prompt, median", _ms),
    ):
        before, after = (report["figures"].get("llm", {}).get(key) for report in (first, other))
        change = _faster(after, before) if key == "tokens_per_s" else _faster(before, after)
        rows.append((title, show(before), show(after), change, ""))
    return rows


def paired(first: Report, other: Report) -> tuple[int, int, float]:
    """Cases exact only in the first, only in the other, and the chance of such a split."""
    left, right = first["figures"]["outcomes"], other["figures"]["outcomes"]
    both = [ident for ident in left if ident in right]
    lost = sum(left[ident] and not right[ident] for ident in both)
    won = sum(right[ident] and not left[ident] for ident in both)
    return lost, won, mcnemar(lost, won)


def names(reports: Sequence[Report]) -> list[str]:
    """Tell variants apart: the model's name, with a number where two are alike."""
    told = [str(report["meta"]["name"]) for report in reports]
    return [name if told.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(told, 1)]


def mean_ms(report: Report) -> float | None:
    """Mean time to answer where the language model did, else over everything."""
    figures = report["figures"]
    group = figures["by_tier"].get("llm")
    if group is not None:
        return float(group["mean_ms"])
    means = [(values["mean"], values["count"]) for values in figures["response_ms"].values() if values["count"]]
    total = sum(count for _, count in means)
    return sum(mean * count for mean, count in means) / total if total else None


def memory(report: Report) -> int:
    """Peak of all processes together."""
    return sum(report["figures"]["peak_bytes"].values())


def _points(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "–"
    return _signed((after - before) * 100, 1) + " points"


def _faster(before: float | None, after: float | None) -> str:
    if not before or not after:
        return "–"
    return f"{before / after:.2f}× as fast"


def _relative(before: float | None, after: float | None) -> str:
    if not before or after is None:
        return "–"
    return _signed((after / before - 1) * 100, 0) + " %"


def _signed(value: float, decimals: int) -> str:
    told = f"{abs(value):.{decimals}f}"
    if float(told) == 0:
        return "±0"
    return (_MINUS if value < 0 else "+") + told


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} a second"


def _mb(value: float | None) -> str:
    return "–" if value is None else f"{value / 1e6:.0f} MB"
