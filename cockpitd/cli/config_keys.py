"""The configuration keys as a Markdown table, read off `config.py`; the README's copy is checked against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cockpitd.config import Config

BEGIN = "<!-- config:begin -->"
END = "<!-- config:end -->"

PLACES = {
    "state_dir": "`$STATE_DIRECTORY`, else `~/.local/state/cockpitd`",
    "model_dir": "`$COCKPITD_MODELS`, else `~/.cache/cockpitd/models`",
    "socket.path": "`$RUNTIME_DIRECTORY/cockpitd.sock`, else `$XDG_RUNTIME_DIR/cockpitd.sock`",
}
"""Defaults that depend on the machine, in words."""


def table() -> str:
    """Every key, its default and its meaning."""
    rows = [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in _rows("", Config)]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def with_table(readme: str) -> str:
    """Put the table between the README's markers."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


def _rows(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _rows(f"{key}.", field.annotation)
        else:
            yield key, PLACES.get(key) or _default(field), _meaning(field)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    return f"`{_plain(value, octal='mode' in (field.description or ''))}`"


def _plain(value: Any, *, octal: bool) -> str:  # noqa: ANN401 (a default is of any type)
    if octal and isinstance(value, int):
        return f"0o{value:o}"
    if value is None:
        return "null"
    if isinstance(value, os.PathLike):
        return str(Path(value))
    return json.dumps(value, ensure_ascii=False)


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


if __name__ == "__main__":
    page = Path(__file__).parents[2] / "README.md"
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
