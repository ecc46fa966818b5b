"""The course of a training run as a picture (SVG); figures in, text out."""

from __future__ import annotations

import json
from pathlib import Path

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 56, 40, 40
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#555}.title{font-size:14px;fill:#222}.grid{stroke:#ddd}"
    ".line{fill:none;stroke-width:2}"
)
_LINES = (
    ("loss", "#8a8a8a", "training loss"),
    ("validation_loss", "#c2410c", "validation loss"),
    ("validation_exact", "#1d4ed8", "validation answers exact (right axis)"),
)


def picture(metrics: Path) -> str:
    """Draw both losses, and the share of exact answers against the right axis."""
    rows = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    top = max(max(row["loss"], row["validation_loss"]) for row in rows) * 1.05
    last: int = rows[-1]["of"]

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / last

    def y(value: float, most: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most

    parts = [f'<text class="title" x="{LEFT}" y="16">Training of cockpit-n: {rows[-1]["minutes"]:.0f} minutes</text>']
    for tenth in range(0, 11, 2):
        height = y(tenth / 10, 1.0)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{top * tenth / 10:.2f}</text>')
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{height + 4:.1f}">{tenth * 10} %</text>')
    parts += [f'<text x="{x(step):.1f}" y="{HEIGHT - 20}" text-anchor="middle">{step}</text>' for step in _marks(last)]
    for number, (key, colour, title) in enumerate(_LINES):
        most = 1.0 if key == "validation_exact" else top
        points = " ".join(f"{x(row['step']):.1f},{y(row[key], most):.1f}" for row in rows)
        parts.append(f'<polyline class="line" stroke="{colour}" points="{points}"/>')
        parts.append(f'<text x="{LEFT + 215 * number}" y="33" style="fill:{colour}">{title}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">steps</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    return f'{head}<rect width="100%" height="100%" fill="#fff"/><style>{_STYLE}</style>{"".join(parts)}</svg>\n'


def _marks(last: int) -> range:
    step = next(size for size in (5, 20, 100, 250, 500, 1_000, 5_000, last + 1) if last / size <= 8)  # noqa: PLR2004 (marks)
    return range(0, last + 1, step)
