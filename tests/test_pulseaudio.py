"""Somebody speaks into the microphone and hears the answer at the speaker; between them is the real daemon."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from cockpitd.adapters import whisper_stt
from cockpitd.audio.pcm import to_samples
from cockpitd.audio.wav import write_wav
from cockpitd.config import Config
from cockpitd.rpc.client import Client
from tests import pulse
from tests.adapters.voices import espeak_voice, letters, say
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.sound,
    pytest.mark.engine,
    pytest.mark.skipif(bool(pulse.missing()), reason=pulse.missing() or "everything is there"),
]

LAMP = "Vehicle.Cabin.Light.Spotlight.Row1.DriverSide.IsLightOn"
READY = ("listening on", "engine stt is ready", "engine tts is ready")
LOUD = 0.02


@dataclass(frozen=True, slots=True)
class Cabin:
    """A virtual sound card and a daemon that has its microphone and its speaker."""

    sound: pulse.Pulse
    socket: Path

    def call(self, method: str, **params: object) -> dict[str, object]:
        with Client(self.socket) as client:
            return dict(client.call(method, params))


@pytest.fixture(scope="module")
def cabin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cabin]:
    if not (whisper_stt.model_dir(Config()) / "model.bin").is_file():
        pytest.skip("no whisper model; run `cockpitd models fetch`")
    folder = tmp_path_factory.mktemp("cabin")
    config = {
        "lang": "en",
        "state_dir": str(folder / "state"),
        "model_dir": str(Config().model_dir),
        "socket": {"path": str(folder / "c.sock")},
        "audio": {"source": "microphone", "device": "pmic"},
        "stt": {"engine": "whisper", "lang": "en"},
        "llm": {"engine": "none"},
        "tts": {"engine": "pyttsx3", "player": "sounddevice"},
    }
    (folder / "cockpitd.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "cockpitd", "run", "--config", str(folder / "cockpitd.yaml")]
    with pulse.server(folder / "pulse") as sound:
        env = {**os.environ, **sound.env, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as daemon:
            try:
                _await_ready(daemon)
                yield Cabin(sound, folder / "c.sock")
            finally:
                daemon.terminate()
                daemon.communicate(timeout=20)


def _await_ready(daemon: subprocess.Popen[str]) -> None:
    assert daemon.stderr is not None
    missing, said = set(READY), ""
    while missing:
        line = daemon.stderr.readline()
        assert line, f"the daemon ended: {said}"
        said += line
        missing -= {part for part in missing if part in line}


def loud_samples(data: bytes) -> list[int]:
    return [int(at) for at in np.flatnonzero(np.abs(to_samples(data)) > LOUD)]


def test_a_spoken_command_is_done_and_answered_aloud(cabin: Cabin, tmp_path: Path) -> None:
    wav = tmp_path / "say.wav"
    write_wav(wav, say(espeak_voice().render, "turn on the reading light", "en").data, 16_000)
    with Client(cabin.socket) as client, cabin.sound.listen() as ear:
        client.call("subscribe")
        with cabin.sound.saying(wav):
            ear.hear(6.0)
        ended = next(event for event in client.events() if event["event"] == "turn-ended")
    assert ended["status"] == "answered"
    turn = cabin.call("explain")
    assert letters(str(turn["heard"])) == "turnonthereadinglight"
    assert cabin.call("state", paths=[LAMP])[LAMP]["value"] is True  # type: ignore[index]
    assert turn["timings_ms"]["first_sound"] < 2_000  # type: ignore[index]
    heard = loud_samples(bytes(ear.data))
    assert heard, "nothing came out of the speaker"
    spoken, _ = espeak_voice().render(str(turn["spoken"]), "en", lambda: False)
    assert (heard[-1] - heard[0]) / ear.rate_hz == pytest.approx(_voiced_s(spoken), abs=0.35)


def _voiced_s(speech: bytes) -> float:
    """Length of speech at 22,050 Hz without the silence at its ends, spoken 160 words a minute; the daemon says 175."""
    at = np.flatnonzero(np.abs(to_samples(speech)) > LOUD)
    return float((at[-1] - at[0]) / 22_050 * 160 / 175)


def test_stop_silences_the_speaker_at_once(cabin: Cabin) -> None:
    with Client(cabin.socket) as client, cabin.sound.listen() as ear:
        client.call("say", {"text": "help", "lang": "en"})
        ear.hear(1.0)
        asked_at = len(ear.data) // 2
        client.call("stop")
        ear.hear(1.0)
    heard = loud_samples(bytes(ear.data))
    assert heard
    assert heard[0] < asked_at
    assert (heard[-1] - asked_at) / ear.rate_hz < 0.05 + 0.03  # the recorder itself hears up to 30 ms late
