"""A token bucket over the clock port; it counts, the connection decides."""

from __future__ import annotations

from cockpitd.ports import Clock


class TokenBucket:
    """Allows `per_second` calls a second, and that many at once after a pause."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._size = max(1.0, per_second)
        self._clock = clock
        self._tokens = self._size
        self._at_ms = clock.now_ms()

    def take(self) -> bool:
        """Use one token; False: none is left."""
        now_ms = self._clock.now_ms()
        self._tokens = min(self._size, self._tokens + (now_ms - self._at_ms) / 1_000 * self._per_second)
        self._at_ms = now_ms
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
