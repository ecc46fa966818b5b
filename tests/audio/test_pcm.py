"""Sample arithmetic loses nothing it should keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.audio.pcm import blocks, from_speech, resample, silence, stream, to_bytes, to_samples
from cockpitd.domain.audio import Pcm, Speech


@given(st.lists(st.integers(-32_768, 32_767), max_size=50))
def test_bytes_to_samples_and_back(values: list[int]) -> None:
    data = np.array(values, dtype="<i2").tobytes()
    assert to_bytes(to_samples(data)) == data


def test_what_is_beyond_full_scale_is_held_there() -> None:
    assert np.frombuffer(to_bytes(np.array([2.0, -2.0], np.float32)), "<i2").tolist() == [32_767, -32_768]


@given(st.integers(0, 2_000), st.integers(10, 40))
def test_blocks_put_together_are_the_sound(samples: int, block_ms: int) -> None:
    pcm = Pcm(np.arange(samples, dtype="<i2").tobytes())
    assert b"".join(block.data for block in blocks(pcm, block_ms)) == pcm.data


async def test_a_sound_as_a_source() -> None:
    assert [len(block.data) async for block in stream(silence(0.05))] == [640, 640, 320]


def test_a_tone_above_the_new_limit_is_removed_not_folded() -> None:
    high = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)
    assert np.abs(resample(high, 48_000, 16_000)[200:-200]).max() < 0.01


def test_speech_for_a_recogniser_keeps_its_length() -> None:
    speech = Speech(bytes(2 * 22_050), 22_050, "en", "x")
    assert from_speech(speech).seconds == pytest.approx(1.0, abs=0.001)
