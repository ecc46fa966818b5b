"""The microphone through PortAudio: blocking reads in one owner thread, a bounded queue; no speech detection here."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

from cockpitd.adapters import _portaudio
from cockpitd.config import Config
from cockpitd.domain.audio import Pcm
from cockpitd.domain.units import SAMPLE_RATE_HZ
from cockpitd.errors import AudioError

BLOCK_MS = 20
QUEUE_BLOCKS = 250
"""Five seconds; a flow that is later than that has lost the driver anyway."""


def create(config: Config) -> Microphone:
    """Load PortAudio; the device opens with the first block asked for."""
    return Microphone(config.audio.device)


class Microphone:
    """Reads 16 kHz mono; no callbacks, because they need executable memory, which the service's sandbox forbids.

    It is an iterator and not a generator, so that a cancelled turn does not end it.
    """

    def __init__(self, device: str) -> None:
        self._library: Any = _portaudio.load("audio")
        self._device = _portaudio.device(device)
        self._inbox: asyncio.Queue[Pcm | AudioError] = asyncio.Queue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0
        """Blocks thrown away, oldest first, because nobody took them."""
        self.overflows = 0
        """Times the device itself lost sound before we read it."""

    def blocks(self) -> AsyncIterator[Pcm]:
        """Give what is heard, for ever; every caller goes on where the last one left."""
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Pcm:
        """Wait for the next block; `AudioError` when the device is not there or goes away."""
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, args=(loop,), name="microphone", daemon=True)
            self._thread.start()
        item = await self._inbox.get()
        if isinstance(item, AudioError):
            self._inbox.put_nowait(item)  # for whoever asks next
            raise item
        return item

    async def close(self) -> None:
        """Release the device."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 2.0)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Owner thread: read until told to stop or the device gives up."""
        frames = SAMPLE_RATE_HZ * BLOCK_MS // 1000
        try:
            stream = self._library.RawInputStream(
                samplerate=SAMPLE_RATE_HZ, channels=1, dtype="int16", device=self._device, latency="low", blocksize=0
            )
            with stream:
                while not self._stop.is_set():
                    data, overflowed = stream.read(frames)
                    self.overflows += bool(overflowed)
                    _tell(loop, self._put, Pcm(bytes(data)))
        except (self._library.PortAudioError, ValueError, OSError) as exc:
            name = "the default microphone" if self._device is None else f"microphone {self._device!r}"
            why = " ".join(str(exc).split())
            error = AudioError("audio-no-device", f"{name} does not give sound ({why}); check audio.device")
            _tell(loop, self._inbox.put_nowait, error)

    def _put(self, block: Pcm) -> None:
        if self._inbox.qsize() >= QUEUE_BLOCKS:
            self._inbox.get_nowait()
            self.dropped += 1
        self._inbox.put_nowait(block)


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[..., object], *arguments: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed while a block was being read
        loop.call_soon_threadsafe(what, *arguments)
