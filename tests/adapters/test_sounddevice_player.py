"""The real player on a virtual sound card: what is heard at the speaker, and silence within 50 ms of a stop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from cockpitd.audio.pcm import to_samples
from tests import pulse

pytestmark = [
    pytest.mark.sound,
    pytest.mark.skipif(bool(pulse.missing()), reason=pulse.missing() or "everything is there"),
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pulse.Pulse]:
    with pulse.server(tmp_path_factory.mktemp("pulse") / "p") as server:
        yield server


class Probe:
    """The program that plays, in its own process: PortAudio reads its environment only once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def ask(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()


@contextmanager
def playing(server: pulse.Pulse, seconds: float) -> Iterator[Probe]:
    command = [sys.executable, "-m", "tests.adapters.speaker_probe", str(seconds)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **server.env, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Probe(process)
        finally:
            process.kill()


def loud_part(data: bytes) -> tuple[int, int]:
    """First and last sample of the tone."""
    at = np.flatnonzero(np.abs(to_samples(data)) > 0.02)
    assert at.size, "nothing was heard"
    return int(at[0]), int(at[-1])


def test_a_sound_is_heard_from_beginning_to_end(sound: pulse.Pulse) -> None:
    with sound.listen() as ear, playing(sound, 1.0) as probe:
        assert probe.line()[0] == "started"
        ear.hear(1.6)
        assert probe.line() == ["ended", "True", "1.0"]
        ear.hear(1.0)  # a busy machine hands the end of the tone over late
        first, last = loud_part(bytes(ear.data))
        assert (last - first) / ear.rate_hz == pytest.approx(1.0, abs=0.03)
        spectrum = np.abs(np.fft.rfft(to_samples(bytes(ear.data))[first:last]))
        assert np.argmax(spectrum) * ear.rate_hz / (last - first) == pytest.approx(440, abs=3)


def test_a_stop_is_silence_within_50_ms_and_the_position_is_where_it_stopped(sound: pulse.Pulse) -> None:
    with sound.listen() as ear, playing(sound, 5.0) as probe:
        assert probe.line()[0] == "started"
        ear.hear(1.2)
        probe.ask("position")
        reported_s = float(probe.line()[1])
        asked_at = len(ear.data) // 2
        probe.ask("stop")
        ear.hear(0.6)
        ended = probe.line()
        assert ended[:2] == ["ended", "False"]
        first, last = loud_part(bytes(ear.data))
        assert (last - asked_at) / ear.rate_hz < 0.05 + 0.03  # the recorder itself hears up to 30 ms late
        heard_s = (last - first) / ear.rate_hz
        assert reported_s == pytest.approx((asked_at - first) / ear.rate_hz, abs=0.08)
        assert float(ended[2]) == pytest.approx(heard_s, abs=0.08)
