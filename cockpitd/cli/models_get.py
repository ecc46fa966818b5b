"""`cockpitd models pull`, `add` and `rm`: models from elsewhere come and go; only here the network code loads."""

from __future__ import annotations

import argparse
from pathlib import Path

from cockpitd import config
from cockpitd.cli.commands import SubParsers
from cockpitd.errors import ModelError
from cockpitd.models import catalog, own, store
from cockpitd.models.own import Wanted
from cockpitd.models.progress import Console


def register(actions: SubParsers) -> None:
    """Add the three sub-commands of `models`."""
    get = actions.add_parser("pull", help="download a model of the list, or a GGUF from any address, and check it")
    get.add_argument("what", metavar="NAME|URL")
    get.add_argument("--sha256", default="", metavar="HEX", help="what the file must be; required with a URL")
    get.add_argument("--name", default="", help="to call a URL's model by (default: the file's name)")
    get.add_argument("--licence", default="", help="its licence, when its file does not tell")
    get.set_defaults(run=_pull)
    lay = actions.add_parser("add", help="install a GGUF file that was carried over; no network is needed")
    lay.add_argument("file", type=Path, metavar="FILE")
    lay.add_argument("--name", required=True, help="to call it by, as in `llm: {model: NAME}`")
    lay.add_argument("--sha256", default="", metavar="HEX", help="what the file must be")
    lay.add_argument("--licence", default="", help="its licence, when its file does not tell")
    lay.add_argument("--link", action="store_true", help="a hard link instead of a copy, where the disk allows")
    lay.set_defaults(run=_add)
    drop = actions.add_parser("rm", help="delete an installed model")
    drop.add_argument("name", metavar="NAME")
    drop.add_argument("--force", action="store_true", help="even one of the defaults")
    drop.set_defaults(run=_rm)


def _pull(args: argparse.Namespace) -> int:
    from cockpitd.models import pull  # the network code: no other command loads it

    model_dir = chosen_dir(args)
    if "://" in args.what:
        wanted = Wanted(args.name, args.sha256.lower(), args.licence)
        model = pull.pull_url(args.what, wanted, model_dir, Console())
        print(
            f"{model.name}: installed ({store.directory(model_dir, model)}); use it with llm: {{model: {model.name}}}"
        )
        return 0
    known = catalog.known(model_dir)
    if args.what not in known:
        raise ModelError("model-unknown", f"{args.what}: no such model; known are {', '.join(known)}; or give a URL")
    model = known[args.what]
    if model.source in ("pypi", "build"):
        where = "comes from PyPI" if model.source == "pypi" else "is made on this device"
        raise ModelError("model-kind", f"{model.name} {where}: {store.remedy(model_dir, model)}")
    if args.sha256 or args.name:
        raise ModelError("model-pinned", f"{model.name} is pinned in the list: --sha256 and --name go with a URL")
    done = pull.pull(model, model_dir, Console())
    print(f"{model.name}: {'installed' if done else 'already there and whole'} ({store.directory(model_dir, model)})")
    return 0


def _add(args: argparse.Namespace) -> int:
    model_dir = chosen_dir(args)
    wanted = Wanted(args.name, args.sha256.lower(), args.licence, link=args.link)
    model = own.add(args.file, wanted, model_dir, Console())
    print(f"{model.name}: installed ({store.directory(model_dir, model)}), sha256 {model.files[0].sha256}")
    print(f"Use it with llm: {{model: {model.name}}}; it takes about {model.memory_mib} MiB at work.")
    return 0


def _rm(args: argparse.Namespace) -> int:
    own.remove(args.name, chosen_dir(args), Console(), force=args.force)
    print(f"{args.name}: removed")
    return 0


def chosen_dir(args: argparse.Namespace) -> Path:
    """Tell where the models lie: as the command line says, else as the configuration does."""
    chosen: Path | None = args.model_dir
    return config.load(args.config).model_dir if chosen is None else chosen
