"""The machine's own clock behind the `Clock` port; nothing else may ask the machine for the time."""

from __future__ import annotations

import time

_NS_PER_MS = 1_000_000


class SystemClock:
    """Monotonic and wall time of this machine."""

    def now_ms(self) -> int:
        """Monotonic milliseconds; they do not jump when the wall clock is set."""
        return time.monotonic_ns() // _NS_PER_MS

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        return time.time()
