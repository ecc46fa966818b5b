"""Lines waiting for a reader, bounded: a slow one loses low-value events first, then its connection; no socket."""

from __future__ import annotations

import asyncio
from collections import deque

from cockpitd.rpc.wire import encode_notification

MAX_LINES = 1_024
MAX_BYTES = 4 * 1024 * 1024


class Outbox:
    """What one connection still has to send."""

    def __init__(self, max_lines: int = MAX_LINES, max_bytes: int = MAX_BYTES) -> None:
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._lines: deque[tuple[bytes, bool]] = deque()
        self._bytes = 0
        self._dropped = 0
        self._closed = False
        self._data = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, line: bytes, *, low_value: bool = False) -> bool:
        """Add a line without waiting; False: there is no room even after dropping what may be dropped."""
        while self._full(line) and self._drop_one():
            pass
        if self._full(line):
            if low_value:
                self._dropped += 1
            return low_value
        self._lines.append((line, low_value))
        self._bytes += len(line)
        self._mark()
        return True

    async def get(self) -> bytes | None:
        """Wait for the next line; None: closed and everything was handed out."""
        while not self._lines and not self._dropped and not self._closed:
            self._data.clear()
            await self._data.wait()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return encode_notification("event", {"event": "events-dropped", "count": dropped})
        if not self._lines:
            return None
        line, _ = self._lines.popleft()
        self._bytes -= len(line)
        self._mark()
        return line

    async def room(self) -> None:
        """Wait until less than half is in use: a client that does not read is not served further."""
        await self._room.wait()

    def close(self) -> None:
        """Take no more; `get` hands out the rest and then None."""
        self._closed = True
        self._mark()

    def _full(self, line: bytes) -> bool:
        crowded = bool(self._lines) and self._bytes + len(line) > self._max_bytes
        return crowded or len(self._lines) >= self._max_lines

    def _drop_one(self) -> bool:
        for index, (line, low_value) in enumerate(self._lines):
            if low_value:
                del self._lines[index]
                self._bytes -= len(line)
                self._dropped += 1
                return True
        return False

    def _mark(self) -> None:
        self._data.set()
        if self._closed or (self._bytes * 2 < self._max_bytes and len(self._lines) * 2 < self._max_lines):
            self._room.set()
        else:
            self._room.clear()
