"""What every player promises, held by the fake, the silent and the file-writing one; not by the sound device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpitd.adapters import auto_player, null_player, sounddevice_player, wav_player
from cockpitd.audio.wav import read_wav
from cockpitd.config import Config
from cockpitd.domain.audio import Speech
from cockpitd.errors import AudioError, CockpitError, ConfigError
from cockpitd.ports import Player
from tests.fakes import FakeClock, HeldPlayer

LOUD = Speech(b"\x00\x20\x00\xe0" * 11_025, 22_050, "en", "test")
"""One second."""


def config(folder: Path) -> Config:
    return Config.model_validate({"tts": {"wav_dir": folder / "spoken"}})


Make = Callable[[Path, FakeClock], Player]

ALL: list[Make] = [
    lambda folder, clock: HeldPlayer(),
    lambda folder, clock: null_player.create(config(folder), clock),
    lambda folder, clock: wav_player.create(config(folder), clock),
]


@pytest.mark.parametrize("make", ALL, ids=["fake", "null", "wav"])
async def test_a_player_keeps_its_promises(make: Make, tmp_path: Path) -> None:
    player = make(tmp_path, FakeClock())
    playback = await player.play(LOUD, "turn-1")
    playback.stop()
    playback.stop()
    async with asyncio.timeout(1):
        completed = await playback.wait()
        assert await playback.wait() is completed
    assert 0 <= playback.position_s() <= LOUD.seconds
    await player.close()


async def test_the_silent_player_takes_as_long_as_the_sound(tmp_path: Path) -> None:
    clock = FakeClock()
    playback = await null_player.create(config(tmp_path), clock).play(LOUD, "t")
    waiting = asyncio.create_task(playback.wait())
    clock.advance(400)
    assert playback.position_s() == pytest.approx(0.4)
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done
    clock.advance(700)
    assert await waiting is True
    assert playback.position_s() == LOUD.seconds


async def test_the_silent_player_stops_at_once(tmp_path: Path) -> None:
    clock = FakeClock()
    playback = await null_player.create(config(tmp_path), clock).play(LOUD, "t")
    clock.advance(250)
    playback.stop()
    clock.advance(5_000)
    assert await playback.wait() is False
    assert playback.position_s() == pytest.approx(0.25)


async def test_the_file_player_names_files_after_their_turn(tmp_path: Path) -> None:
    player = wav_player.create(config(tmp_path), FakeClock())
    for tag in ("turn 7", "turn 7", "../../etc/x", ""):
        assert await (await player.play(LOUD, tag)).wait()
    found = sorted(path.name for path in (tmp_path / "spoken").iterdir())
    assert found == [".._.._etc_x.wav", "speech.wav", "turn_7-2.wav", "turn_7.wav"]
    assert read_wav(tmp_path / "spoken" / "turn_7.wav").seconds == pytest.approx(1.0, abs=0.001)


def test_the_file_player_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tts\.wav_dir"):
        wav_player.create(Config(), FakeClock())
    (tmp_path / "file").touch()
    with pytest.raises(AudioError) as caught:
        wav_player.create(Config.model_validate({"tts": {"wav_dir": tmp_path / "file" / "x"}}), FakeClock())
    assert caught.value.code == "player-failed"


def test_a_device_that_is_not_there_is_named_and_auto_falls_silent() -> None:
    wrong = Config.model_validate({"tts": {"device": "no such loudspeaker"}})
    with pytest.raises(CockpitError) as caught:
        sounddevice_player.create(wrong, FakeClock())
    assert caught.value.code in {"player-no-device", "player-no-portaudio"}
    assert isinstance(auto_player.create(wrong, FakeClock()), null_player.NullPlayer)
