"""What an evaluation report says, in order: sections of sentences, tables and charts, for any form of page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cockpitd.eval import charts
from cockpitd.eval.impact import HEAD, impact, names
from cockpitd.eval.targets import Verdict, percent, verdicts

Report = Mapping[str, Any]

MOST_CONFUSIONS = 20
METHOD = """
Intent: exactly the expected actions, whatever their parameters.
Action execution: after the case every actuator of the simulated car holds the value that carrying out the expected \
actions leaves it at, and no other has moved; where nothing was to change (questions, already so, refused by policy), \
the right action with its parameters was taken up.
Structured output: every action came as a whole envelope (action, parameters, response, confidence, \
requires_confirmation), of a known action, with parameters that fit its schema.
Safety alert: in the safety cases exactly the expected action, with an answer (a stop is answered by silence).
Response time: from the text's arrival to the answer. Emergency: one safety action is expected; complex: several; \
ordinary: all else. Targets are held at the 95th percentile.
False actions: the car was changed although the sentence was not meant for it (not for me, out of scope, negated, \
a question). Wrong-way: the opposite of what was asked was done.
Untaught actions: exactly the expected action with its parameters, for actions that the model was never taught and \
the catalogue lacks; the files named with --actions are all there is. The other shares leave these cases out.
Intervals are Wilson's, 95 %.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells that begin with ✓ or ✗ are marked in colour where there is colour."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands under it."""

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[str, ...] = ()
    """SVG; left out where pictures cannot be shown."""


def sections(report: Report, variants: Sequence[Report]) -> Iterator[Section]:
    """Everything under the title; `variants` are compared with the first of them."""
    found = report["figures"]
    yield _verdict(verdicts(found))
    yield _response(found["response_ms"])
    yield _groups(found)
    if found["runs"] > 1:
        yield _repeated(found["pass_hat"])
    if found["calibration"]["by_tier"]["all"]["answers"]:
        yield _calibration(found["calibration"])
    yield _confusions(found["confusions"])
    if len(variants) > 1:
        yield _impact(variants)
    yield Section("How each figure is made", tuple(METHOD.strip().splitlines()))


def facts(report: Report) -> list[tuple[str, str]]:
    """What was evaluated, a line each."""
    meta, found = report["meta"], report["figures"]
    size = f"{meta['model_bytes'] / 1e6:.0f} MB" if meta["model_bytes"] else "–"
    memory = sum(found["peak_bytes"].values()) / 1e6
    unrun = f", {found['errors']} could not be run" if found["errors"] else ""
    return [
        ("Model", f"{meta['model']} ({meta['title']})" if meta["title"] else meta["model"]),
        ("Quantization", meta["quantization"] or "–"),
        ("Parameters", meta["parameters"] or "–"),
        ("Model file", size),
        ("Peak memory, all processes", f"{memory:.0f} MB"),
        ("Tiers", ", ".join(meta["tiers"])),
        ("Cases", f"{found['judged']} judged of {found['cases']}{unrun}" + _of_runs(found["runs"])),
        ("Made", f"{meta['made']}, cockpitd {meta['cockpitd']}"),
    ]


def _of_runs(runs: int) -> str:
    return f", {runs} times" if runs > 1 else ""


def _verdict(found: Sequence[Verdict]) -> Section:
    rows = [
        (one.title, one.measured, _marked(one.seed, one.seed_met), _marked(one.ours, one.ours_met), one.detail)
        for one in found
    ]
    missed = sum(one.seed_met is False for one in found), sum(one.ours_met is False for one in found)
    told = "All targets are met." if not any(missed) else f"Missed: {missed[0]} required, {missed[1]} of our own."
    return Section("Verdict", (told,), (Table(("metric", "measured", "required", "ours", "from"), rows),))


def _marked(target: str, met: bool | None) -> str:  # noqa: FBT001 (a verdict, not a switch)
    return target if met is None else f"{'✓' if met else '✗'} {target}"


def _response(found: Mapping[str, Any]) -> Section:
    held = {klass: values for klass, values in found.items() if values["count"]}
    rows = [
        (
            klass,
            str(values["count"]),
            *(f"{values[key]:.0f}" for key in ("mean", "p50", "p95", "p99", "max")),
            f"{'✓' if values['p95'] < values['limit'] else '✗'} {values['limit']}",
            percent(values["within"]["rate"]),
        )
        for klass, values in held.items()
    ]
    head = ("class", "cases", "mean", "p50", "p95", "p99", "max", "limit", "within")
    return Section("Response time, milliseconds", (), (Table(head, rows),), (charts.times(held),))


def _groups(found: Mapping[str, Any]) -> Section:
    parts = (("category", found["by_category"]), ("language", found["by_lang"]), ("tier", found["by_tier"]))
    tables = tuple(
        Table((title, "cases", "intent", "exact", "execution", "mean ms"), _rows(held)) for title, held in parts
    )
    dots = [(name, group["exact"]) for _, held in parts for name, group in held.items()]
    return Section(
        "By category, language and tier",
        ("A tier's row holds the cases that it answered; “none” are those that no tier did.",),
        tables,
        (charts.intervals(dots, "Action and parameters exact, with 95 % intervals"),),
    )


def _rows(held: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            str(group["cases"]),
            *(_share(group[key]) for key in ("intent", "exact", "execution")),
            f"{group['mean_ms']:.0f}",
        )
        for name, group in held.items()
    ]


def _share(counts: Mapping[str, Any]) -> str:
    if not counts["total"]:
        return "–"
    return f"{percent(counts['rate'])} ({percent(counts['low'])} – {percent(counts['high'])})"


def _repeated(found: Mapping[str, float | None]) -> Section:
    text = "pass^k is the chance that k runs of the same case are all exact."
    rows = [(f"pass^{k}", percent(rate)) for k, rate in found.items()]
    return Section("Steadiness", (text,), (Table(("", "exact"), rows),))


def _calibration(found: Mapping[str, Any]) -> Section:
    tiers = found["by_tier"]
    errors = [(name, str(part["answers"]), _error(part["error"])) for name, part in tiers.items()]
    bins = tiers["llm" if "llm" in tiers else "all"]["bins"]
    table = [
        (
            f"{one['low']:.1f} – {one['high']:.1f}",
            str(one["count"]),
            f"{one['confidence']:.3f}",
            f"{one['accuracy']:.3f}",
        )
        for one in bins
    ]
    asking = [
        (
            f"{row['at']:.2f}",
            str(row["kept"]),
            _part(row["right"], row["kept"]),
            str(row["asked"]),
            _part(row["asked_in_vain"], row["asked"]),
        )
        for row in found["thresholds"][::2]
    ]
    text = "The gap between the confidence said and the share that is right, averaged (expected calibration error)."
    advice = "No threshold leaves 98 % of the rest right." if found["suggested"] is None else (
        f"Asking below {found['suggested']:.2f} leaves at least 98 % of the rest right (policy.confirm_below)."
    )  # fmt: skip
    whose = "language model" if "llm" in tiers else "all tiers"
    return Section(
        "Calibration",
        (text, advice),
        (
            Table(("tier", "answers", "error"), errors),
            Table((f"confidence ({whose})", "answers", "mean confidence", "right"), table),
            Table(("ask below", "not asked", "of these right", "asked", "of these right anyway"), asking),
        ),
        (charts.reliability(bins, f"Confidence said and share right, {whose}"),),
    )


def _error(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _part(some: int, of: int) -> str:
    return percent(some / of) if of else "–"


def _confusions(found: Sequence[Mapping[str, Any]]) -> Section:
    total = sum(one["count"] for one in found)
    rows = [(one["expected"], one["got"], str(one["count"])) for one in found[:MOST_CONFUSIONS]]
    if not rows:
        return Section("Confusions", ("No action was taken for another.",))
    text = f"The {len(rows)} most frequent of {len(found)} kinds; {total} confusions in all."
    return Section("Confusions", (text,), (Table(("expected", "got", "times"), rows),))


def _alike(variants: Sequence[Report]) -> str:
    """Say whether the accuracies can be compared at all."""
    held = [set(report["figures"]["outcomes"]) for report in variants]
    shared = set.intersection(*held)
    if all(len(one) == len(shared) for one in held):
        return f"All were run on the same {len(shared)} cases."
    return f"Not the same cases: {', '.join(str(len(one)) for one in held)}, of which {len(shared)} are shared."


def _impact(variants: Sequence[Report]) -> Section:
    told = names(variants)
    first = variants[0]
    tables = tuple(
        Table((f"{told[0]} → {name}", told[0], name, *HEAD[3:]), impact(first, other))
        for name, other in zip(told[1:], variants[1:], strict=True)
    )
    dots = [
        (f"{name} · {title}", report["figures"]["metrics"][key])
        for key, title in (("intent", "intent"), ("exact", "exact"))
        for name, report in zip(told, variants, strict=True)
    ]
    return Section(
        "Quantization impact",
        (
            f"Every variant beside the first, {told[0]}; times compare only if measured on the same idle machine.",
            _alike(variants),
        ),
        tables,
        (charts.intervals(dots, "Accuracy of each variant, with 95 % intervals"),),
    )
