"""What every language model must keep: one suite for the fake and for llama.cpp with a real model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.deadline import after
from cockpitd.domain.units import Lang
from cockpitd.errors import EngineError, ModelError
from cockpitd.models.store import locate
from cockpitd.nlu.decode import parse_completion
from cockpitd.ports import LanguageModel
from tests.fakes import ScriptedModel

PATIENCE_MS = 30_000


class RealClock:
    """Real processes need real time."""

    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall_s(self) -> float:
        return time.time()


CLOCK = RealClock()


@asynccontextmanager
async def language_model(kind: str, catalogue: Catalogue) -> AsyncIterator[LanguageModel]:
    model = fake() if kind == "fake" else llama(catalogue)
    await model.start()
    try:
        yield model
    finally:
        await model.stop()


def fake() -> LanguageModel:
    return ScriptedModel([("MUSIC_PLAY", {"genre": "jazz"})])


def llama(catalogue: Catalogue) -> LanguageModel:
    from cockpitd.adapters.llama_llm import create

    config = Config.model_validate({"llm": {"deadline_ms": PATIENCE_MS}})
    try:
        locate(config.model_dir, config.llm.model)
    except ModelError as exc:
        pytest.skip(f"no language model here: {exc.message}")
    return create(config, catalogue, CLOCK, lambda _state, _detail: None)


KINDS = ["fake", pytest.param("llama", marks=pytest.mark.engine)]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_answers_usable_actions_and_says_it_is_ready(kind: str, catalogue: Catalogue) -> None:
    async with language_model(kind, catalogue) as model:
        assert model.health().state == "ready"
        for lang, text in (("zh", "副驾那边二十三度就够了"), ("en", "play some jazz for me")):
            found = await model.propose(text, "zh" if lang == "zh" else "en", "", after(CLOCK.now_ms(), PATIENCE_MS))
            proposal = parse_completion(found.text, found.confidences)
            assert all(action.name in catalogue.actions for action in proposal.actions)
            assert all(0.0 <= confidence <= 1.0 for confidence in found.confidences)
            assert found.evaluated_tokens <= found.prompt_tokens
            assert found.forced_tokens <= found.generated_tokens
    assert model.health().state != "ready" or kind == "fake"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancelled_call_leaves_it_usable(kind: str, catalogue: Catalogue) -> None:
    async with language_model(kind, catalogue) as model:
        lang: Lang = "en"
        gate = asyncio.Event()
        if isinstance(model, ScriptedModel):
            model.gate = gate
        first = asyncio.create_task(model.propose("play some jazz", lang, "", after(CLOCK.now_ms(), PATIENCE_MS)))
        await asyncio.sleep(0)  # let it begin; the fake waits at its gate, the real one for its child
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        gate.set()
        found = await model.propose("play some jazz", lang, "", after(CLOCK.now_ms(), PATIENCE_MS))
        assert found.text.startswith("[")


@pytest.mark.engine
async def test_a_deadline_that_cannot_be_met_is_an_error_and_the_next_call_works(catalogue: Catalogue) -> None:
    async with language_model("llama", catalogue) as model:
        with pytest.raises(EngineError) as caught:
            await model.propose("play some jazz", "en", "", after(CLOCK.now_ms(), 5))
        assert caught.value.code in ("llm-deadline", "llm-down")
        found = await model.propose("play some jazz", "en", "", after(CLOCK.now_ms(), PATIENCE_MS))
        assert '"MUSIC_PLAY"' in found.text
