"""The sentence files under tests/corpus and tests/rejections as rows; what must hold for them stands in the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cockpitd.domain.units import Lang, Scalar

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence and what is expected of it."""

    file: str
    say: str
    lang: Lang
    actions: tuple[tuple[str, Mapping[str, Scalar]], ...] = ()
    category: str = ""
    topic: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.say}"


def rows(folder: str) -> list[Row]:
    """Read every file of a folder."""
    return [
        _row(path.name, data)
        for path in sorted((TESTS / folder).glob("*.yaml"))
        for data in yaml.safe_load(path.read_text(encoding="utf-8")) or []
    ]


def _row(file: str, data: Mapping[str, Any]) -> Row:
    several = data.get("actions") or ([data] if "action" in data else [])
    actions = tuple((each["action"], dict(each.get("parameters") or {})) for each in several)
    return Row(file, str(data["say"]), data["lang"], actions, data.get("category", ""), data.get("topic", ""))
