"""`cockpitd run`: the daemon itself, from start to a clean stop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from cockpitd.cli.commands import SubParsers
from cockpitd.config import Config, load


def register(subparsers: SubParsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("run", help="run the daemon")
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--socket", type=Path, help="Unix socket, instead of the configured one")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reads the action files again."""
    logging.basicConfig(level=args.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    config = load(args.config)
    if args.socket:
        config = config.model_copy(update={"socket": config.socket.model_copy(update={"path": args.socket})})
    asyncio.run(_serve(config))
    return 0


async def _serve(config: Config) -> None:
    from cockpitd.app import App
    from cockpitd.daemon import Daemon

    stop = asyncio.Event()
    daemon = Daemon(App(config))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload_soon)
    await daemon.serve(stop)
