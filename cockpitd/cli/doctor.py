"""`cockpitd doctor`: prints what the checks found and what to do; the checks themselves stand in `checks.py`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cockpitd import config
from cockpitd.cli import checks, config_keys
from cockpitd.cli.commands import COMMANDS, SubParsers

MARKS = {"ok": "✓", "missing": "✗", "note": "·"}


def register(subparsers: SubParsers) -> None:
    """Add `doctor`."""
    parser = subparsers.add_parser("doctor", help=COMMANDS["doctor"], description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE", help="check what this configuration needs")
    parser.add_argument("--config-keys", action="store_true", help="print every configuration key, and nothing else")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if args.config_keys:
        print(config_keys.table())
        return 0
    settings = config.load(args.config)
    found = [finding for check in checks.CHECKS for finding in check(settings)]
    for finding in found:
        print(f"{MARKS[finding.state]} {finding.part:<18} {finding.text}")
        if finding.remedy:
            print(f"  {'':<18} → {finding.remedy}")
    missing = [finding.part for finding in found if finding.state == "missing"]
    print(
        f"\n{len(missing)} missing: {', '.join(missing)}"
        if missing
        else "\nEverything this configuration needs is here."
    )
    return 1 if missing else 0
