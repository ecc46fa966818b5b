"""Which of the two languages a text is in; no other fact about it."""

from __future__ import annotations

from cockpitd.domain.units import Lang


def is_han(char: str) -> bool:
    """Tell whether `char` is a Chinese character."""
    return "㐀" <= char <= "䶿" or "一" <= char <= "鿿" or char == "〇"


def detect(text: str) -> Lang:
    """Return zh as soon as one Chinese character occurs: Mandarin speakers mix English names in, not the reverse."""
    return "zh" if any(is_han(char) for char in text) else "en"
