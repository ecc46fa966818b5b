"""A speaker that writes WAV files, one a sound, named by their tag; done at once, nothing is heard."""

from __future__ import annotations

import re
from pathlib import Path

from cockpitd.audio.wav import write_wav
from cockpitd.config import Config
from cockpitd.domain.audio import Speech
from cockpitd.errors import AudioError, ConfigError
from cockpitd.ports import Clock, Playback, Player


def create(config: Config, clock: Clock) -> Player:
    """Make the player and its directory."""
    del clock
    folder = config.tts.wav_dir
    if folder is None:
        raise ConfigError("player-no-directory", "tts.player is wav but tts.wav_dir is not set; name a directory")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise AudioError("player-failed", f"{folder}: cannot be made ({exc.strerror}); check tts.wav_dir") from exc
    return WavPlayer(folder)


class WavPlayer:
    """Writes `TAG.wav`, and `TAG-2.wav` and so on when a turn speaks more than once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def play(self, speech: Speech, tag: str) -> Playback:
        """Write the file; a few kilobytes, so no thread is worth it."""
        path = self._free(re.sub(r"[^\w.-]+", "_", tag) or "speech")
        try:
            write_wav(path, speech.data, speech.rate_hz)
        except OSError as exc:
            raise AudioError("player-failed", f"{path}: cannot be written ({exc.strerror}); check tts.wav_dir") from exc
        return WavPlayback(speech.seconds)

    async def close(self) -> None:
        """Nothing is held."""

    def _free(self, stem: str) -> Path:
        path, number = self._folder / f"{stem}.wav", 1
        while path.exists():
            number += 1
            path = self._folder / f"{stem}-{number}.wav"
        return path


class WavPlayback:
    """A sound that is over as soon as it is written."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def wait(self) -> bool:
        """Return at once."""
        return True

    def stop(self) -> None:
        """Come too late."""

    def position_s(self) -> float:
        """All of it."""
        return self._seconds
