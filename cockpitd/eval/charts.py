"""Charts as inline SVG, coloured by the page's own style sheet; figures in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

WIDTH = 760
LABEL = 190
"""Room for the names on the left."""
ROW = 26
TOP, BOTTOM = 8, 30
RIGHT = 64
SIDE = 300
"""Of the square of a reliability chart."""
EDGE = 48


def intervals(rows: Sequence[tuple[str, Mapping[str, Any]]], title: str) -> str:
    """Draw shares as dots on their intervals, one under the other."""
    held = [(name, counts) for name, counts in rows if counts["total"]]
    if not held:
        return ""
    low = min(float(counts["low"]) for _, counts in held)
    start = max(0.0, int(low * 10) / 10)
    height = TOP + ROW * len(held) + BOTTOM

    def x(value: float) -> float:
        return LABEL + (value - start) / (1 - start) * (WIDTH - LABEL - RIGHT)

    steps = [start + (1 - start) * step / 5 for step in range(6)]
    parts = list(_scale([(x(value), f"{value * 100:.0f} %") for value in steps], height))
    for place, (name, counts) in enumerate(held):
        y = TOP + ROW * (place + 0.5)
        told = f"{name}: {counts['right']} of {counts['total']}"
        parts += [
            f"<g><title>{escape(told)}</title>",
            _text(LABEL - 12, y + 4, name, "end"),
            f'<line class="span" x1="{x(counts["low"]):.1f}" x2="{x(counts["high"]):.1f}" y1="{y}" y2="{y}"/>',
            f'<circle class="dot" cx="{x(counts["rate"]):.1f}" cy="{y}" r="5"/>',
            _text(WIDTH - RIGHT + 10, y + 4, f"{counts['rate'] * 100:.1f}", css="figure"),
            "</g>",
        ]
    return _svg(WIDTH, height, title, parts)


def times(classes: Mapping[str, Any]) -> str:
    """Draw p50, p95 and the maximum of each class against its limit."""
    if not classes:
        return ""
    top = max(max(float(values["max"]), float(values["limit"])) for values in classes.values()) * 1.05
    height = TOP + 44 * len(classes) + BOTTOM

    def x(value: float) -> float:
        return LABEL + value / top * (WIDTH - LABEL - RIGHT)

    step = next(size for size in (250, 500, 1_000, 2_000, 5_000, 20_000, 10**9) if top / size <= 8)  # noqa: PLR2004 (marks)
    marks = [(x(value), f"{value / 1000:g} s") for value in range(0, int(top) + 1, step)]
    parts = list(_scale(marks, height))
    for place, (name, values) in enumerate(classes.items()):
        y = TOP + 44 * (place + 0.5)
        limit = x(values["limit"])
        parts += [
            _text(LABEL - 12, y + 4, f"{name} ({values['count']})", "end"),
            _bar(x(0), x(values["max"]), y, 4, "faint"),
            _bar(x(0), x(values["p95"]), y, 12, "half"),
            _bar(x(0), x(values["p50"]), y, 12, "full"),
            f'<line class="limit" x1="{limit:.1f}" x2="{limit:.1f}" y1="{y - 16}" y2="{y + 16}"/>',
        ]
    return _svg(WIDTH, height, "Response time: p50 (dark), p95 (light), maximum (thin) and the limit (dashed)", parts)


def reliability(bins: Sequence[Mapping[str, Any]], title: str) -> str:
    """Draw said confidence against the share that was right; a dot's area goes with the answers behind it."""
    most = max((one["count"] for one in bins), default=1)
    size = SIDE + 2 * EDGE

    def at(value: float) -> float:
        return EDGE + value * SIDE

    def up(value: float) -> float:
        return EDGE / 2 + (1 - value) * SIDE

    parts = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += [
            f'<line class="grid" x1="{at(value)}" x2="{at(value)}" y1="{up(0)}" y2="{up(1)}"/>',
            f'<line class="grid" x1="{at(0)}" x2="{at(1)}" y1="{up(value)}" y2="{up(value)}"/>',
            _text(at(value), up(0) + 18, f"{value:g}", "middle", "mark"),
            _text(at(0) - 8, up(value) + 4, f"{value:g}", "end", "mark"),
        ]
    parts.append(f'<line class="limit" x1="{at(0)}" y1="{up(0)}" x2="{at(1)}" y2="{up(1)}"/>')
    for one in bins:
        radius = 4 + 12 * (one["count"] / most) ** 0.5
        told = f"{one['count']} answers: said {one['confidence']:.2f}, right {one['accuracy']:.2f}"
        place = f'cx="{at(one["confidence"]):.1f}" cy="{up(one["accuracy"]):.1f}" r="{radius:.1f}"'
        parts.append(f'<circle class="bubble" {place}><title>{told}</title></circle>')
    parts += [
        _text(at(0.5), up(0) + 38, "confidence said", "middle", "mark"),
        f'<text class="mark" text-anchor="middle" transform="translate(14 {up(0.5)}) rotate(-90)">share right</text>',
    ]
    return _svg(size, size, title, parts, "square")


def _scale(marks: Sequence[tuple[float, str]], height: int) -> Iterator[str]:
    for place, told in marks:
        yield f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>'
        yield _text(place, height - 10, told, "middle", "mark")


def _bar(left: float, right: float, y: float, thick: float, css: str) -> str:
    width = max(1.0, right - left)
    return f'<rect class="{css}" x="{left:.1f}" y="{y - thick / 2}" width="{width:.1f}" height="{thick}" rx="2"/>'


def _text(x: float, y: float, told: str, anchor: str = "start", css: str = "name") -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(told)}</text>'


def _svg(width: int, height: int, title: str, parts: Sequence[str], css: str = "wide") -> str:
    label = escape(title, quote=True)
    return (
        f'<figure><svg class="{css}" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg><figcaption>{label}</figcaption></figure>"
    )
