"""An utterance begins with its first sound, ends soon after its last, and noise is neither."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpitd.audio.endpoint import Endpointer, Profile, SpeechBegan, SpeechEnded, utterance
from cockpitd.audio.pcm import Samples, blocks, to_bytes, to_samples
from cockpitd.audio.wav import read_wav
from cockpitd.domain.audio import Pcm

RATE = 16_000


def voice(seconds: float, pitch_hz: float = 140.0) -> Samples:
    """Something like a vowel: a pulse train with formants, slightly wandering."""
    at = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.05 * np.sin(2 * np.pi * 3 * at))) / RATE
    harmonics = [np.sin(n * phase) / n for n in range(1, 20)]
    return np.asarray(0.1 * np.sum(harmonics, axis=0), dtype=np.float32)


def hush(seconds: float, level: float = 0.0005) -> Samples:
    """A quiet room."""
    return np.random.default_rng(7).normal(0, level, int(seconds * RATE)).astype(np.float32)


def sound(*parts: Samples) -> Pcm:
    return Pcm(to_bytes(np.concatenate(parts)))


def events(pcm: Pcm, endpointer: Endpointer, block_ms: int = 20) -> list[SpeechBegan | SpeechEnded]:
    """Feed it all and collect what happens."""
    found: list[SpeechBegan | SpeechEnded] = []
    for block in blocks(pcm, block_ms):
        event = endpointer.feed(block)
        while event is not None:
            found.append(event)
            event = endpointer.feed(Pcm(b""))
    return found


@pytest.mark.parametrize(("profile", "hangover_s"), [("command", 0.5), ("dialogue", 0.9)])
def test_silence_ends_an_utterance(profile: Profile, hangover_s: float) -> None:
    began, ended = events(sound(hush(1.0), voice(1.0), hush(2.0)), Endpointer(profile, 15, 300))
    assert isinstance(began, SpeechBegan)
    assert began.at_s == pytest.approx(1.1, abs=0.1)
    assert isinstance(ended, SpeechEnded)
    assert ended.reason == "silence"
    assert 2.0 + hangover_s - 0.05 <= ended.at_s <= 2.0 + hangover_s + 0.25
    assert ended.at_s - ended.silence_s == pytest.approx(2.1, abs=0.15)


def test_the_preroll_holds_the_beginning_of_the_word() -> None:
    endpointer = Endpointer("command", 15, 300)
    began = events(sound(hush(1.0), voice(1.0)), endpointer)[0]
    assert isinstance(began, SpeechBegan)
    starts_at_s = began.at_s - len(began.preroll) / 2 / RATE
    assert 0.5 <= starts_at_s <= 0.9


def test_a_pause_inside_a_sentence_does_not_end_it() -> None:
    pcm = sound(hush(0.5), voice(0.6), hush(0.3), voice(0.6), hush(1.5))
    assert [type(event) for event in events(pcm, Endpointer("command", 15, 300))] == [SpeechBegan, SpeechEnded]


def test_the_longest_utterance_is_cut() -> None:
    ended = events(sound(hush(0.5), voice(4.0)), Endpointer("command", 2.0, 300))[1]
    assert isinstance(ended, SpeechEnded)
    assert (ended.reason, ended.seconds) == ("maximum", 2.0)


def test_steady_noise_is_no_voice() -> None:
    assert events(sound(hush(8.0, level=0.03)), Endpointer("command", 15, 300)) == []


def test_clicks_are_no_voice() -> None:
    quiet = hush(3.0)
    quiet[8_000::8_000] = 0.9
    assert events(sound(quiet), Endpointer("command", 15, 300)) == []


def test_noise_that_begins_later_becomes_the_floor() -> None:
    endpointer = Endpointer("command", 15, 300)
    noise = hush(6.0, level=0.02)
    found = events(sound(hush(1.0), noise, noise[: 2 * RATE] + 0.5 * voice(2.0), noise[:RATE]), endpointer)
    assert [type(event) for event in found] == [SpeechBegan, SpeechEnded]
    assert found[0].at_s == pytest.approx(7.1, abs=0.3)


def test_push_to_talk_waits_for_the_finger() -> None:
    endpointer = Endpointer("push-to-talk", 15, 300)
    found = events(sound(hush(0.2), voice(0.5), hush(3.0)), endpointer)
    assert [type(event) for event in found] == [SpeechBegan]
    assert found[0].at_s == 0.02
    ended = endpointer.finish()
    assert ended.reason == "released"
    assert ended.seconds == pytest.approx(3.7)


def test_two_utterances_one_after_the_other() -> None:
    pcm = sound(hush(0.5), voice(0.6), hush(1.2), voice(0.6), hush(1.2))
    found = events(pcm, Endpointer("command", 15, 300))
    assert [type(event) for event in found] == [SpeechBegan, SpeechEnded] * 2


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 2_500))
def test_the_size_of_the_blocks_changes_nothing(block_ms: int) -> None:
    pcm = sound(hush(0.5), voice(0.6), hush(1.2), voice(0.4), hush(0.8))
    expected = events(pcm, Endpointer("command", 15, 300))
    assert events(pcm, Endpointer("command", 15, 300), block_ms) == expected


async def _source(pcm: Pcm, block_ms: int = 20) -> AsyncIterator[Pcm]:
    for block in blocks(pcm, block_ms):
        yield block


async def test_utterances_are_cut_out_of_a_source() -> None:
    pcm = sound(hush(1.0), voice(0.6), hush(1.5), voice(0.9), hush(0.2))
    endpointer, source = Endpointer("command", 15, 300), _source(pcm, 130)
    first = b"".join([block.data async for block in utterance(source, endpointer)])
    assert endpointer.ended is not None
    assert endpointer.ended.reason == "silence"
    assert len(first) / 2 / RATE == pytest.approx(endpointer.ended.seconds)
    assert first in pcm.data
    second = b"".join([block.data async for block in utterance(source, endpointer)])
    assert str(endpointer.ended.reason) == "end-of-file"
    assert second in pcm.data
    assert pcm.data.endswith(second)


async def test_a_source_without_a_voice_yields_nothing() -> None:
    endpointer = Endpointer("command", 15, 300)
    assert [block async for block in utterance(_source(sound(hush(2.0))), endpointer)] == []
    assert endpointer.ended is not None
    assert endpointer.ended.reason == "no-speech"


def _loudest(samples: Samples) -> float:
    """The loudest stretch of 2,048 samples, by which speech and noise are compared."""
    frames = samples[: len(samples) // 2_048 * 2_048].reshape(-1, 2_048)
    return float(np.sqrt((frames**2).mean(axis=1)).max())


def _last_voice_s(samples: Samples) -> float:
    """Where a clean recording falls below 8 % of its loudest for good."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    rms = np.sqrt((frames**2).mean(axis=1))
    return float((np.flatnonzero(rms > 0.08 * np.sort(rms)[-5:].mean())[-1] + 1) * 0.02)


@pytest.mark.parametrize(("snr_db", "wanted"), [(20, 0.85), (6, 0.75)])
def test_real_people_in_kitchen_noise(shared_dir: Path, snr_db: float, wanted: float) -> None:
    """The end is found, and soon: within 0.2 s of what the hangover makes it anyway."""
    folder = shared_dir / "real_audio"
    noise = to_samples(read_wav(folder / "kitchen_noise.wav", 300).data)
    index = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    in_time = []
    for number, row in enumerate(row for row in index if row["audio"].startswith("orders_en")):
        if number % 3:
            continue
        clean = to_samples(read_wav(folder / row["audio"]).data)
        padded = np.concatenate([np.zeros(RATE, np.float32), clean, np.zeros(3 * RATE, np.float32)])
        under = noise[number * RATE : number * RATE + len(padded)]
        mixed = padded + under * (_loudest(padded) / _loudest(under) / 10 ** (snr_db / 20))
        ends = [
            event for event in events(sound(mixed), Endpointer("command", 15, 300)) if isinstance(event, SpeechEnded)
        ]
        spoken_until = 1.0 + _last_voice_s(clean)
        in_time.append(any(-0.1 <= event.at_s - spoken_until <= 0.8 for event in ends))
    assert len(in_time) == 20
    assert sum(in_time) / len(in_time) >= wanted
