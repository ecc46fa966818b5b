"""One YAML file of the catalogue, its problems and their lines; what the file means stands in the other modules."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from cockpitd.errors import CatalogueError

Where: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of a file down to the value meant."""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the C loader exists only where libyaml does
    """Safe loading in which a key that stands twice is an error instead of the later one winning silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 (PyYAML's signature)
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                message = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one file."""

    code: str
    """Stable, `catalogue-<what>`."""
    file: str
    line: int
    """1 when the place is the whole file."""
    key: str
    """Dotted key, empty when the file as a whole is meant."""
    message: str
    """What is wrong and what to do, half a sentence."""

    def __str__(self) -> str:
        where = f"{self.key}: " if self.key else ""
        return f"{self.file}:{self.line}: {where}{self.message}"

    def error(self) -> CatalogueError:
        """The same as an exception."""
        return CatalogueError(self.code, str(self))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read, as plain YAML data."""

    path: Path
    text: str
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The path as a reader would type it."""
        return display(self.path)

    def problem(self, code: str, where: Where, message: str) -> Problem:
        """Say what is wrong at `where`."""
        return Problem(f"catalogue-{code}", self.name, self.line(where), ".".join(str(part) for part in where), message)

    def line(self, where: Where) -> int:
        """Line of the deepest part of `where` that the file has; composed only when a problem asks for it."""
        node: yaml.Node | None = yaml.compose(self.text, Loader=_Base)
        line = 1
        for part in where:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line


def display(path: Path) -> str:
    """Path relative to the working directory where that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def read(path: Path) -> Source | Problem:
    """Read one file; a file that is no YAML mapping with text keys is a problem."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        return _whole("unreadable", path, 1, f"cannot be read ({exc})")
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader, see _Base)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        return _whole("yaml", path, line, f"not valid YAML: {exc.problem or exc.context}; check quotes and indentation")
    except yaml.YAMLError as exc:
        return _whole("yaml", path, 1, f"not valid YAML: {' '.join(str(exc).split())}")
    if not isinstance(data, dict):
        return _whole("yaml", path, 1, "the file must hold keys and values; begin with `action: NAME`")
    source = Source(path, text, data)
    return next(_boolean_keys(data, (), source), source)


def _whole(code: str, path: Path, line: int, message: str) -> Problem:
    return Problem(f"catalogue-{code}", display(path), line, "", message)


def _boolean_keys(data: Any, where: Where, source: Source) -> Iterator[Problem]:  # noqa: ANN401 (YAML data)
    """Find keys that YAML did not read as text; whole numbers (`map: {1: LOW}`) are meant and become text here."""
    if isinstance(data, list):
        for position, item in enumerate(data):
            yield from _boolean_keys(item, (*where, position), source)
    if not isinstance(data, dict):
        return
    for key in [key for key in data if isinstance(key, int) and not isinstance(key, bool)]:
        data[str(key)] = data.pop(key)
    for key in [key for key in data if not isinstance(key, str)]:
        word = f"{key!r} here" if isinstance(key, bool) else repr(key)
        message = f"a key is {word}, not text: quote it (unquoted on, off, yes, no, true, false are booleans in YAML)"
        yield source.problem("yaml-boolean", where, message)
        return
    for key, value in data.items():
        yield from _boolean_keys(value, (*where, key), source)


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    return None
