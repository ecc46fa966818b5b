"""How a turn looks on a terminal; standard library only, so that every program can afford it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MARK = {"allow": "✓", "confirm": "?", "refuse": "✗", "rejected": "✗"}

STAGES = ("stt", "repair", "understand", "judge", "execute", "first_sound", "total")


def turn_block(record: Mapping[str, Any]) -> str:
    """Lay one turn record out in a few lines."""
    heard, text = record["heard"], record["transcript"]
    lines = [f"heard    {heard}" + (f"   → {text}" if text != heard else "")]
    lines += [action_line(act) for act in record["actions"]] or [f"         ({record['status']})"]
    lines.append(f"answer   {record['spoken'] or '—'}")
    lines.append(f"time     {times(record)}   tier {record['tier']}   turn {record['turn']}")
    return "\n".join(lines)


def action_line(act: Mapping[str, Any]) -> str:
    """Name, parameters, verdict and outcome of one action in a line."""
    said = " ".join(f"{name}={value}" for name, value in act["parameters"].items())
    outcome = f" → {act['outcome']}" if act["outcome"] else ""
    reason = f" ({act['reason']})" if act["reason"] else ""
    return f"action   {act['action']} {said}".rstrip() + f"   {_MARK[act['verdict']]} {act['verdict']}{outcome}{reason}"


def times(record: Mapping[str, Any]) -> str:
    """Stages that took time, in milliseconds."""
    timings = record["timings_ms"]
    shown = [f"{stage} {timings[stage]:.0f}" for stage in STAGES if timings.get(stage) is not None]
    return " · ".join(shown) + " ms"
