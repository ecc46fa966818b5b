"""`cockpitd actions`: list, show, check and document the action files; the work stands in `cockpitd.catalogue`."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from pathlib import Path

from cockpitd import config
from cockpitd.catalogue import describe, examine
from cockpitd.catalogue.load import Examined
from cockpitd.cli.commands import COMMANDS, SubParsers
from cockpitd.errors import CatalogueError


def register(subparsers: SubParsers) -> None:
    """Add `actions` and its own sub-commands."""
    parser = subparsers.add_parser("actions", help=COMMANDS["actions"], description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file (for its `actions:`)")
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    _add(what, "list", "one line an action").set_defaults(run=_list)
    show = what.add_parser("show", help="everything about one action")
    show.add_argument("name", metavar="NAME", help="UPPER_SNAKE name, in any case")
    show.add_argument("dirs", nargs="*", type=Path, metavar="DIR", help="more action files")
    show.set_defaults(run=_show)
    _add(what, "lint", "check every file; exit code 1 when something is wrong").set_defaults(run=_lint)
    _add(what, "docs", "print the Markdown reference of all actions").set_defaults(run=_docs)


def _add(what: SubParsers, name: str, summary: str) -> argparse.ArgumentParser:
    parser = what.add_parser(name, help=summary)
    parser.add_argument("dirs", nargs="*", type=Path, metavar="DIR", help="more directories or files of actions")
    return parser


def _examine(args: argparse.Namespace, *, phrases: bool = False) -> Examined:
    configured = config.load(args.config).actions
    return examine(extra=(*configured, *args.dirs), phrases=phrases)


def _list(args: argparse.Namespace) -> int:
    examined = _examine(args)
    for line in describe.table(examined.catalogue):
        print(line)
    print(f"\n{len(examined.catalogue.actions)} actions. `cockpitd actions show NAME` tells all about one.")
    return _broken(examined)


def _show(args: argparse.Namespace) -> int:
    examined = _examine(args)
    name = args.name.upper()
    spec = examined.catalogue.actions.get(name)
    if spec is None:
        near = get_close_matches(name, examined.catalogue.actions, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`cockpitd actions list` names all"
        raise CatalogueError("catalogue-action-unknown", f"no action is called {name}; {hint}")
    for line in describe.show(spec, examined.catalogue.signals):
        print(line)
    return 0


def _lint(args: argparse.Namespace) -> int:
    examined = _examine(args, phrases=True)
    last = ""
    for problem in sorted(examined.problems, key=lambda problem: (problem.file, problem.line)):
        if problem.file != last:
            print(problem.file)
            last = problem.file
        key = f"{problem.key}: " if problem.key else ""
        print(f"  {problem.line}: {key}{problem.message} [{problem.code}]")
    count = len(examined.problems)
    print(f"{examined.files} files, {len(examined.catalogue.actions)} good actions, {count or 'no'} problems")
    return 1 if count else 0


def _docs(args: argparse.Namespace) -> int:
    examined = _examine(args)
    for line in describe.markdown(examined.catalogue):
        print(line)
    return _broken(examined)


def _broken(examined: Examined) -> int:
    """Point to the check when files were left out."""
    if not examined.problems:
        return 0
    first = examined.problems[0]
    raise CatalogueError(first.code, f"left out: {first}; `cockpitd actions lint` tells all {len(examined.problems)}")
