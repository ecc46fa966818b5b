"""A program that plays a tone through the real player; run by the player's tests inside a virtual sound system.

Prints `started SECONDS`; obeys `stop` and `position` on standard input; prints `ended COMPLETED POSITION` last.
"""

from __future__ import annotations

import asyncio
import sys
import time

import numpy as np

from cockpitd.adapters import sounddevice_player
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.audio.pcm import to_bytes
from cockpitd.config import Config
from cockpitd.domain.audio import Speech
from cockpitd.ports import Playback

RATE_HZ = 22_050


async def main(seconds: float) -> None:
    """Play, and do as told."""
    tone = np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32) * np.float32(0.5)
    player = sounddevice_player.create(Config(), SystemClock())
    began = time.monotonic()
    playback = await player.play(Speech(to_bytes(tone), RATE_HZ, "en", "tone"), "probe")
    _tell("started", round(time.monotonic() - began, 3))
    async with asyncio.TaskGroup() as group:
        commands = group.create_task(_obey(playback))
        completed = await playback.wait()
        _tell("ended", completed, round(playback.position_s(), 3))
        commands.cancel()
    await player.close()


def _tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def _obey(playback: Playback) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip() == b"stop":
            playback.stop()
        else:
            _tell("position", round(playback.position_s(), 3))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
