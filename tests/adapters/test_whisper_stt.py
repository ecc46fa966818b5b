"""Whisper hears English and Mandarin, on short blocks, early, and says nothing when nobody speaks."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from cockpitd.adapters import pyttsx3_tts, whisper_stt
from cockpitd.audio.pcm import blocks, to_samples
from cockpitd.audio.wav import read_wav
from cockpitd.config import Config
from cockpitd.domain.audio import Pcm
from cockpitd.errors import EngineError
from tests.adapters.voices import letters, say

pytestmark = pytest.mark.engine
RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"


@pytest.fixture(scope="module")
def whisper() -> whisper_stt.WhisperEngine:
    folder = whisper_stt.model_dir(Config())
    if not (folder / "model.bin").is_file():
        pytest.skip(f"no whisper model in {folder}; run `cockpitd models fetch`")
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed (extra: whisper)")
    return whisper_stt.build({"model": str(folder), "threads": 2, "lang": "auto"})


@pytest.mark.parametrize(
    "text", ["turn on the reading light", "warm up the passenger seat", "navigate to the nearest petrol station"]
)
def test_english_is_heard_once(
    whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine, text: str
) -> None:
    heard = whisper.transcribe(to_samples(say(espeak.render, text, "en").data), "")
    assert letters(heard["text"]) == letters(text)
    assert heard["lang"] == "en"
    assert 0.5 < heard["confidence"] <= 1


def test_mandarin_is_told_from_english_and_written_in_characters(whisper: whisper_stt.WhisperEngine) -> None:
    sounds = sorted((RECORDINGS / "zh").glob("*a.wav"))[:8]
    heard = [whisper.transcribe(to_samples(read_wav(path).data), "") for path in sounds]
    assert [found["lang"] for found in heard].count("zh") >= len(sounds) - 1
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in found["text"]) for found in heard) >= len(sounds) - 1


def test_a_fixed_language_is_kept(whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine) -> None:
    assert whisper.transcribe(to_samples(say(espeak.render, "close the window", "en").data), "zh")["lang"] == "zh"


def test_silence_and_noise_are_no_words(whisper: whisper_stt.WhisperEngine) -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 32_000).astype(np.float32)
    assert whisper.transcribe(np.zeros(32_000, np.float32), "en")["text"] == ""
    assert whisper.transcribe(noise, "en")["text"] == ""


def test_a_short_block_says_what_the_full_one_does_and_is_faster(
    whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine
) -> None:
    samples = to_samples(say(espeak.render, "switch off the air conditioning", "en").data)
    began = time.perf_counter()
    short = whisper.transcribe(samples, "en")["text"]
    between = time.perf_counter()
    full = whisper._stock(samples, "en")["text"]
    assert letters(short) == letters(full)
    assert between - began < time.perf_counter() - between


def test_more_than_one_block_goes_the_stock_way(
    whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine
) -> None:
    sentences = [
        "turn on the reading light",
        "navigate to the nearest petrol station",
        "switch off the air conditioning",
        "warm up the passenger seat",
        "please open the left front window",
        "what is the outside temperature",
    ]
    story = b"".join(say(espeak.render, text, "en").data for text in sentences * 2)
    assert len(story) / 32_000 > whisper_stt.LONGEST_S
    heard = whisper.transcribe(to_samples(story), "en")["text"].lower()
    assert "petrol station" in heard
    assert "passenger seat" in heard


class SpokenNow:
    """A clock beside which sound comes exactly as fast as it is spoken."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


def feed(stream: whisper_stt.WhisperStream, pcm: Pcm, clock: SpokenNow) -> list[tuple[float, str]]:
    """Feed in real time and note when which partial came."""
    found: list[tuple[float, str]] = []
    for block in blocks(pcm, 20):
        clock.now_s += block.seconds
        found += [(clock.now_s, partial["text"]) for partial in stream.feed(block.data)]
    return found


def test_the_pause_after_a_sentence_is_used(
    whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transcript is ready before the endpointer has made up its mind, and it is not made twice."""
    clock = SpokenNow()
    monkeypatch.setattr(whisper_stt, "time", clock, raising=True)
    clock.perf_counter = time.perf_counter  # type: ignore[attr-defined]
    pcm = say(espeak.render, "turn on the reading light", "en")
    stream = whisper.open_stream({"rate_hz": 16_000, "lang": "en"})
    partials = feed(stream, pcm, clock)
    assert [letters(text) for _, text in partials] == ["turnonthereadinglight"]
    began = time.perf_counter()
    assert letters(stream.finish()["text"]) == "turnonthereadinglight"
    assert time.perf_counter() - began < 0.02


def test_what_is_said_after_a_pause_is_heard(
    whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SpokenNow()
    monkeypatch.setattr(whisper_stt, "time", clock, raising=True)
    clock.perf_counter = time.perf_counter  # type: ignore[attr-defined]
    first, second = say(espeak.render, "turn on the reading light", "en"), say(espeak.render, "warm up the seat", "en")
    stream = whisper.open_stream({"lang": "en"})
    feed(stream, Pcm(first.data + second.data), clock)
    heard = letters(stream.finish()["text"])
    assert "readinglight" in heard
    assert "seat" in heard


def test_from_a_file_nothing_is_guessed(whisper: whisper_stt.WhisperEngine, espeak: pyttsx3_tts.Pyttsx3Engine) -> None:
    stream = whisper.open_stream({"lang": "en"})
    pcm = say(espeak.render, "turn on the reading light", "en")
    assert [partial for block in blocks(pcm, 100) for partial in stream.feed(block.data)] == []
    assert letters(stream.finish()["text"]) == "turnonthereadinglight"


def test_a_wrong_sample_rate_is_an_error(whisper: whisper_stt.WhisperEngine) -> None:
    with pytest.raises(EngineError) as caught:
        whisper.open_stream({"rate_hz": 44_100})
    assert caught.value.code == "stt-sample-rate"


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cockpitd models") as caught:
        whisper_stt.build({"model": str(tmp_path), "threads": 1, "lang": "auto"})
    assert caught.value.code == "stt-no-model"
