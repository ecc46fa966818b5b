"""The microphone through PortAudio: blocking reads in one owner thread, a bounded queue; no speech detection here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

from cockpitd.adapters import _portaudio
from cockpitd.config import Config
from cockpitd.domain.audio import Pcm
from cockpitd.domain.units import SAMPLE_RATE_HZ
from cockpitd.errors import AudioError

BLOCK_MS = 20
QUEUE_BLOCKS = 250
"""Five seconds; a flow that is later than that has lost the driver anyway."""


def create(config: Config) -> Microphone:
    """Load PortAudio; the device opens with the first `blocks()`."""
    return Microphone(config.audio.device)


class Microphone:
    """Reads 16 kHz mono; no callbacks, because they need executable memory, which the service's sandbox forbids."""

    def __init__(self, device: str) -> None:
        self._library: Any = _portaudio.load("audio")
        self._device = _portaudio.device(device)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0
        """Blocks thrown away, oldest first, because nobody took them."""
        self.overflows = 0
        """Times the device itself lost sound before we read it."""

    async def blocks(self) -> AsyncIterator[Pcm]:
        """Yield what is heard, for ever; `AudioError` when the device is not there or goes away."""
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Pcm | AudioError | None] = asyncio.Queue()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(loop, inbox), name="microphone", daemon=True)
        self._thread.start()
        try:
            while (item := await inbox.get()) is not None:
                if isinstance(item, AudioError):
                    raise item
                yield item
        finally:
            self._stop.set()

    async def close(self) -> None:
        """End reading and release the device."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 2.0)

    def _run(self, loop: asyncio.AbstractEventLoop, inbox: asyncio.Queue[Pcm | AudioError | None]) -> None:
        last: AudioError | None = None
        try:
            frames = SAMPLE_RATE_HZ * BLOCK_MS // 1000
            stream = self._library.RawInputStream(
                samplerate=SAMPLE_RATE_HZ, channels=1, dtype="int16", device=self._device, latency="low", blocksize=0
            )
            with stream:
                while not self._stop.is_set():
                    data, overflowed = stream.read(frames)
                    self.overflows += bool(overflowed)
                    loop.call_soon_threadsafe(self._put, inbox, Pcm(bytes(data)))
        except (self._library.PortAudioError, ValueError, OSError) as exc:
            name = "the default microphone" if self._device is None else f"microphone {self._device!r}"
            last = AudioError(
                "audio-no-device", f"{name} does not give sound ({' '.join(str(exc).split())}); check audio.device"
            )
        if not loop.is_closed():
            loop.call_soon_threadsafe(inbox.put_nowait, last)

    def _put(self, inbox: asyncio.Queue[Pcm | AudioError | None], block: Pcm) -> None:
        if inbox.qsize() >= QUEUE_BLOCKS:
            inbox.get_nowait()
            self.dropped += 1
        inbox.put_nowait(block)
