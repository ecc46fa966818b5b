"""The speaker through PortAudio: blocking writes of small blocks in one owner thread; no synthesis here."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from typing import Any

from cockpitd.adapters import _portaudio
from cockpitd.config import Config
from cockpitd.domain.audio import Speech
from cockpitd.errors import AudioError
from cockpitd.ports import Clock, Playback, Player

BLOCK_MS = 10
LATENCY_S = 0.03
"""Sound the device may hold: what is left to hear after a stop, if the device cannot drop it."""


def create(config: Config, clock: Clock) -> Player:
    """Load PortAudio and check that the device opens."""
    del clock
    player = SoundDevicePlayer(config.tts.device)
    player.check()
    return player


class SoundDevicePlayer:
    """Owns the thread that owns the device; PortAudio streams are not to be touched by two threads."""

    def __init__(self, device: str) -> None:
        self._library: Any = _portaudio.load("player")
        self._device = _portaudio.device(device)
        self._work: queue.SimpleQueue[SoundDevicePlayback | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `AudioError` unless the device can be opened."""
        try:
            self._library.check_output_settings(self._device, channels=1, dtype="int16", samplerate=22_050)
        except (self._library.PortAudioError, ValueError) as exc:
            self._work.put(None)
            raise _no_device(self._device, exc) from exc

    async def play(self, speech: Speech, tag: str) -> Playback:
        """Queue the sound behind what is being played; return when its first block is with the device."""
        del tag
        playback = SoundDevicePlayback(speech, asyncio.get_running_loop())
        self._work.put(playback)
        await playback.started
        return playback

    async def close(self) -> None:
        """End the thread; what plays is played to its end, so stop it first."""
        self._work.put(None)
        await asyncio.to_thread(self._thread.join, 2.0)

    def _run(self) -> None:
        while (playback := self._work.get()) is not None:
            try:
                self._play(playback)
            except (self._library.PortAudioError, ValueError, OSError) as exc:
                playback.fail(_no_device(self._device, exc))

    def _play(self, playback: SoundDevicePlayback) -> None:
        speech = playback.speech
        step = 2 * (speech.rate_hz * BLOCK_MS // 1000)
        stream = self._library.RawOutputStream(
            samplerate=speech.rate_hz, channels=1, dtype="int16", device=self._device, latency=LATENCY_S, blocksize=0
        )
        with stream:
            for start in range(0, len(speech.data), step):
                if playback.stop_asked.is_set():
                    stream.abort()  # drop what the device holds; stop() would play it out
                    playback.end(completed=False)
                    return
                block = speech.data[start : start + step]
                stream.write(block)
                playback.advance(len(block) // 2, stream.latency)
            self._drain(stream, playback)

    def _drain(self, stream: Any, playback: SoundDevicePlayback) -> None:  # noqa: ANN401 (untyped library)
        """Let the device play what it holds, still listening for a stop."""
        if playback.stop_asked.wait(stream.latency):
            stream.abort()
            playback.end(completed=False)
            return
        stream.stop()
        playback.end(completed=True)


class SoundDevicePlayback:
    """One sound: written by the owner thread, watched from the event loop."""

    def __init__(self, speech: Speech, loop: asyncio.AbstractEventLoop) -> None:
        self.speech = speech
        self.stop_asked = threading.Event()
        self.started: asyncio.Future[None] = loop.create_future()
        """Done with the first block, or the reason why there is none."""
        self._ended: asyncio.Future[bool] = loop.create_future()
        self._loop = loop
        self._frames, self._at, self._latency_s = 0, 0.0, 0.0
        self._final_s: float | None = None

    async def wait(self) -> bool:
        """Wait until it ended."""
        return await asyncio.shield(self._ended)

    def stop(self) -> None:
        """Silence it within one block."""
        self.stop_asked.set()

    def position_s(self) -> float:
        """Seconds heard: what was written, less what the device still holds."""
        if self._final_s is not None:
            return self._final_s
        held_s = max(0.0, self._latency_s - (time.monotonic() - self._at))
        return max(0.0, self._frames / self.speech.rate_hz - held_s)

    def advance(self, frames: int, latency_s: float) -> None:
        """Owner thread: so much more was written."""
        first = self._frames == 0
        self._latency_s, self._at = latency_s, time.monotonic()
        self._frames += frames
        if first:
            self._loop.call_soon_threadsafe(_set, self.started, None)

    def end(self, *, completed: bool) -> None:
        """Owner thread: it is over."""
        self._final_s = self.speech.seconds if completed else self.position_s()
        self._loop.call_soon_threadsafe(_set, self.started, None)
        self._loop.call_soon_threadsafe(_set, self._ended, completed)

    def fail(self, error: AudioError) -> None:
        """Owner thread: the device gave up; before the first block `play` raises, later the sound counts as stopped."""
        self._final_s = self.position_s()
        self._loop.call_soon_threadsafe(_fail, self.started, error)
        self._loop.call_soon_threadsafe(_set, self._ended, False)  # noqa: FBT003 (a future's result)


def _set(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: AudioError) -> None:
    if not future.done():
        future.set_exception(error)


def _no_device(device: str | int | None, exc: Exception) -> AudioError:
    name = "the default output device" if device is None else f"output device {device!r}"
    return AudioError("player-no-device", f"{name} does not open ({' '.join(str(exc).split())}); check tts.device")
