"""Replay cases: reading JSON Lines, one clear sentence for each bad line; nothing is run here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpitd.domain.units import Lang, Scalar
from cockpitd.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ExpectedAction:
    """One action a case should lead to."""

    name: str
    parameters: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case should lead to; an empty list means: nothing may be done."""

    actions: tuple[ExpectedAction, ...]
    verdict: str = ""
    """If given, the verdict of every expected action."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a case file."""

    ident: str
    lang: Lang | None
    text: str
    """Typed input; empty for audio."""
    audio: Path | None
    category: str = "uncategorised"
    session: str = ""
    """Cases with the same name are one conversation, in file order; empty: a conversation of its own."""
    state: Mapping[str, Scalar] = field(default_factory=dict)
    """VSS path -> value, set in the simulated car before the case."""
    expected: Expected | None = None
    reference: str = ""
    """What was really said in `audio`, for the character error rate."""
    priority: str = ""
    max_latency_ms: int | None = None


def read_cases(path: Path, where: str | None = None) -> list[Case]:
    """Read a case file; raises `ConfigError("replay-…")` naming file and line.

    `where` is `KEY=VALUE`: only lines whose KEY, written as JSON or plainly, is VALUE are taken.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("replay-unreadable", f"{path}: cannot be read ({exc})") from exc
    numbered = [(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    read = [(_object(line, f"{path}:{number}"), number) for line, number in numbered]
    cases = [_case(data, path, number) for data, number in read if _chosen(data, where)]
    seen: set[str] = set()
    for case in cases:
        if case.ident in seen:
            raise ConfigError("replay-duplicate", f"{path}: the id {case.ident!r} is used twice")
        seen.add(case.ident)
    return cases


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as exc:
        raise ConfigError("replay-syntax", f"{where}: not one JSON object a line: {exc.msg}") from exc
    if not isinstance(data, dict):
        raise ConfigError("replay-syntax", f"{where}: not a JSON object")
    return data


def _chosen(data: Mapping[str, Any], where: str | None) -> bool:
    if where is None:
        return True
    key, _, value = where.partition("=")
    return value in (str(data.get(key)), json.dumps(data.get(key)))


def _case(data: Mapping[str, Any], path: Path, number: int) -> Case:
    where = f"{path}:{number}"
    if isinstance(data.get("input"), str) == isinstance(data.get("audio"), str):
        raise ConfigError("replay-case", f"{where}: a case needs either `input` (text) or `audio` (a WAV file)")
    audio = data.get("audio")
    latency = data.get("max_latency_ms")
    return Case(
        ident=str(data.get("id") or audio or number),
        lang=_lang(data.get("lang"), where),
        text=data.get("input", ""),
        audio=path.parent / audio if audio else None,
        category=str(data.get("category", "uncategorised")),
        session=str(data.get("session", "")),
        state=_mapping(data.get("state", {}), where, "state"),
        expected=_expected(data.get("expected"), where),
        reference=str(data.get("text", "")),
        priority=str(data.get("priority", "")),
        max_latency_ms=int(latency) if latency is not None else None,
    )


def _lang(value: object, where: str) -> Lang | None:
    if value is None:
        return None
    primary = str(value).split("-")[0].lower()
    if primary == "zh":
        return "zh"
    if primary == "en":
        return "en"
    raise ConfigError("replay-case", f"{where}: lang {value!r} is neither zh nor en")


def _mapping(value: object, where: str, key: str) -> Mapping[str, Scalar]:
    if not isinstance(value, dict):
        raise ConfigError("replay-case", f"{where}: `{key}` must be an object")
    return value


def _expected(value: Any, where: str) -> Expected | None:  # noqa: ANN401 (raw JSON)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ConfigError("replay-case", f"{where}: `expected` must be an object")
    raw: Sequence[Any] | None = value.get("actions", [value] if "action" in value else None)
    if raw is None:
        raise ConfigError("replay-case", f"{where}: `expected` needs `actions` (a list) or `action`")
    actions = []
    for item in raw:
        if not isinstance(item, dict) or not isinstance(item.get("action"), str):
            raise ConfigError("replay-case", f"{where}: each expected action needs `action` and `parameters`")
        parameters = _mapping(item.get("parameters", {}), where, "parameters")
        actions.append(ExpectedAction(item["action"], parameters))
    return Expected(tuple(actions), str(value.get("verdict", "")))
