"""Checks YAML data against the meta-schemas and turns what jsonschema says into sentences; no other checks here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from cockpitd.catalogue.source import Problem, Source, Where
from cockpitd.domain.units import LANGS
from cockpitd.errors import CatalogueError

NAMES = ("action.schema.json", "signals.schema.json")

_CODE_BY_PATH: dict[Where, tuple[str, str]] = {
    ("action",): ("action-name", "must be UPPER_SNAKE with the domain first, such as MUSIC_PLAY"),
    ("ttl_ms",): ("ttl", "must be a whole number of milliseconds from 500 to 60000"),
}


class MetaSchemas:
    """The two meta-schemas, ready to validate."""

    def __init__(self, schemas: Path) -> None:
        texts = {name: _read(schemas / name) for name in NAMES}
        registry: Registry[Any] = Registry().with_resources(
            (name, Resource.from_contents(content)) for name, content in texts.items()
        )
        self._validators = {name: Draft202012Validator(text, registry=registry) for name, text in texts.items()}

    def action(self, source: Source) -> list[Problem]:
        """Check an action file."""
        return self._check("action.schema.json", source)

    def signals(self, source: Source) -> list[Problem]:
        """Check a signal file."""
        return self._check("signals.schema.json", source)

    def _check(self, name: str, source: Source) -> list[Problem]:
        errors = self._validators[name].iter_errors(source.data)
        return [_problem(error, source) for error in _leaves(errors)]


def _read(path: Path) -> Any:  # noqa: ANN401 (JSON)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise CatalogueError("catalogue-meta-schema", f"{path}: cannot be read as JSON ({exc}); install again") from exc


def _leaves(errors: Any) -> Iterator[ValidationError]:  # noqa: ANN401 (jsonschema's errors are untyped)
    for error in errors:
        if error.context:
            yield from _leaves(error.context)
        else:
            yield error


def _problem(error: ValidationError, source: Source) -> Problem:
    where: Where = tuple(error.absolute_path)
    if where in _CODE_BY_PATH:
        code, message = _CODE_BY_PATH[where]
        return source.problem(code, where, f"{error.instance!r} {message}")
    if isinstance(error.instance, bool) and error.validator in ("type", "enum"):
        message = f"is the boolean {error.instance}: quote the word (unquoted on, off, yes, no are booleans in YAML)"
        return source.problem("yaml-boolean", where, message)
    if error.validator == "required":
        return _missing(error, where, source)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        return source.problem("unknown-key", where, f"{error.message}; known keys: {', '.join(sorted(known))}")
    return source.problem("schema", where, error.message)


def _missing(error: ValidationError, where: Where, source: Source) -> Problem:
    key = error.message.split("'")[1]
    if key in LANGS:
        return source.problem("language-missing", where, f"`{key}` is missing; every text is needed in zh and en")
    return source.problem("missing-key", where, f"`{key}` is missing; add it")
