"""Arithmetic on PCM samples: conversion, resampling, cutting into blocks; no files and no decisions about speech."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import numpy as np
import numpy.typing as npt

from cockpitd.domain.audio import Pcm, Speech
from cockpitd.domain.units import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.float32]
"""Mono samples, full scale is 1.0."""

BLOCK_MS = 20
FULL_SCALE = 32_768.0


def to_samples(data: bytes) -> Samples:
    """Turn signed 16-bit little-endian bytes into samples."""
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)


def to_bytes(samples: Samples) -> bytes:
    """Turn samples into signed 16-bit little-endian bytes; what is beyond full scale is held there."""
    scaled = np.rint(samples.astype(np.float64) * FULL_SCALE)
    return np.clip(scaled, -32_768, 32_767).astype("<i2").tobytes()


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Change the sample rate without aliasing."""
    if from_hz == to_hz or samples.size == 0:
        return samples
    import soxr  # noqa: PLC0415 (native, and most sound arrives at the right rate)

    out: Samples = soxr.resample(samples, from_hz, to_hz, quality="HQ")
    return out


def from_speech(speech: Speech) -> Pcm:
    """Turn synthesised speech into what a recogniser hears."""
    return Pcm(to_bytes(resample(to_samples(speech.data), speech.rate_hz, SAMPLE_RATE_HZ)))


def blocks(pcm: Pcm, block_ms: int = BLOCK_MS) -> Iterator[Pcm]:
    """Cut a sound into blocks, the last one possibly shorter."""
    step = SAMPLE_RATE_HZ * block_ms // 1000 * 2
    for start in range(0, len(pcm.data), step):
        yield Pcm(pcm.data[start : start + step])


async def stream(pcm: Pcm, block_ms: int = BLOCK_MS) -> AsyncIterator[Pcm]:
    """Give a sound as a source, as fast as it is taken."""
    for block in blocks(pcm, block_ms):
        yield block


def silence(seconds: float) -> Pcm:
    """Make a stretch of nothing."""
    return Pcm(bytes(2 * round(seconds * SAMPLE_RATE_HZ)))
