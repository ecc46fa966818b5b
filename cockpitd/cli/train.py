"""`cockpitd train`: make the data that our own model is taught with; the work stands in `cockpitd.training`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from cockpitd.cli.commands import COMMANDS, SubParsers


def register(subparsers: SubParsers) -> None:
    """Add `train` and its own sub-commands."""
    parser = subparsers.add_parser("train", help=COMMANDS["train"], description=__doc__)
    actions = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    data = actions.add_parser("data", help="generate the rows from the patterns and lexicons of this checkout")
    data.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files are written")
    data.add_argument("--seed", type=int, default=1)
    data.add_argument("--count", type=int, default=54_000, metavar="N", help="how many rows to aim at")
    data.add_argument("--hold-back", nargs="*", default=[], metavar="ACTION", help="teach nothing of these actions")
    data.set_defaults(run=_data)


def _data(args: argparse.Namespace) -> int:
    from cockpitd import catalogue
    from cockpitd.errors import ConfigError
    from cockpitd.training import data, nearness, rows

    directory = data.data_directory()
    if not (directory / "patterns").is_dir():
        raise ConfigError("train-no-patterns", f"{directory}: no patterns here; they come with a checkout of cockpitd")
    known = catalogue.load()
    unknown = sorted(set(args.hold_back) - set(known.actions))
    if unknown:
        raise ConfigError(
            "train-unknown-action", f"--hold-back {unknown[0]}: no such action; see `cockpitd actions list`"
        )
    excluded = nearness.inputs(data.evaluation_inputs())
    recipe = data.Recipe(args.seed, args.count, frozenset(args.hold_back))
    made = data.generate(known, recipe, excluded)
    about = {"seed": recipe.seed, "count": recipe.count, "held_back": sorted(recipe.held_back)}
    manifest = rows.write(made.rows, args.out, {**about, "excluded": len(excluded), "dropped": dict(made.dropped)})
    _print(manifest)
    print(f"written to {args.out}")
    return 0


def _print(manifest: Mapping[str, object]) -> None:
    for name, value in manifest.items():
        if name == "actions" and isinstance(value, dict):
            print("rows an action, zh and en:")
            for action in sorted({key.split()[0] for key in value}):
                print(f"  {action:<32} {value.get(f'{action} zh', 0):>6} {value.get(f'{action} en', 0):>6}")
        else:
            print(f"{name}: {value}")
