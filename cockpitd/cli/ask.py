"""`cockpitd ask`: one or more sentences to a simulated car of your own, without a daemon."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from cockpitd.cli.commands import TIERS, SubParsers
from cockpitd.config import Config, load


def register(subparsers: SubParsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("ask", help="say one sentence to a car of your own, without a daemon")
    parser.add_argument("text", nargs="+", help="what the driver says; several sentences are one conversation")
    parser.add_argument("--lang", choices=("zh", "en"), help="language (default: told from the text)")
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument(
        "--set", metavar="PATH=VALUE", action="append", default=[], help="a signal of the car, e.g. Vehicle.Speed=80"
    )
    parser.add_argument("--tier", choices=TIERS, action="append", help="only this tier answers")
    parser.add_argument("--dry-run", action="store_true", help="judge without executing")
    parser.add_argument("--json", action="store_true", help="print the whole turn")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask and print."""
    return asyncio.run(_ask(args, load(args.config)))


async def _ask(args: argparse.Namespace, config: Config) -> int:
    from cockpitd.app import running
    from cockpitd.cli.show import turn_block
    from cockpitd.ports import TurnRequest

    silent = config.model_copy(
        update={
            "stt": config.stt.model_copy(update={"engine": "none"}),
            "tts": config.tts.model_copy(update={"engine": "none", "player": "null"}),
        }
    )
    request = TurnRequest(lang=args.lang, dry_run=args.dry_run, tiers=tuple(args.tier or ()), speak=False)
    async with running(silent, persist=False) as app:
        app.reset_vehicle(dict(_assignment(text) for text in args.set))
        for text in args.text:
            record = await app.service.say(text, request)
            print(json.dumps(record, ensure_ascii=False, indent=1) if args.json else turn_block(record))
    return 0


def _assignment(text: str) -> tuple[str, bool | int | float | str]:
    """Read PATH=VALUE; a value that is JSON is taken as such, anything else as a string."""
    path, _, value = text.partition("=")
    try:
        read = json.loads(value)
    except json.JSONDecodeError:
        return path, value
    return path, read if isinstance(read, bool | int | float | str) else value
