"""A private PulseAudio server with a virtual microphone and speaker, for tests of the real sound path."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = ("pulseaudio", "pactl", "parec", "paplay")
SPEAKER, MICROPHONE = "speaker", "mic_feed"
_ASOUNDRC = 'pcm.!default {{ type pulse }}\npcm.pmic {{ type pulse device "{0}.monitor" }}\n'
_UP_S = 5.0
_STEADY_BLOCKS = 30


def missing() -> str:
    """Why these tests cannot run here; empty when they can."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not on this machine (Debian: pulseaudio pulseaudio-utils libasound2-plugins)"
    return ""


@dataclass(frozen=True, slots=True)
class Pulse:
    """A running server."""

    env: dict[str, str]
    """What a program needs in its environment to find it."""

    def pactl(self, *arguments: str) -> str:
        """Ask the server something."""
        return subprocess.run(
            ["pactl", *arguments], env={**os.environ, **self.env}, check=True, capture_output=True, text=True
        ).stdout

    @contextmanager
    def saying(self, wav: Path) -> Iterator[None]:
        """Speak a file into the microphone, well ahead so that a busy machine chops no words, until the block ends."""
        with _running(["paplay", "--latency-msec=250", f"--device={MICROPHONE}", str(wav)], self.env):
            yield

    def listen(self, rate_hz: int = 16_000) -> Ear:
        """Hear what comes out of the speaker."""
        return Ear(self.env, rate_hz)


class Ear:
    """A recorder at the speaker: 16-bit mono, with the arrival time of what it heard."""

    def __init__(self, env: dict[str, str], rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.data = bytearray()
        self._process = subprocess.Popen(
            _recorder(SPEAKER, rate_hz, 10), env={**os.environ, **env}, stdout=subprocess.PIPE
        )
        self.hear(0.1)  # the first block: from here on nothing is lost

    def hear(self, seconds: float) -> bytes:
        """Wait for so much more sound and return it."""
        assert self._process.stdout is not None
        wanted = 2 * int(seconds * self.rate_hz)
        got = bytearray()
        deadline = time.monotonic() + seconds + 5
        while len(got) < wanted and time.monotonic() < deadline:
            ready, _, _ = select.select([self._process.stdout], [], [], 0.5)
            if ready:
                got += os.read(self._process.stdout.fileno(), wanted - len(got))
        self.data += got
        return bytes(got)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def server(folder: Path) -> Iterator[Pulse]:
    """Run a server in a private directory until the block ends."""
    sockets = folder / "s"
    sockets.mkdir(mode=0o700, parents=True)
    env = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PULSE_SERVER": f"unix:{sockets}/native"}
    (folder / ".asoundrc").write_text(_ASOUNDRC.format(MICROPHONE), encoding="utf-8")
    with ExitStack() as stack:
        stack.enter_context(_running(_server_command(sockets), env))
        pulse = Pulse(env)
        _await(pulse)
        pulse.pactl("set-default-sink", SPEAKER)
        pulse.pactl("set-default-source", f"{MICROPHONE}.monitor")
        # Without a reader that wants low latency a null sink runs in two-second blocks, and recorders lose the start.
        for name in (SPEAKER, MICROPHONE):
            stack.enter_context(_running(_recorder(name, 16_000, 10), env))
            _settle(name, env)
        yield pulse


def _server_command(sockets: Path) -> list[str]:
    return [
        *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"),
        *("--enable-memfd=no", "--log-level=error", "--log-target=stderr"),
        *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={sockets}/native"),
        *("-L", f"module-null-sink sink_name={SPEAKER} rate=48000 channels=2"),
        *("-L", f"module-null-sink sink_name={MICROPHONE} rate=16000 channels=1"),
    ]


def _recorder(name: str, rate_hz: int, latency_ms: int) -> list[str]:
    form = ("--format=s16le", f"--rate={rate_hz}", "--channels=1")
    return ["parec", "--raw", f"--device={name}.monitor", f"--latency-msec={latency_ms}", *form]


@contextmanager
def _running(
    command: list[str], env: dict[str, str], out: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the length of a block and wait for its end, so that no zombie is left behind."""
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _await(pulse: Pulse) -> None:
    deadline = time.monotonic() + _UP_S
    while time.monotonic() < deadline:
        try:
            pulse.pactl("info")
        except subprocess.CalledProcessError:
            select.select([], [], [], 0.02)
        else:
            return
    message = "pulseaudio did not come up"
    raise RuntimeError(message)


def _settle(name: str, env: dict[str, str]) -> None:
    """Wait until sound comes in small blocks, as it does a little after the keep-alive has asked for it."""
    with _running(_recorder(name, 16_000, 10), env, subprocess.PIPE) as probe:
        assert probe.stdout is not None
        steady, before = 0, time.monotonic()
        while steady < _STEADY_BLOCKS:
            os.read(probe.stdout.fileno(), 65_536)
            now = time.monotonic()
            steady = steady + 1 if now - before < 0.05 else 0
            before = now
