"""Audio as values: PCM blocks in, speech out; no device, file or engine code here."""

from __future__ import annotations

from dataclasses import dataclass

from cockpitd.domain.units import SAMPLE_RATE_HZ, Lang


@dataclass(frozen=True, slots=True)
class Pcm:
    """A block of 16 kHz mono signed 16-bit little-endian samples."""

    data: bytes

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.data) / 2 / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Speech:
    """Synthesised speech: mono signed 16-bit little-endian samples at the voice's own rate."""

    data: bytes
    rate_hz: int
    lang: Lang
    engine: str

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.data) / 2 / self.rate_hz
