"""What was evaluated: the model by its configuration and its file's name; no figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cockpitd import __version__
from cockpitd.config import Config
from cockpitd.errors import CockpitError
from cockpitd.models import catalog, store

QUANTIZATION = re.compile(r"(?<![a-z0-9])(i?q\d_[a-z0-9_]+|bf16|fp?16|f32|w4a16|int[48])(?![a-z0-9])", re.IGNORECASE)
PARAMETERS = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?[mb])(?![a-z0-9])", re.IGNORECASE)


def describe(config: Config, tiers: Sequence[str], name: str | None) -> dict[str, Any]:
    """Give the head of a report."""
    without = config.llm.engine == "none"
    used = [tier for tier in tiers if not (without and tier == "llm")]
    base = {"tiers": used, "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "cockpitd": __version__}
    if "llm" not in used:
        plain = "no language model"
        unknown = dict.fromkeys(("title", "quantization", "parameters"), "")
        return {**base, "name": name or plain, "model": plain, "model_bytes": 0, **unknown}
    model = config.llm.model
    known = catalog.load().get(model)
    title = known.title if known else ""
    file, adapter = (_file(config, name) for name in (model, config.llm.adapter))
    beside = f" + {adapter.name}" if adapter else ""
    words = f"{file.name if file else ''} {model} {title}"
    return {
        **base,
        "name": name or re.sub(r".*/|\.gguf$", "", model) + beside,
        "model": model + beside,
        "title": title,
        "model_bytes": sum(one.stat().st_size for one in (file, adapter) if one),
        "quantization": _first(QUANTIZATION, words),
        "parameters": _first(PARAMETERS, words),
    }


def _file(config: Config, name: str) -> Path | None:
    try:
        return store.locate(config.model_dir, name) if name else None
    except CockpitError:
        return None


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].upper() if found else ""
