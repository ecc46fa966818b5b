"""pyttsx3 renders whole sentences, every time, and is killed when it hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from cockpitd.adapters import pyttsx3_tts
from cockpitd.adapters._worker_tts import WorkerSynthesiser
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.audio.pcm import to_samples
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.deadline import after
from cockpitd.errors import EngineError
from tests.adapters.voices import changes

NOTHING = Catalogue({}, {}, {})


def never() -> bool:
    return False


@pytest.mark.parametrize(("lang", "text"), [("zh", "好的，阅读灯已打开"), ("en", "The reading light is on.")])
def test_both_languages_are_spoken(espeak: pyttsx3_tts.Pyttsx3Engine, lang: str, text: str) -> None:
    data, rate_hz = espeak.render(text, lang, never)
    assert rate_hz == 22_050
    assert 0.8 < len(data) / 2 / rate_hz < 4
    assert np.abs(to_samples(data)).max() > 0.05


def test_a_hundred_sentences_in_a_row_are_all_whole(espeak: pyttsx3_tts.Pyttsx3Engine) -> None:
    """pyttsx3 cancels itself when espeak's queue is still busy; then a sentence comes out empty."""
    sentences = [("en", "Open the left window."), ("zh", "打开左边的车窗")] * 50
    seconds = [len(espeak.render(text, lang, never)[0]) / 2 / 22_050 for lang, text in sentences]
    assert max(seconds[::2]) - min(seconds[::2]) < 0.1
    assert max(seconds[1::2]) - min(seconds[1::2]) < 0.1


def test_an_unknown_voice_is_an_error_not_another_voice(espeak: pyttsx3_tts.Pyttsx3Engine) -> None:
    with pytest.raises(EngineError, match="no-such-voice") as caught:
        espeak.render("hello", "no-such-voice", never)
    assert caught.value.code == "tts-failed"
    assert espeak.render("hello", "en", never)[0]


def test_the_rate_is_obeyed() -> None:
    program = (
        "from cockpitd.adapters import pyttsx3_tts as t\n"
        "for rate in (100, 300):\n"
        "    engine = t.Pyttsx3Engine(rate)\n"
        "    print(len(engine.render('turn the volume down a little', 'en', lambda: False)[0]))\n"
    )
    program = f"from cockpitd.adapters.pyttsx3_tts import _find_espeak\n_find_espeak()\n{program}"
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    slow, fast = map(int, out.stdout.split())
    assert slow > 1.8 * fast


@pytest.mark.engine
async def test_a_hanging_child_is_killed_at_the_deadline_and_the_next_sentence_is_spoken() -> None:
    clock = SystemClock()
    voice = pyttsx3_tts.create(Config(), NOTHING, clock, changes)
    assert isinstance(voice, WorkerSynthesiser)
    await voice.start()
    try:
        first = await voice.synthesise("Window closed.", "en", after(clock.now_ms(), 5_000))
        pid = voice.health().pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(EngineError) as caught:
            await voice.synthesise("Door locked.", "en", after(clock.now_ms(), 300))
        assert caught.value.code == "tts-deadline"
        assert await voice.synthesise("Window closed.", "en", after(clock.now_ms(), 0)) == first  # from memory
        assert (await voice.synthesise("Door locked.", "en", after(clock.now_ms(), 10_000))).seconds > 0.4
        assert voice.health().pid != pid
    finally:
        await voice.stop()
