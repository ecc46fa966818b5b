"""Floors, which keep a change from making things worse: read from a file and held against figures; not the targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cockpitd.errors import ConfigError
from cockpitd.eval.targets import TARGETS, Target, bare, percent

NAMES = {target.key: target for target in TARGETS}
NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


@dataclass(frozen=True, slots=True)
class Floor:
    """The least share that a metric may have; where less is better, the most."""

    target: Target
    bound: float


@dataclass(frozen=True, slots=True)
class Held:
    """One floor beside what was measured."""

    title: str
    measured: str
    detail: str
    """So many of so many."""
    bound: str
    kept: bool


def read_floors(path: Path) -> tuple[Floor, ...]:
    """Read `metric: share` lines; raises `ConfigError("eval-floors")` naming file and line."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("eval-floors", f"{path}: cannot be read ({exc}); check --floors") from exc
    except yaml.YAMLError as exc:
        raise ConfigError("eval-floors", f"{path}: not valid YAML: {' '.join(str(exc).split())}") from exc
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise ConfigError("eval-floors", f"{path}: must hold lines of `metric: share`, such as `intent: 0.9`")
    floors: dict[str, Floor] = {}
    for key, value in node.value:
        where = f"{path}:{key.start_mark.line + 1}"
        target = _target(key, where)
        if target.key in floors:
            raise ConfigError("eval-floors", f"{where}: {target.key} is given twice; keep one")
        floors[target.key] = Floor(target, _bound(value, f"{where}: {target.key}"))
    return tuple(floors.values())


def hold(floors: Sequence[Floor], found: Mapping[str, Any]) -> Iterator[Held]:
    """Hold the figures against every floor; what no case tells is not kept, nor is a run that left cases out."""
    for floor in floors:
        counts = found["metrics"].get(floor.target.key, {"rate": None})
        yield _held(floor, counts)
    unrun = found["errors"]
    yield Held("Cases that could not be run", str(unrun), f"{unrun} of {found['cases']}", "none", not unrun)


def _held(floor: Floor, counts: Mapping[str, Any]) -> Held:
    rate, below = counts["rate"], floor.target.below
    bound = f"{'≤' if below else '≥'} {bare(floor.bound)}"
    if rate is None:
        return Held(floor.target.title, "–", "no case tells", bound, kept=False)
    kept = rate <= floor.bound if below else rate >= floor.bound
    return Held(floor.target.title, percent(rate), f"{counts['right']} of {counts['total']}", bound, kept)


def _target(key: yaml.Node, where: str) -> Target:
    known = NAMES.get(key.value) if isinstance(key, yaml.ScalarNode) else None
    if known is None:
        told = key.value if isinstance(key, yaml.ScalarNode) else "this key"
        raise ConfigError("eval-floors", f"{where}: {told} is no metric; there are {', '.join(NAMES)}")
    return known


def _bound(value: yaml.Node, where: str) -> float:
    try:
        bound = float(value.value) if value.tag in NUMBERS else -1.0
    except ValueError:  # YAML's own ways of writing a number, such as .nan and 0x1
        bound = -1.0
    if not 0.0 <= bound <= 1.0:
        raise ConfigError("eval-floors", f"{where} must be a share from 0 to 1, such as 0.9")
    return bound
