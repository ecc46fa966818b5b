"""The table of sub-commands and the shape each one has; a command's own work stands in the module of its name."""

from __future__ import annotations

import argparse
from typing import TypeAlias

SubParsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (argparse has no public name for it)
"""What `register(subparsers)` of every command module is given.

It calls `subparsers.add_parser(NAME, help=…)` and `parser.set_defaults(run=function)`, where
`function(args: argparse.Namespace) -> int` does the work and returns the exit code.
"""

COMMANDS: dict[str, str] = {
    "demo": "play the recorded and typed demonstration and print what came of it",
    "run": "run the daemon",
    "ask": "say one sentence to a car of your own, without a daemon",
    "replay": "run recorded or typed cases through the flow and measure them",
    "eval": "hold the model and the whole flow against the targets",
    "bench": "measure how fast variants of the language model are here",
    "actions": "list, show, check and document the actions",
    "models": "list, fetch and check the model files",
    "train": "make the data that our own model is taught with",
    "doctor": "say what is missing on this machine and how to get it",
}
"""Name -> one line of help; the module is `cockpitd.cli.NAME`, imported only when it is used."""

TIERS = ("reflex", "phrasebook", "llm")
"""Choices of `--tier`."""
