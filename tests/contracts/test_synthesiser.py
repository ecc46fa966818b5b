"""What every synthesiser promises, held by the fake one and by the real ones in their child processes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cockpitd.adapters import auto_tts, piper_tts, pyttsx3_tts
from cockpitd.adapters._worker_tts import WorkerSynthesiser
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.audio.pcm import to_samples
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.deadline import after
from cockpitd.errors import EngineError
from cockpitd.ports import Synthesiser
from tests.adapters.voices import changes
from tests.fakes import ToneSynthesiser

NOTHING = Catalogue({}, {}, {})
CLOCK = SystemClock()


def pyttsx3() -> Synthesiser:
    return pyttsx3_tts.create(Config(), NOTHING, CLOCK, changes)


def piper() -> Synthesiser:
    if not piper_tts.voice_files(Config().model_dir):
        pytest.skip("no piper voice or no piper-tts; run `cockpitd models fetch piper-joe`")
    return piper_tts.create(Config(), NOTHING, CLOCK, changes)


def auto() -> Synthesiser:
    return auto_tts.create(Config(), NOTHING, CLOCK, changes)


REAL = [
    pytest.param(pyttsx3, id="pyttsx3", marks=pytest.mark.engine),
    pytest.param(piper, id="piper", marks=pytest.mark.engine),
    pytest.param(auto, id="auto", marks=pytest.mark.engine),
]


@pytest.mark.parametrize("make", [pytest.param(ToneSynthesiser, id="fake"), *REAL])
async def test_a_synthesiser_keeps_its_promises(make: Callable[[], Synthesiser]) -> None:
    voice = make()
    await voice.start()
    try:
        assert voice.health().state == "ready"
        short = await voice.synthesise("Yes.", "en", after(CLOCK.now_ms(), 20_000))
        long = await voice.synthesise("The reading light is already on.", "en", after(CLOCK.now_ms(), 20_000))
        assert long.seconds > short.seconds > 0.02
        assert long.lang == "en"
        assert long.engine
        assert len(long.data) % 2 == 0
        assert 8_000 <= long.rate_hz <= 48_000
        assert np.abs(to_samples(long.data)).max() > 0
    finally:
        await voice.stop()


@pytest.mark.parametrize("make", REAL)
async def test_bad_requests_are_named_and_harmless(make: Callable[[], Synthesiser]) -> None:
    voice = make()
    await voice.start()
    try:
        for text in ("", " \n\t", "x" * 2_000):
            with pytest.raises(EngineError) as caught:
                await voice.synthesise(text, "en", after(CLOCK.now_ms(), 5_000))
            assert caught.value.code == "tts-bad-text"
        with pytest.raises(EngineError) as caught:
            await voice.synthesise("too late", "en", after(CLOCK.now_ms(), 0))
        assert caught.value.code == "tts-deadline"
        odd = await voice.synthesise("It's 50% <b>&amp; \x00 [[x]] 'quoted'\n", "en", after(CLOCK.now_ms(), 20_000))
        assert odd.seconds > 0.3
    finally:
        await voice.stop()


@pytest.mark.engine
async def test_the_cache_answers_at_once_and_stays_small() -> None:
    made = pyttsx3()
    assert isinstance(made, WorkerSynthesiser)
    voice = WorkerSynthesiser(made._worker, "pyttsx3", CLOCK, cache_bytes=150_000)
    await voice.start()
    try:
        first = await voice.synthesise("Door locked.", "en", after(CLOCK.now_ms(), 20_000))
        assert await voice.synthesise("Door locked.", "en", after(CLOCK.now_ms(), 0)) is first
        assert voice.hits == 1
        for number in range(5):
            await voice.synthesise(f"Volume {number}.", "en", after(CLOCK.now_ms(), 20_000))
        assert voice._cached_bytes <= 150_000
        assert voice._cached_bytes == sum(len(speech.data) for speech in voice._cache.values())
        with pytest.raises(EngineError):
            await voice.synthesise("Door locked.", "en", after(CLOCK.now_ms(), 0))
    finally:
        await voice.stop()
