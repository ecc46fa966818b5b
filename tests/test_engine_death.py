"""Every engine may be killed, frozen or crash in a loop: the turn ends and says so, and the engine returns."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from cockpitd.app import App, running
from cockpitd.audio.pcm import stream
from cockpitd.audio.wav import read_wav
from cockpitd.config import Config
from cockpitd.ports import TurnRequest
from tests.conftest import ROOT

ENGINES = {
    "stt": {"stt": {"engine": "whisper", "lang": "en", "deadline_ms": 2_000}},
    "llm": {"llm": {"engine": "llama", "deadline_ms": 2_000}},
    "tts": {"tts": {"engine": "pyttsx3", "player": "null", "deadline_ms": 800}},
}
SPEECH = ROOT / "tests/recordings/en/026.wav"
"""Lock the doors."""


def config(port: str) -> Config:
    none = {"stt": {"engine": "none"}, "llm": {"engine": "none"}, "tts": {"engine": "none", "player": "null"}}
    return Config.model_validate(none | ENGINES[port])


async def use(app: App, port: str, count: int) -> Mapping[str, Any]:
    """Run a turn that needs this engine; `count` keeps texts apart, so that no cache can answer."""
    request = TurnRequest(session=f"{port}{count}", profile="push-to-talk")
    if port == "stt":
        return await app.service.listen(stream(read_wav(SPEECH)), request)
    if port == "llm":
        return await app.service.say(f"帮我弄个有点特别的感觉第{count}种", request)
    return await app.service.say(f"音量调到{count}", request)


def failed(record: Mapping[str, Any], port: str) -> bool:
    return any(event["event"] == "engine-failed" for event in record["events"]) and (
        record["status"] == "failed" or port == "tts"
    )


async def until_back(app: App, restarts: int) -> None:
    """Wait for the event that tells of the engine's return, not for the clock."""
    queue = app.service.subscribe()
    try:
        while True:
            engine = app.service.health()["engines"][0]
            if engine["state"] == "ready" and engine["restarts"] >= restarts:
                return
            await queue.get()
    finally:
        queue.close()


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("port", ["stt", "llm", "tts"])
async def test_a_dead_engine_ends_the_turn_and_returns(port: str) -> None:
    async with running(config(port), persist=False) as app:
        assert not failed(await use(app, port, 1), port)
        for deaths, number in enumerate((signal.SIGKILL, signal.SIGSTOP), 1):
            os.kill(app.service.health()["engines"][0]["pid"], number)
            record = await use(app, port, 10 * deaths)
            assert failed(record, port)
            assert record["spoken"]
            assert record["events"][-1]["event"] == "turn-ended"
            assert (await app.service.say("开灯", TurnRequest()))["actions"][0]["outcome"] in ("done", "noop")
            await until_back(app, deaths)
            assert not failed(await use(app, port, 10 * deaths + 1), port)
            assert app.service.health()["engines"][0]["restarts"] == deaths


@pytest.mark.usefixtures("models")
async def test_a_crash_loop_leaves_everything_else_alive() -> None:
    async with running(config("tts"), persist=False) as app:
        for crashes in range(3):
            await until_back(app, crashes)
            os.kill(app.service.health()["engines"][0]["pid"], signal.SIGKILL)
            record = await use(app, "tts", 50)
            assert record["actions"][0]["outcome"] in ("done", "noop")
        await until_back(app, 3)
        assert not failed(await use(app, "tts", 51), "tts")
