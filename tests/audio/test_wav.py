"""Every kind of PCM WAV is read, and every fault has its own code."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.audio.pcm import Samples, to_samples
from cockpitd.audio.wav import decode_wav, read_wav, write_wav
from cockpitd.errors import AudioError

CODES = {
    "audio-missing",
    "audio-not-wav",
    "audio-truncated",
    "audio-empty",
    "audio-silent",
    "audio-clipped",
    "audio-unsupported",
    "audio-too-long",
}


def tone(rate_hz: int, seconds: float = 0.5, level: float = 0.4) -> Samples:
    """440 Hz."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def encode(samples: Samples, bits: int) -> bytes:
    """One channel of PCM in any width."""
    if bits == 8:
        return (np.rint(samples * 127) + 128).astype(np.uint8).tobytes()
    wide = np.rint(samples.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i4")
    return bytes(wide.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes())


def wav(body: bytes, rate_hz: int = 16_000, bits: int = 16, channels: int = 1, code: int = 1) -> bytes:
    """A WAV file around a body."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * frame, frame, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def pitch_hz(data: bytes) -> float:
    """The strongest frequency of a 16 kHz sound."""
    samples = to_samples(data)
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * 16_000 / len(samples))


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_pcm_becomes_16_khz_mono(bits: int, rate_hz: int, channels: int) -> None:
    one = np.frombuffer(encode(tone(rate_hz), bits), np.uint8).reshape(-1, bits // 8)
    body = np.repeat(one[:, None, :], channels, axis=1).tobytes()
    pcm = decode_wav(wav(body, rate_hz, bits, channels), "tone.wav")
    assert pcm.seconds == pytest.approx(0.5, abs=0.002)
    assert pitch_hz(pcm.data) == pytest.approx(440, abs=3)
    assert np.abs(to_samples(pcm.data)[800:-800]).max() == pytest.approx(0.4, abs=0.02)


def test_the_extensible_header_of_multichannel_files_is_read() -> None:
    body = encode(tone(16_000), 16)
    form = struct.pack("<HHIIHHHHIH14s", 0xFFFE, 1, 16_000, 32_000, 2, 16, 22, 16, 4, 1, bytes(14))
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", len(body)) + body
    assert decode_wav(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks, "x").seconds == 0.5


def test_a_header_written_to_a_pipe_has_no_length() -> None:
    body = encode(tone(16_000), 16)
    data = bytearray(wav(body))
    data[40:44] = b"\xff\xff\xff\x7f"
    assert decode_wav(bytes(data), "x").seconds == 0.5


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    data = encode(tone(16_000), 16)
    write_wav(tmp_path / "a.wav", data, 16_000)
    assert read_wav(tmp_path / "a.wav").data == data


GOOD = wav(encode(tone(16_000), 16))
FAULTS = {
    "no file": (None, "audio-missing"),
    "nothing in it": (b"", "audio-empty"),
    "text": (b"hello, this is no sound at all", "audio-not-wav"),
    "an mp3": (b"ID3\x04" + bytes(400), "audio-not-wav"),
    "half a header": (GOOD[:20], "audio-truncated"),
    "header only": (GOOD[:36], "audio-truncated"),
    "cut off": (GOOD[:9_000], "audio-truncated"),
    "no samples": (wav(b""), "audio-empty"),
    "one millisecond": (wav(encode(tone(16_000, 0.001), 16)), "audio-empty"),
    "zeros": (wav(bytes(32_000)), "audio-silent"),
    "a constant offset": (wav(np.full(16_000, 900, "<i2").tobytes()), "audio-silent"),
    "driven into the rails": (wav(encode(np.clip(tone(16_000) * 10, -1, 1), 16)), "audio-clipped"),
    "floats": (wav(tone(16_000).tobytes(), bits=32, code=3), "audio-unsupported"),
    "mu-law": (wav(bytes(range(256)) * 40, bits=8, code=7), "audio-unsupported"),
    "12 bits": (wav(bytes(8_000), bits=12), "audio-unsupported"),
    "no channels": (wav(bytes(8_000), channels=0), "audio-unsupported"),
    "a rate of 100 Hz": (wav(bytes(8_000), rate_hz=100), "audio-unsupported"),
    "three minutes": (wav(encode(tone(16_000), 16) * 360), "audio-too-long"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_each_fault_has_its_own_code(what: str, tmp_path: Path) -> None:
    data, code = FAULTS[what]
    path = tmp_path / "sound.wav"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(AudioError) as caught:
        read_wav(path)
    assert caught.value.code == code
    assert str(path) in caught.value.message


def test_every_code_is_shown_above() -> None:
    assert {code for _, code in FAULTS.values()} == CODES


def test_loud_but_clean_speech_is_not_called_clipped() -> None:
    loud = tone(16_000, level=1.0)
    assert decode_wav(wav(encode(loud, 16)), "x").seconds == 0.5


@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_any_bytes_are_a_sound_or_a_named_fault(noise: bytes, cut: int) -> None:
    code = ""
    try:
        decode_wav(GOOD[:cut] + noise, "fuzz")
    except AudioError as exc:
        code = exc.code
    assert code in {*CODES, ""}


def test_every_recording_beside_the_project_is_readable(shared_dir: Path) -> None:
    sounds = sorted((shared_dir / "real_audio").glob("*/*.wav"))
    assert len(sounds) > 100
    assert all(read_wav(path).seconds > 0.5 for path in sounds[::8])
