"""`cockpitd train mix`: average adapters of several rounds; the work stands in `cockpitd.training.adapter`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cockpitd.cli.commands import SubParsers


def register(actions: SubParsers) -> None:
    """Add the sub-command of `train`."""
    mix = actions.add_parser("mix", help="average adapters that were trained one from the other")
    mix.add_argument("adapters", nargs="+", type=_share, metavar="FILE=SHARE", help="say r2.gguf=0.2 r3.gguf=0.8")
    mix.add_argument("--out", type=Path, required=True, metavar="FILE")
    mix.set_defaults(run=_mix)


def _share(given: str) -> tuple[Path, float]:
    path, _, share = given.rpartition("=")
    try:
        found = float(share)
    except ValueError:
        found = 0.0
    if not path or not found > 0:
        raise argparse.ArgumentTypeError(f"{given}: write it as FILE=SHARE, with a share above 0")
    return Path(path), found


def _mix(args: argparse.Namespace) -> int:
    from cockpitd.errors import ConfigError
    from cockpitd.training import adapter

    missing = [path for path, _ in args.adapters if not path.is_file()]
    if missing:
        raise ConfigError("train-no-adapter", f"{missing[0]}: no such file")
    print(f"{args.out}: sha256 {adapter.mix(dict(args.adapters), args.out)}")
    return 0
