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
    from cockpitd.eval.cases import read_cases

    cases = [case for path in args.cases for case in read_cases(path, args.where)][: args.limit]
    config = quiet(load(args.config), speak=not args.no_speak)
    with _output(args.out) as out:
        figures = asyncio.run(_replay(args, cases, config, out))
    if args.summary:
        args.summary.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["right"] == figures["judged"] and not figures["errors"] else 1


def quiet(config: Config, *, speak: bool) -> Config:
    """Make a configuration for replay: no microphone, no loudspeaker, and no voice at all unless wanted."""
    changes: dict[str, Any] = {"player": "null"} if config.tts.player == "auto" else {}
    if not speak:
        changes["engine"] = "none"
    return config.model_copy(update={"tts": config.tts.model_copy(update=changes)})


async def _replay(args: argparse.Namespace, cases: Sequence[Any], config: Config, out: TextIO) -> Mapping[str, Any]:
    from cockpitd.app import running
    from cockpitd.eval.memory import peak_bytes
    from cockpitd.eval.replay import Options, replay_all
    from cockpitd.eval.summary import as_text, summarise

    options = Options(tuple(args.tier or ()), dry_run=args.dry_run, speak=not args.no_speak)
    pairs = []
    async with running(config, persist=False) as app:
        async for case, result in replay_all(cases, app.service, app.reset_vehicle, options):
            out.write(json.dumps(result, ensure_ascii=False) + "\n")
            pairs.append((case, result))
            if sys.stderr.isatty():
                print(f"\r{len(pairs)}/{len(cases)}", end="", file=sys.stderr)
        figures = summarise(pairs, app.catalogue)
        peaks = peak_bytes()
    print(as_text(figures, peaks), file=sys.stderr if args.out is None else sys.stdout)
    return {**figures, "peak_bytes": peaks}


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Open the result file, or lend standard output."""
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8") as file:
        yield file
