"""Short chimes for when there is no voice; plain arithmetic, so they sound even with every engine dead."""

from __future__ import annotations

import math
import struct
from functools import cache

from cockpitd.domain.audio import Speech
from cockpitd.domain.units import Lang

RATE_HZ = 22_050
_PEAK = 9_000

TONES: dict[str, tuple[tuple[float, float], ...]] = {
    "ok": ((880.0, 0.09),),
    "no": ((440.0, 0.12), (330.0, 0.16)),
    "ask": ((660.0, 0.09), (880.0, 0.12)),
    "error": ((300.0, 0.15), (300.0, 0.15)),
}
"""Earcon -> (frequency in Hz, duration in s) of its tones."""


@cache
def chime(earcon: str, lang: Lang) -> Speech:
    """Make the samples of an earcon: sine tones with 10 ms raised-cosine edges against clicks."""
    data = b"".join(_tone(frequency, seconds) for frequency, seconds in TONES[earcon])
    return Speech(data, RATE_HZ, lang, "chime")


def _tone(frequency_hz: float, seconds: float) -> bytes:
    count = int(seconds * RATE_HZ)
    edge = RATE_HZ // 100
    values = []
    for index in range(count):
        gain = min(1.0, index / edge, (count - index) / edge)
        shaped = 0.5 - 0.5 * math.cos(math.pi * gain)
        values.append(int(_PEAK * shaped * math.sin(2 * math.pi * frequency_hz * index / RATE_HZ)))
    return struct.pack(f"<{count}h", *values)
