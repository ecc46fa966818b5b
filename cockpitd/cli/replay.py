"""`cockpitd replay`: recorded or typed cases through the live flow, a result a line, figures at the end."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from cockpitd.cli.commands import TIERS, SubParsers
from cockpitd.config import Config, load
from cockpitd.eval.cases import Case, read_cases


def register(subparsers: SubParsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("replay", help="run recorded or typed cases through the flow and measure them")
    parser.add_argument("cases", type=Path, nargs="+", help="case files, JSON Lines")
    parser.add_argument("--out", type=Path, help="where to write one result a line (default: standard output)")
    parser.add_argument("--summary", type=Path, help="also write the figures as JSON")
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--tier", choices=TIERS, action="append", help="only this tier answers")
    parser.add_argument("--dry-run", action="store_true", help="judge without executing")
    parser.add_argument("--no-speak", action="store_true", help="do not synthesise the answers")
    parser.add_argument("--limit", type=int, help="only the first N cases")
    parser.add_argument("--where", metavar="KEY=VALUE", help="only cases whose line has this value, e.g. rate=1.0")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay; the exit code is 1 when a judged case was not right."""
    cases = [case for path in args.cases for case in read_cases(path, args.where)][: args.limit]
    with _output(args.out) as out:
        figures = _replay(args, cases, load(args.config), out)
    if args.summary:
        args.summary.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["right"] == figures["judged"] and not figures["errors"] else 1


def _replay(args: argparse.Namespace, cases: Sequence[Case], config: Config, out: TextIO) -> Mapping[str, Any]:
    from cockpitd.cli.case_runs import run_cases
    from cockpitd.eval.replay import Options
    from cockpitd.eval.summary import as_text, summarise

    def take(result: Mapping[str, Any]) -> None:
        out.write(json.dumps(result, ensure_ascii=False) + "\n")

    options = Options(tuple(args.tier or ()), dry_run=args.dry_run, speak=not args.no_speak)
    ran = asyncio.run(run_cases(cases, config, options, take))
    figures = summarise(ran.runs, ran.catalogue, ran.peak_bytes)
    print(as_text(figures), file=sys.stderr if args.out is None else sys.stdout)
    return figures


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Open the result file, or lend standard output."""
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8") as file:
        yield file
