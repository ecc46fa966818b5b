"""A program that plays a tone through the real player; run by the player's tests inside a virtual sound system.

Prints `started`, then for each line on standard input: `stop` silences it, `position` tells; at the end `ended BOOL POSITION`.
"""

from __future__ import annotations

import asyncio
import sys
import time

import numpy as np

from cockpitd.adapters import sounddevice_player
from cockpitd.audio.pcm import to_bytes
from cockpitd.config import Config
from cockpitd.domain.audio import Speech
from cockpitd.ports import Playback

RATE_HZ = 22_050


class SystemClock:
    """The real time."""

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return time.monotonic_ns() // 1_000_000

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        return time.time()


async def main(seconds: float) -> None:
    """Play, and do as told."""
    tone = np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32) * np.float32(0.5)
    player = sounddevice_player.create(Config(), SystemClock())
    began = time.monotonic()
    playback = await player.play(Speech(to_bytes(tone), RATE_HZ, "en", "tone"), "probe")
    print("started", round(time.monotonic() - began, 3), flush=True)
    async with asyncio.TaskGroup() as group:
        commands = group.create_task(_obey(playback))
        completed = await playback.wait()
        print("ended", completed, round(playback.position_s(), 3), flush=True)
        commands.cancel()
    await player.close()


async def _obey(playback: Playback) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip() == b"stop":
            playback.stop()
        else:
            print("position", round(playback.position_s(), 3), flush=True)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
