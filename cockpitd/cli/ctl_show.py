"""How the daemon's answers other than a turn look on a terminal; standard library only, no calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cockpitd.cli.show import turn_block

Answer = Mapping[str, Any]


def stopped(answer: Answer) -> str:
    """Tell what `stop` found."""
    silenced = "silenced" if answer.get("silenced") else "nothing was being said"
    return f"stopped  {silenced}, {answer.get('cancelled', 0)} turn(s) cancelled"


def explained(record: Answer) -> str:
    """Lay out a turn with each of its events."""
    events = record.get("events", ())
    start_ms = events[0]["at_ms"] if events else 0
    lines = [f"  {event['at_ms'] - start_ms:>6} ms  {_event_words(event)}" for event in events]
    return "\n".join([turn_block(record), *lines])


def event(happened: Answer) -> str:
    """Lay out one event of `watch`."""
    turn = happened.get("turn_id") or "-"
    return f"{turn:<10} {_event_words(happened)}"


def _event_words(happened: Answer) -> str:
    told = {name: value for name, value in happened.items() if name not in {"event", "turn_id", "at_ms"}}
    words = " ".join(f"{name}={_value(value)}" for name, value in told.items() if value not in ("", [], {}, None))
    return f"{happened['event']:<16} {words}".rstrip()


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def state(answer: Answer) -> str:
    """Lay signals out as a table."""
    return _table(
        [
            path,
            _value(found["value"]),
            found.get("unit", ""),
            "" if found["age_ms"] is None else f"{found['age_ms']} ms",
        ]
        for path, found in answer.items()
    )


def health(answer: Answer) -> str:
    """Lay out the daemon's and its engines' state."""
    head = "well" if answer["ok"] else "not well: an engine is missing; reflex, stop and safety still answer"
    rest = {name: value for name, value in answer.items() if name not in {"ok", "engines"}}
    lines = [f"cockpitd {head}", "  ".join(f"{name} {_value(value)}" for name, value in rest.items())]
    return "\n".join([*lines, _table(_engine(engine) for engine in answer["engines"])]).rstrip()


def _engine(engine: Answer) -> list[str]:
    pid = f"pid {engine['pid']}" if engine["pid"] else ""
    memory = f"{engine['rss_bytes'] / 1e6:.0f} MB" if engine["rss_bytes"] else ""
    return [engine["name"], engine["state"], pid, memory, f"restarts {engine['restarts']}", engine["detail"]]


def metrics(answer: Answer) -> str:
    """Lay out counters and percentiles, one series a line."""
    lines: list[Sequence[str]] = []
    for section, series in answer.items():
        if not isinstance(series, Mapping):
            lines.append([section, _value(series)])
            continue
        for name, value in series.items():
            figures = value.items() if isinstance(value, Mapping) else [("", value)]
            lines.append([section, name, *(f"{key} {_value(figure)}".strip() for key, figure in figures)])
    return _table(lines)


def actions(answer: Answer) -> str:
    """Lay the catalogue out, one action a line."""
    return _table(
        [found["action"], found["class"], found["risk"], " / ".join(found["title"].values())]
        for found in answer["actions"]
    )


def reloaded(answer: Answer) -> str:
    """Tell what `reload` read."""
    return f"reloaded {answer.get('actions', '?')} actions"


def _table(rows: Iterable[Sequence[str]]) -> str:
    kept = [list(row) for row in rows]
    columns = max((len(row) for row in kept), default=0)
    widths = [max((len(row[index]) for row in kept if index < len(row)), default=0) for index in range(columns)]
    return "\n".join("  ".join(f"{cell:<{widths[i]}}" for i, cell in enumerate(row)).rstrip() for row in kept)
