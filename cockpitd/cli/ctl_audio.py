"""Speech for `cockpitctl listen`: a WAV file, standard input or a recorder, as base64 blocks; no socket."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

from cockpitd.errors import AudioError

BLOCK_BYTES = 32_000
"""One second of 16 kHz mono s16le: two minutes of file stay below the daemon's usual limit of calls a second."""
LIVE_BYTES = 1_280
"""40 ms: a live stream is sent as it comes, so that the end of speech is found early."""

RECORDERS = (
    ("parec", "--raw", "--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=20"),
    ("pw-record", "--format=s16", "--rate=16000", "--channels=1", "-"),
    ("arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", "16000", "-c", "1"),
)
"""Programs that write the microphone to standard output, the first one found is used."""


def recorded(name: str) -> Generator[str]:
    """Yield a file's samples, or those on standard input when `name` is `-`."""
    from cockpitd.audio.wav import decode_wav, read_wav

    if name != "-":
        data = read_wav(Path(name)).data
    else:
        given = sys.stdin.buffer.read()
        data = decode_wav(given, "standard input").data if given.startswith(b"RIFF") else given[: len(given) // 2 * 2]
    if not data:
        raise AudioError("audio-empty", f"{name}: holds no sound; send WAV or raw 16 kHz mono s16le")
    for start in range(0, len(data), BLOCK_BYTES):
        yield _encoded(data[start : start + BLOCK_BYTES])


def microphone() -> Generator[str]:
    """Yield what the microphone hears until the caller has enough."""
    command = next((recorder for recorder in RECORDERS if shutil.which(recorder[0])), None)
    if command is None:
        names = ", ".join(recorder[0] for recorder in RECORDERS)
        raise AudioError("audio-no-recorder", f"--mic needs one of {names}; install one, or send a WAV file")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as recorder:  # noqa: S603 (a fixed command of this table)
        try:
            while recorder.stdout is not None and (data := recorder.stdout.read(LIVE_BYTES)):
                yield _encoded(data)
        finally:
            recorder.terminate()
    raise AudioError("audio-no-microphone", f"{command[0]} ended by itself; is there a microphone?")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
