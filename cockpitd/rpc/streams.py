"""Audio arriving block by block over a connection, handed to the flow as an async iterator; no decoding of requests."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias

from cockpitd.domain.audio import Pcm
from cockpitd.domain.units import SAMPLE_RATE_HZ
from cockpitd.errors import AudioError, CockpitError

Answered: TypeAlias = Mapping[str, Any] | CockpitError
"""What a turn came to: its record, or the breakage to report to whoever asks for it."""

SAMPLE_BYTES = 2
MAX_HELD_BYTES = 10 * SAMPLE_RATE_HZ * SAMPLE_BYTES
"""Ten seconds: a client that pushes faster than the recogniser hears waits for its answer."""


class AudioStream:
    """One utterance being pushed: the client's calls fill it, the flow drains it."""

    def __init__(self) -> None:
        self._blocks: deque[bytes] = deque()
        self._held_bytes = 0
        self._finished = False
        self._ended = False
        self._order = asyncio.Lock()
        self._data = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Tell whether the flow hears no more: it found the end of speech, or it failed."""
        return self._ended

    async def push(self, block: bytes) -> None:
        """Add samples, waiting for room; blocks after the end are let go silently."""
        async with self._order:
            while self._held_bytes + len(block) > MAX_HELD_BYTES and self._blocks and not self._ended:
                self._room.clear()
                await self._room.wait()
            if block and not self._ended:
                self._blocks.append(block)
                self._held_bytes += len(block)
                self._data.set()

    async def finish(self) -> None:
        """No more samples will come; those of a push still waiting for room are heard first."""
        async with self._order:
            self._finished = True
            self._data.set()

    def end(self) -> None:
        """Nobody listens any more; wakes a waiting push."""
        self._ended = True
        self._blocks.clear()
        self._held_bytes = 0
        self._room.set()

    async def blocks(self) -> AsyncIterator[Pcm]:
        """Yield samples in order until `finish`."""
        try:
            while True:
                while not self._blocks and not self._finished:
                    self._data.clear()
                    await self._data.wait()
                if not self._blocks:
                    return
                block = self._blocks.popleft()
                self._held_bytes -= len(block)
                self._room.set()
                yield Pcm(block)
        finally:
            self.end()


class Streams:
    """The streams of one connection and the turns that hear them."""

    MAX_OPEN = 4

    def __init__(self) -> None:
        self._open: dict[int, tuple[AudioStream, asyncio.Task[Answered]]] = {}
        self._last = 0

    def check_room(self) -> None:
        """Raise when no more streams may be opened."""
        if len(self._open) >= self.MAX_OPEN:
            raise AudioError("audio-too-many-streams", f"{self.MAX_OPEN} streams are open; end one with audio.end")

    def add(self, stream: AudioStream, turn: asyncio.Task[Answered]) -> int:
        """Keep a stream and its turn; return its number."""
        self._last += 1
        self._open[self._last] = (stream, turn)
        turn.add_done_callback(lambda _: stream.end())
        return self._last

    def get(self, number: int) -> AudioStream:
        """Return an open stream."""
        return self._find(number)[0]

    async def finish(self, number: int) -> Mapping[str, Any]:
        """Say that all samples were pushed and wait for the answer to them."""
        stream, turn = self._find(number)
        del self._open[number]
        await stream.finish()
        answered = await asyncio.shield(turn)
        if isinstance(answered, CockpitError):
            raise answered
        return answered

    def abandon(self) -> None:
        """Cancel the turns whose speaker left in mid-sentence."""
        for _, turn in self._open.values():
            turn.cancel()
        self._open.clear()

    def _find(self, number: int) -> tuple[AudioStream, asyncio.Task[Answered]]:
        if number not in self._open:
            raise AudioError("audio-unknown-stream", f"Stream {number} is not open here; call audio.begin")
        return self._open[number]


def samples(data: str) -> bytes:
    """Read a base64 block of 16-bit samples."""
    try:
        block = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise AudioError("audio-bad-block", "The block is not base64") from exc
    if len(block) % SAMPLE_BYTES:
        raise AudioError("audio-bad-block", f"The block has {len(block)} bytes: half a 16-bit sample is missing")
    return block


def check_form(sample_rate: int, form: str, channels: int) -> None:
    """Refuse audio in another form: a wrong rate would be heard as nonsense, not as an error."""
    if (sample_rate, form, channels) != (SAMPLE_RATE_HZ, "s16le", 1):
        found = f"{sample_rate} Hz, {form}, {channels} channel(s)"
        raise AudioError("audio-bad-form", f"The stream is {found}; send {SAMPLE_RATE_HZ} Hz, s16le, 1 channel")
