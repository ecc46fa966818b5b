"""The better voice speaks where it can; the basic one speaks when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd.adapters import auto_tts, piper_tts
from cockpitd.adapters._worker_tts import WorkerSynthesiser
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Speech
from cockpitd.domain.deadline import Deadline, after
from cockpitd.domain.units import Lang
from cockpitd.errors import EngineError
from tests.adapters.voices import changes
from tests.fakes import FakeClock, ToneSynthesiser

NOTHING = Catalogue({}, {}, {})


class NamedTone(ToneSynthesiser):
    """A humming voice that remembers its deadline."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.deadline = Deadline(0)

    async def synthesise(self, text: str, lang: Lang, deadline: Deadline) -> Speech:
        """Hum."""
        self.deadline = deadline
        return await super().synthesise(text, lang, deadline)


async def test_each_language_gets_its_voice() -> None:
    voice = auto_tts.AutoSynthesiser(NamedTone("basic"), NamedTone("better"), frozenset({"en"}), FakeClock())
    deadline = Deadline(2_000_000)
    assert (await voice.synthesise("yes", "en", deadline)).engine == "better"
    assert (await voice.synthesise("好", "zh", deadline)).engine == "basic"


async def test_the_basic_voice_steps_in_with_time_left() -> None:
    clock, basic, better = FakeClock(), NamedTone("basic"), NamedTone("better")
    voice = auto_tts.AutoSynthesiser(basic, better, frozenset({"en"}), clock)
    better.error = EngineError("tts-deadline", "too slow")
    deadline = after(clock.now_ms(), 1_000)
    assert (await voice.synthesise("yes", "en", deadline)).engine == "basic"
    assert better.deadline.at_ms < basic.deadline.at_ms == deadline.at_ms


async def test_a_text_nobody_can_speak_is_not_tried_twice() -> None:
    basic, better = NamedTone("basic"), NamedTone("better")
    better.error = EngineError("tts-bad-text", "nothing to say")
    voice = auto_tts.AutoSynthesiser(basic, better, frozenset({"en"}), FakeClock())
    with pytest.raises(EngineError, match="nothing to say"):
        await voice.synthesise("", "en", Deadline(2_000_000))
    assert basic.said == []


def test_without_a_voice_file_there_is_only_the_basic_voice(tmp_path: Path) -> None:
    chosen = auto_tts.create(Config(model_dir=tmp_path), NOTHING, SystemClock(), changes)
    assert isinstance(chosen, WorkerSynthesiser)
    assert chosen.health().name == "tts:pyttsx3"


def test_a_voice_without_its_description_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "piper-joe").mkdir()
    (tmp_path / "piper-joe" / "half.onnx").write_bytes(b"x")
    assert piper_tts.voice_files(tmp_path) == {}


async def test_piper_without_a_voice_says_what_to_do(tmp_path: Path) -> None:
    voice = piper_tts.create(Config(model_dir=tmp_path), NOTHING, SystemClock(), changes)
    with pytest.raises(EngineError, match="cockpitd models") as caught:
        await voice.start()
    assert caught.value.code == "tts-no-voice"
    await voice.stop()
