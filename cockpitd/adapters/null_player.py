"""A speaker without sound that counts time on the clock port, for machines without a sound card; no device here."""

from __future__ import annotations

import asyncio

from cockpitd.config import Config
from cockpitd.domain.audio import Speech
from cockpitd.ports import Clock, Playback, Player

_LOOK_MS = 20
"""How often the clock is looked at; it may be a fake one that jumps."""


def create(config: Config, clock: Clock) -> Player:
    """Make the player."""
    del config
    return NullPlayer(clock)


class NullPlayer:
    """Plays nothing for as long as the sound would last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def play(self, speech: Speech, tag: str) -> Playback:
        """Start counting."""
        del tag
        return NullPlayback(self._clock, speech.seconds)

    async def close(self) -> None:
        """Nothing is held."""


class NullPlayback:
    """Time passing."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self._began_ms = clock.now_ms()
        self._stopped_at_s: float | None = None
        self._stop = asyncio.Event()

    async def wait(self) -> bool:
        """Wait until the time is over or somebody stopped it."""
        while self._stopped_at_s is None and self._elapsed_s() < self._seconds:
            try:
                async with asyncio.timeout(_LOOK_MS / 1000):
                    await self._stop.wait()
            except TimeoutError:
                continue
        return self._stopped_at_s is None or self._stopped_at_s >= self._seconds

    def stop(self) -> None:
        """End it now."""
        if self._stopped_at_s is None:
            self._stopped_at_s = self.position_s()
            self._stop.set()

    def position_s(self) -> float:
        """Seconds that would have been heard."""
        return self._stopped_at_s if self._stopped_at_s is not None else min(self._elapsed_s(), self._seconds)

    def _elapsed_s(self) -> float:
        return (self._clock.now_ms() - self._began_ms) / 1000
