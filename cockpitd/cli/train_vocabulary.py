"""`cockpitd train vocabulary`: list the tokens our model must keep; the work stands in `cockpitd.training`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cockpitd.cli.commands import SubParsers


def register(actions: SubParsers) -> None:
    """Add the sub-command of `train`."""
    keep = actions.add_parser("vocabulary", help="list the tokens that our model must keep, for `models build`")
    keep.add_argument("--data", type=Path, required=True, metavar="DIR", help="what `train data` wrote")
    keep.add_argument("--out", type=Path, metavar="FILE", help="instead of the list in this checkout")
    keep.set_defaults(run=_vocabulary)


def _vocabulary(args: argparse.Namespace) -> int:
    from cockpitd import config
    from cockpitd.errors import ConfigError
    from cockpitd.models import catalog, store
    from cockpitd.paths import models_dir
    from cockpitd.training import vocabulary

    recipe = catalog.load()["cockpit-n"].recipe
    if recipe is None or not list(args.data.glob("*.jsonl")):
        raise ConfigError("train-no-rows", f"{args.data}: no rows here; `cockpitd train data --out DIR` writes them")
    base = store.locate(config.load(None).model_dir, recipe.base)
    tokens = vocabulary.needed(base, vocabulary.texts(vocabulary.read_rows(args.data)))
    out: Path = args.out or models_dir() / recipe.vocabulary
    out.write_bytes("".join(f"{token}\n" for token in tokens).encode())
    print(f"{out}: {len(tokens)} tokens beyond the rule")
    return 0
