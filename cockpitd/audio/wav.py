"""WAV files: any PCM WAV to 16 kHz mono, each fault with its own code; no devices and no speech detection."""

from __future__ import annotations

import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cockpitd.audio.pcm import Samples, resample, to_bytes
from cockpitd.domain.audio import Pcm
from cockpitd.domain.units import SAMPLE_RATE_HZ
from cockpitd.errors import AudioError

MAX_SECONDS = 120.0
MIN_SECONDS = 0.05
SILENT_PEAK = 0.001
"""A sound that never exceeds this (-60 dB) holds no voice; quiet rooms on cheap microphones stay above it."""
CLIPPED_SHARE = 0.05
"""Loud speech touches the rails now and then; a file that stays on them for this share of its samples is ruined."""
_RAIL = 0.995
_RUN = 3
"""Samples in a row on the rail that count as clipped; a sine through its peak makes fewer at speech frequencies."""

_HEADER_BYTES, _FORMAT_BYTES, _SUBFORMAT_AT = 12, 16, 24
_BITS, _CHANNELS, _RATES_HZ = (8, 16, 24, 32), range(1, 17), range(4_000, 384_001)
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE
_FORMAT_NAMES = {0x0002: "ADPCM", 0x0003: "floating point", 0x0006: "A-law", 0x0007: "mu-law", 0x0055: "MP3"}
_UNKNOWN_LENGTH = 0x7FFF_0000
"""Writers that stream to a pipe put a size from here on into the header: the sound goes to the end of the file."""


@dataclass(frozen=True, slots=True)
class _Format:
    """What the `fmt ` chunk says."""

    channels: int
    rate_hz: int
    bits: int


def read_wav(path: Path, max_seconds: float = MAX_SECONDS) -> Pcm:
    """Read a file as 16 kHz mono; `AudioError` names what is wrong with it."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise AudioError("audio-missing", f"{path}: cannot be read ({exc.strerror}); check the path") from exc
    return decode_wav(data, str(path), max_seconds)


def decode_wav(data: bytes, name: str, max_seconds: float = MAX_SECONDS) -> Pcm:
    """Turn the bytes of a WAV file into 16 kHz mono; `name` is what errors call it."""
    form, frames = _chunks(data, name)
    seconds = len(frames) / (form.channels * form.bits // 8 * form.rate_hz)
    if seconds < MIN_SECONDS:
        raise AudioError("audio-empty", f"{name}: holds {seconds * 1000:.0f} ms of sound; record at least one word")
    if seconds > max_seconds:
        raise AudioError("audio-too-long", f"{name}: {seconds:.1f} s of sound; at most {max_seconds:.0f} s are taken")
    samples = _decode(frames, form)
    _check_levels(samples, name)
    mono: Samples = samples.mean(axis=1, dtype=np.float32)
    return Pcm(to_bytes(resample(mono, form.rate_hz, SAMPLE_RATE_HZ)))


def write_wav(path: Path, data: bytes, rate_hz: int) -> None:
    """Write mono signed 16-bit samples."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(data)


def _chunks(data: bytes, name: str) -> tuple[_Format, bytes]:
    """Walk the RIFF chunks up to the samples."""
    if len(data) == 0:
        raise AudioError("audio-empty", f"{name}: the file is empty; record it again")
    if len(data) < _HEADER_BYTES or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise AudioError("audio-not-wav", f"{name}: not a WAV file (it begins {data[:4]!r}); convert it to PCM WAV")
    form: _Format | None = None
    at = _HEADER_BYTES
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int(struct.unpack_from("<I", data, at + 4)[0])
        body = data[at + 8 : at + 8 + size]
        if kind == b"fmt ":
            form = _format(body, name)
        elif kind == b"data":
            if form is None:
                raise AudioError("audio-not-wav", f"{name}: no format before the samples; convert it to PCM WAV")
            if len(body) < size < _UNKNOWN_LENGTH:
                raise AudioError("audio-truncated", f"{name}: has {len(body)} of {size} bytes of sound; copy it again")
            frame = form.channels * form.bits // 8
            return form, body[: len(body) // frame * frame]
        at += 8 + size + size % 2
    raise AudioError("audio-truncated", f"{name}: the file ends before its sound begins; copy it again")


def _format(body: bytes, name: str) -> _Format:
    if len(body) < _FORMAT_BYTES:
        raise AudioError("audio-truncated", f"{name}: the file ends inside its format description; copy it again")
    code, channels, rate_hz, _, _, bits = (int(value) for value in struct.unpack_from("<HHIIHH", body))
    if code == _EXTENSIBLE and len(body) >= _SUBFORMAT_AT + 2:
        code = int(struct.unpack_from("<H", body, _SUBFORMAT_AT)[0])
    if code != _PCM:
        what = _FORMAT_NAMES.get(code, f"format 0x{code:04x}")
        raise AudioError("audio-unsupported", f"{name}: {what} samples; convert it to PCM WAV")
    if bits not in _BITS or channels not in _CHANNELS or rate_hz not in _RATES_HZ:
        raise AudioError(
            "audio-unsupported",
            f"{name}: {bits} bits, {channels} channels, {rate_hz} Hz; PCM of 8 to 32 bits, 4 to 384 kHz is taken",
        )
    return _Format(channels, rate_hz, bits)


def _decode(frames: bytes, form: _Format) -> npt.NDArray[np.float32]:
    """Make an array of frames by channels, full scale 1.0."""
    match form.bits:
        case 8:  # the only unsigned width
            flat = (np.frombuffer(frames, dtype=np.uint8).astype(np.float32) - 128.0) / 128.0
        case 16:
            flat = np.frombuffer(frames, dtype="<i2").astype(np.float32) / 32_768.0
        case 24:
            triples = np.frombuffer(frames, dtype=np.uint8).reshape(-1, 3)
            wide = np.zeros((len(triples), 4), dtype=np.uint8)
            wide[:, 1:] = triples  # three bytes into the high end of four: the sign comes out by itself
            flat = wide.view("<i4").reshape(-1).astype(np.float32) / 2_147_483_648.0
        case _:
            flat = np.frombuffer(frames, dtype="<i4").astype(np.float32) / 2_147_483_648.0
    return flat.reshape(-1, form.channels)


def _check_levels(samples: npt.NDArray[np.float32], name: str) -> None:
    loudness = np.abs(samples - samples.mean(axis=0, keepdims=True))  # a constant offset is not sound
    if float(loudness.max()) < SILENT_PEAK:
        raise AudioError("audio-silent", f"{name}: silence from beginning to end; check the microphone")
    on_rail = (np.abs(samples) >= _RAIL).max(axis=1)
    runs = np.convolve(on_rail.astype(np.int32), np.ones(_RUN, dtype=np.int32), mode="valid") == _RUN
    share = float(runs.mean()) if runs.size else 0.0
    if share > CLIPPED_SHARE:
        raise AudioError("audio-clipped", f"{name}: {share:.0%} of the sound is clipped; lower the recording level")
