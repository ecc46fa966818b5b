"""Reads the action, signal and reply files into one catalogue, or says everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from cockpitd import paths
from cockpitd.catalogue import build
from cockpitd.catalogue.actions import check_action
from cockpitd.catalogue.overlap import check_overlap
from cockpitd.catalogue.replies import check_shared_replies
from cockpitd.catalogue.schema import MetaSchemas
from cockpitd.catalogue.signals import check_signal
from cockpitd.catalogue.source import Problem, Source, display, read
from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.domain.units import LANGS, Lang
from cockpitd.domain.vehicle import Signal
from cockpitd.errors import CatalogueError

Stamp: TypeAlias = tuple[int, int]
"""Modification time in ns and size: a file that kept both is not read again, so that a reload costs what changed."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look at all files gave."""

    catalogue: Catalogue
    """Every action that has no problem of its own."""
    problems: tuple[Problem, ...]
    files: int
    """How many files were read."""


def load(builtin: Path | None = None, extra: Sequence[Path] = ()) -> Catalogue:
    """Read all files; the first problem is raised as `CatalogueError` and tells how many more there are.

    `builtin` is a directory with `actions/`, `signals.yaml`, `replies.yaml` and the meta-schemas (None: the one that
    ships with cockpitd); `extra` are further directories (or single files) of actions. Phrase overlap between actions
    is left to `examine(..., phrases=True)`, as it is a matter for authors and costs start-up time.
    """
    schemas = builtin or paths.schemas_dir()
    files = (*_signal_files(schemas), *_action_files(schemas, extra), schemas / "replies.yaml", *_meta_files(schemas))
    return _loaded(schemas, tuple(extra), tuple((path, _stamp(path)) for path in files))


@lru_cache(maxsize=2)
def _loaded(schemas: Path, extra: tuple[Path, ...], _files: tuple[tuple[Path, Stamp], ...]) -> Catalogue:
    """Make a catalogue; files that have not changed give the very same one, and what is compiled from it stays good."""
    examined = examine(schemas, extra)
    if examined.problems:
        first, more = examined.problems[0], len(examined.problems) - 1
        tail = f" (and {more} more; run `cockpitd actions lint`)" if more else ""
        raise CatalogueError(first.code, f"{first}{tail}")
    return examined.catalogue


def examine(builtin: Path | None = None, extra: Sequence[Path] = (), *, phrases: bool = False) -> Examined:
    """Read all files and collect every problem; `phrases` adds the comparison of all phrases with each other."""
    schemas = builtin or paths.schemas_dir()
    problems: list[Problem] = []
    meta = _meta(schemas, *(_stamp(path) for path in _meta_files(schemas)))
    files = dict.fromkeys(path.resolve() for path in (*_signal_files(schemas), *_action_files(schemas, extra)))
    looked = [_look(path, _stamp(path), meta) for path in files]
    problems.extend(problem for _, found in looked for problem in found)
    valid = [source for source, found in looked if source is not None and not found]
    signals = _signals(valid, problems)
    actions = _actions([source for source in valid if "action" in source.data], signals, problems)
    if phrases:
        problems.extend(check_overlap([(actions[name], source) for name, source in _named(valid) if name in actions]))
    replies = _replies(schemas / "replies.yaml", problems)
    catalogue = Catalogue(build.frozen(actions), build.frozen(signals), replies)
    return Examined(catalogue, tuple(dict.fromkeys(problems)), len(files))


def _meta_files(schemas: Path) -> list[Path]:
    return sorted(schemas.glob("*.schema.json"))


def _signal_files(schemas: Path) -> Iterator[Path]:
    yield schemas / "signals.yaml"
    yield from sorted((schemas / "signals").rglob("*.yaml"))


def _action_files(schemas: Path, extra: Sequence[Path]) -> Iterator[Path]:
    yield from sorted((schemas / "actions").rglob("*.yaml"))
    for place in extra:
        if place.is_dir():
            yield from sorted(place.rglob("*.yaml"))
        elif place.exists():
            yield place
        else:
            raise CatalogueError("catalogue-directory", f"{display(place)}: no such directory; check `actions:` or DIR")


def _stamp(path: Path) -> Stamp:
    try:
        told = path.stat()
    except OSError:
        return (0, 0)  # reading it will say what is wrong
    return (told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=4)
def _meta(schemas: Path, *_stamps: Stamp) -> MetaSchemas:
    return MetaSchemas(schemas)


@lru_cache(maxsize=2048)
def _look(path: Path, _stamp: Stamp, meta: MetaSchemas) -> tuple[Source | None, tuple[Problem, ...]]:
    """Read one file and hold it against its meta-schema."""
    match read(path):
        case Problem() as problem:
            return None, (problem,)
        case source:
            found = meta.action(source) if "action" in source.data else meta.signals(source)
            return source, tuple(found)


def _signals(sources: Iterable[Source], problems: list[Problem]) -> dict[str, Signal]:
    found: dict[str, Signal] = {}
    first: dict[str, Source] = {}
    for source in sources:
        for path, data in source.data.get("signals", {}).items():
            made = build.signal(path, data)
            if path not in found:
                found[path], first[path] = made, source
                problems.extend(check_signal(made, data, source))
            elif found[path] != made:
                message = f"is declared differently in {first[path].name}; keep one of the two"
                problems.append(source.problem("signal-twice", ("signals", path), message))
    return found


def _actions(
    sources: Iterable[Source], signals: Mapping[str, Signal], problems: list[Problem]
) -> dict[str, ActionSpec]:
    found: dict[str, ActionSpec] = {}
    for source in sources:
        spec = build.action(source)
        if spec.name in found:
            message = f"{spec.name} is already described in {found[spec.name].source}; rename one"
            problems.append(source.problem("action-twice", ("action",), message))
            continue
        own = list(check_action(spec, source, signals))
        problems.extend(own)
        if not own:
            found[spec.name] = spec
    return found


def _named(sources: Iterable[Source]) -> Iterator[tuple[str, Source]]:
    seen: set[str] = set()
    for source in sources:
        name = source.data.get("action", "")
        if name and name not in seen:
            seen.add(name)
            yield name, source


def _replies(path: Path, problems: list[Problem]) -> Mapping[Lang, Mapping[str, str]]:
    source = read(path)
    if isinstance(source, Problem):
        problems.append(source)
        return build.frozen({lang: build.frozen({}) for lang in LANGS})
    found = list(check_shared_replies(source))
    problems.extend(found)
    table = source.data.get("replies", {}) if not found else {}
    return build.frozen({lang: build.frozen(table.get(lang, {})) for lang in LANGS})
