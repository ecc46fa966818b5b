"""llama.cpp with a model of random weights: adapters applied at run time, and the bare speed; no sense is expected."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpitd.adapters.llama_llm import LlamaLanguageModel
from cockpitd.cli.main import main
from cockpitd.config import LlmConfig
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.deadline import after
from cockpitd.errors import EngineError
from tests.models import tiny_llm

pytestmark = pytest.mark.engine

SENTENCES = ("turn it up a bit", "it is getting dark", "call my brother", "take me home please")


class RealClock:
    """Real processes need real time."""

    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall_s(self) -> float:
        return time.time()


CLOCK = RealClock()


@asynccontextmanager
async def running(catalogue: Catalogue, model: Path, adapter: str = "") -> AsyncIterator[LlamaLanguageModel]:
    config = LlmConfig.model_validate({"adapter": adapter, "deadline_ms": 30_000})
    engine = LlamaLanguageModel(config, str(model), catalogue, CLOCK, lambda *_: None)
    try:
        await engine.start()
        yield engine
    finally:
        await engine.stop()


async def answers(catalogue: Catalogue, model: Path, adapter: str = "") -> list[str]:
    async with running(catalogue, model, adapter) as engine:
        soon = after(CLOCK.now_ms(), 60_000)
        return [(await engine.propose(text, "en", "", soon)).text for text in SENTENCES]


async def test_an_adapter_changes_what_is_answered(catalogue: Catalogue, tmp_path: Path) -> None:
    model, lora = tiny_llm.model(tmp_path / "m.gguf"), tiny_llm.adapter(tmp_path / "a.gguf")
    plain = await answers(catalogue, model)
    assert plain == await answers(catalogue, model)
    adapted = await answers(catalogue, model, str(lora))
    assert adapted != plain
    assert all(json.loads(text) for text in adapted)


async def test_an_adapter_for_another_model_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    model, lora = tiny_llm.model(tmp_path / "m.gguf"), tiny_llm.adapter(tmp_path / "a.gguf", width=64)
    with pytest.raises(EngineError, match=r"a\.gguf: llama\.cpp cannot apply it to this model"):
        async with running(catalogue, model, str(lora)):
            pass


def test_variants_are_measured_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, lora = tiny_llm.model(tmp_path / "m.gguf"), tiny_llm.adapter(tmp_path / "a.gguf")
    figures = tmp_path / "speed.json"
    words = ["--model", str(model), "--model", f"{model}+{lora}", "--rounds", "2", "--json", str(figures)]
    assert main(["bench", "llm", *words]) == 0
    told = json.loads(figures.read_text(encoding="utf-8"))
    plain, adapted = told["variants"]
    assert (plain["name"], adapted["name"]) == ("m.gguf", "m.gguf + a.gguf")
    assert adapted["file_bytes"] == plain["file_bytes"] + lora.stat().st_size
    for row in told["variants"]:
        assert row["tokens_per_s"] > 0 < row["prefill_per_s"]
        assert row["answer_ms"] >= row["answer_decode_ms"] > 0
        assert row["rss_bytes"] > 10_000_000
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["model", "m.gguf", "m.gguf"]


def test_a_variant_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "llm", "--model", "gemma3-270m+nowhere.gguf"]) == 2
    assert "[model-missing]" in capsys.readouterr().err
