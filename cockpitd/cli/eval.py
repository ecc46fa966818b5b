"""`cockpitd eval`: cases through the live flow, held against targets or floors; a report as Markdown, HTML, JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpitd.cli.commands import TIERS, SubParsers
from cockpitd.config import Config, load
from cockpitd.errors import ConfigError
from cockpitd.eval.cases import Case, read_cases
from cockpitd.eval.floors import Floor, hold, read_floors

CASES = "tests/eval/*.jsonl"
FORMAT = 1
"""Of report.json; raised when a figure changes its meaning."""


def register(subparsers: SubParsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("eval", help="hold the model and the whole flow against the targets")
    parser.add_argument("cases", type=Path, nargs="*", help=f"case files, JSON Lines (default: {CASES} of a checkout)")
    parser.add_argument("--out", type=Path, default=Path("eval-out"), help="where report.md, .html and .json are left")
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument(
        "--actions", type=Path, action="append", default=[], metavar="DIR",
        help="action files that the car has besides, as if `actions:` named them; may be given more than once",
    )  # fmt: skip
    parser.add_argument("--tier", choices=TIERS, action="append", help="only this tier answers")
    parser.add_argument(
        "--limit", type=_positive, metavar="N", help="only N cases, of each category and language alike"
    )
    parser.add_argument("--seed", default="0", metavar="SLICE", help="which N cases: the same word, the same cases")
    parser.add_argument("--repeat", type=_positive, default=1, metavar="K", help="run everything K times, give pass^k")
    parser.add_argument("--name", help="what to call this variant in the report (default: its model)")
    parser.add_argument(
        "--compare", type=Path, nargs="+", default=[], metavar="JSON",
        help="earlier report.json files, the first to be compared with; without case files nothing is run",
    )  # fmt: skip
    parser.add_argument(
        "--floors", type=Path, metavar="YAML",
        help="lines of `metric: share`: end with 1 when one of these is broken, not when a target is missed",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate; the exit code is 1 when a target is missed, or a floor broken if there are floors."""
    floors = read_floors(args.floors) if args.floors else ()  # first: a bad file must not be told after ten minutes
    variants = [_earlier(path) for path in args.compare]
    if args.cases or not variants:
        config = load(args.config)
        added = config.model_copy(update={"actions": (*config.actions, *args.actions)})
        variants.append(_evaluate(args, _chosen(args), added))
    report = variants[-1]
    _write(args.out, report, variants)
    good = _tell_floors(floors, report["figures"]) if floors else _tell_targets(report["figures"])
    print(f"{args.out / 'report.html'}, report.md and report.json hold the rest.")
    return 0 if good else 1


def _tell_targets(figures: Mapping[str, Any]) -> bool:
    from cockpitd.eval.targets import all_met, verdicts

    found = verdicts(figures)
    for one in found:
        marks = [
            mark for mark in (_mark("required", one.seed, one.seed_met), _mark("ours", one.ours, one.ours_met)) if mark
        ]
        print(f"{one.title:<46} {one.measured:>9}   {'   '.join(marks)}".rstrip())
    return all_met(found)


def _tell_floors(floors: Sequence[Floor], figures: Mapping[str, Any]) -> bool:
    found = list(hold(floors, figures))
    for one in found:
        told = f"{one.bound:<8} {'✓ kept' if one.kept else '✗ broken'}"
        print(f"{one.title:<46} {one.measured:>9}   {one.detail:<13} {told}")
    broken = sum(not one.kept for one in found)
    print(f"{broken} of {len(found)} floors are broken." if broken else f"All {len(found)} floors are kept.")
    return not broken


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _mark(whose: str, target: str, met: bool | None) -> str:  # noqa: FBT001 (a verdict, not a switch)
    return f"{'✓' if met else '✗'} {whose} {target}" if target else ""


def _chosen(args: argparse.Namespace) -> list[Case]:
    from cockpitd.eval.slices import stratified

    paths = args.cases or sorted(Path().glob(CASES))
    if not paths:
        raise ConfigError("eval-no-cases", f"no case files: name some, or run in a checkout, which has {CASES}")
    cases = [case for path in paths for case in read_cases(path)]
    return cases if args.limit is None else stratified(cases, args.limit, args.seed)


def _earlier(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError("eval-report", f"{path}: cannot be read as a report ({exc})") from exc
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise ConfigError("eval-report", f"{path}: not a report.json of this version; evaluate again")
    return report


def _evaluate(args: argparse.Namespace, cases: Sequence[Case], config: Config) -> dict[str, Any]:
    from cockpitd.cli.case_runs import run_cases
    from cockpitd.cli.eval_meta import describe
    from cockpitd.eval.replay import Options
    from cockpitd.eval.summary import summarise

    tiers = tuple(args.tier or config.understanding.tiers)
    meta = describe(config, tiers, args.name)  # before the run: what is wrong here must not be told after ten minutes
    options = Options(tiers, speak=False)
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "results.jsonl").open("w", encoding="utf-8") as out:

        def take(result: Mapping[str, Any]) -> None:
            out.write(json.dumps(result, ensure_ascii=False) + "\n")

        ran = asyncio.run(run_cases(cases, config, options, take, args.repeat))
    figures = summarise(ran.runs, ran.catalogue, ran.peak_bytes)
    if not figures["judged"]:
        raise ConfigError("eval-no-cases", "no case says what is expected, so there is nothing to evaluate")
    return {"format": FORMAT, "meta": meta, "figures": figures}


def _write(out: Path, report: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> None:
    from cockpitd.eval import html, markdown

    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(markdown.page(report, variants), encoding="utf-8")
    (out / "report.html").write_text(html.page(report, variants), encoding="utf-8")
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if report["figures"]["errors"]:
        print(f"{report['figures']['errors']} cases could not be run; see {out / 'results.jsonl'}", file=sys.stderr)
