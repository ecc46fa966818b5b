"""The `cockpitd` program: it finds the sub-command, runs it and turns a breakage into one line; no command's work."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cockpitd import __version__
from cockpitd.cli.commands import COMMANDS
from cockpitd.errors import CockpitError

EXIT_BREAKAGE = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 good, 1 the command's own no, 2 a breakage or wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        args = _parser(_chosen(arguments)).parse_args(arguments)
        code = int(args.run(args))
        sys.stdout.flush()
    except CockpitError as exc:
        print(f"cockpitd: {exc}", file=sys.stderr)
        return EXIT_BREAKAGE
    except KeyboardInterrupt:
        print("cockpitd: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # `cockpitd actions list | head`: the reader has what it wanted. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _chosen(arguments: Sequence[str]) -> str:
    """First word that is not an option; only that command's module is imported."""
    return next((word for word in arguments if not word.startswith("-")), "")


def _parser(chosen: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cockpitd",
        description="An offline voice and command daemon for a car cockpit.",
        epilog="A running daemon is driven by `cockpitctl`.",
    )
    parser.add_argument("--version", action="version", version=f"cockpitd {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if name == chosen:
            import_module(f"cockpitd.cli.{name}").register(subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return parser
