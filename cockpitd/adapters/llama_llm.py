"""The language model port on llama.cpp: prompts and grammar on this side, the model in its child process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cockpitd.adapters.worker import WorkerEngine, WorkerProcess
from cockpitd.config import Config, LlmConfig
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.deadline import Deadline
from cockpitd.domain.units import LANGS, Lang
from cockpitd.models import gguf
from cockpitd.models.store import locate
from cockpitd.nlu.book import Book, book_for, chat_template, taught
from cockpitd.nlu.chat import ChatBook
from cockpitd.nlu.decode import MAX_ACTIONS, grammar
from cockpitd.nlu.prompt import Prompt, in_words
from cockpitd.ports import Clock, Completion, Health, LanguageModel, Speed

START_TIMEOUT_MS = 60_000
ADOPT_TIMEOUT_MS = 20_000
CHAT_PATIENCE = 15
"""Times longer that the start may take where a chat template is used."""
SPEED_TIMEOUT_MS = 120_000
SPIN = "3000"
"""Turns that a thread waits for the others before it sleeps, some ten microseconds: with none, two threads are slower
than one; with many more, a busy processor makes every barrier wait for its turn."""
MAX_UTTERANCE = 300
"""Characters of an utterance that are read: no command is longer, and nobody shall fill the context."""


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: Callable[[str, str], None]) -> LanguageModel:
    """Make the adapter that `llm.engine: llama` names; raises `ModelError` when the model is not installed."""
    model, lora = locate(config.model_dir, config.llm.model), config.llm.adapter
    settings = config.llm.model_copy(update={"adapter": str(locate(config.model_dir, lora)) if lora else ""})
    return LlamaLanguageModel(settings, str(model), catalogue, clock, on_change)


def build(settings: Mapping[str, Any]) -> WorkerEngine:
    """Load the model; runs in the child."""
    from cockpitd.adapters.llama_decode import LlamaEngine

    return LlamaEngine(settings)


class LlamaLanguageModel:
    """Prompts as the model's file asks for them, answers under the catalogue's grammar."""

    def __init__(
        self, config: LlmConfig, model: str, catalogue: Catalogue, clock: Clock, on_change: Callable[[str, str], None]
    ) -> None:
        self._config, self._clock = config, clock
        self._fixed = {
            "model": model,
            "adapter": config.adapter,
            "context": config.context,
            "threads": config.threads,
            "gpu_layers": config.gpu_layers,
        }
        # A LoRA applied at run time knows more than the model below it.
        told = {key: value for file in (model, config.adapter) if file for key, value in _header(file).items()}
        self._known, self._template = taught(told), chat_template(told)
        self._book = book_for(catalogue, self._known, self._template)
        # The catalogue in a chat's beginning is thousands of tokens, read once; a slow machine takes minutes for them.
        self._patience = CHAT_PATIENCE if isinstance(self._book, ChatBook) else 1
        self._worker = WorkerProcess(
            "llm:llama",
            "cockpitd.adapters.llama_llm:build",
            {**self._fixed, **_told(catalogue, self._book)},
            clock,
            on_change,
            START_TIMEOUT_MS * self._patience,
            env={"OMP_NUM_THREADS": str(config.threads), "GOMP_SPINCOUNT": SPIN},
        )

    @property
    def taught(self) -> bool:
        """Whether the model's file says that it was taught our actions."""
        return self._known is not None

    async def start(self) -> None:
        """Load the model and evaluate the fixed beginnings of the prompts."""
        await self._worker.start()

    async def stop(self) -> None:
        """End the child."""
        await self._worker.stop()

    def health(self) -> Health:
        """Report without blocking."""
        return self._worker.health()

    async def adopt(self, catalogue: Catalogue) -> None:
        """Take over a reloaded catalogue; a child that starts later gets it as well."""
        book = await asyncio.to_thread(book_for, catalogue, self._known, self._template)
        told = _told(catalogue, book)
        self._worker.reconfigure({**self._fixed, **told})
        self._book = book
        if self._worker.health().state == "ready":
            await self._worker.call("adopt", told, timeout_ms=ADOPT_TIMEOUT_MS * self._patience)

    async def propose(self, text: str, lang: Lang, context: str, deadline: Deadline) -> Completion:
        """Read one utterance into actions."""
        text = text[:MAX_UTTERANCE]
        prompts = self._book.prompts(text, lang, context, self._config.examples)
        answers = [await self._ask(prompt, deadline) for prompt in prompts]
        whole = merge(answers)
        return replace(whole, text=in_words(whole.text, text, lang))

    async def speed(self, text: str, tokens: int) -> Speed:
        """Measure the bare speed of the model."""
        data, _ = await self._worker.call("speed", {"text": text, "tokens": tokens}, timeout_ms=SPEED_TIMEOUT_MS)
        return Speed(**data)

    async def _ask(self, prompt: Prompt, deadline: Deadline) -> Completion:
        timeout_ms = min(deadline.remaining_ms(self._clock.now_ms()), self._config.deadline_ms)
        data, _ = await self._worker.call("propose", asdict(prompt), timeout_ms=timeout_ms)
        return Completion(**{**data, "confidences": tuple(data["confidences"])})


def merge(answers: Sequence[Completion]) -> Completion:
    """Join the answers to the wishes of one utterance: nothing twice, and no more than one answer may have."""
    actions = [action for answer in answers for action in json.loads(answer.text)]
    confidences = [confidence for answer in answers for confidence in answer.confidences]
    kept = [index for index, action in enumerate(actions) if action not in actions[:index]][:MAX_ACTIONS]
    return Completion(
        json.dumps([actions[index] for index in kept], ensure_ascii=False, separators=(",", ":")),
        tuple(confidences[index] for index in kept),
        sum(answer.prompt_tokens for answer in answers),
        sum(answer.evaluated_tokens for answer in answers),
        sum(answer.generated_tokens for answer in answers),
        sum(answer.forced_tokens for answer in answers),
        sum(answer.prefill_ms for answer in answers),
        sum(answer.decode_ms for answer in answers),
    )


def _told(catalogue: Catalogue, book: Book) -> dict[str, Any]:
    """What the child must know of a catalogue."""
    prefixes = [book.prefix(lang) for lang in LANGS]
    return {"grammar": grammar(catalogue), "prefixes": prefixes, "chat": isinstance(book, ChatBook)}


def _header(file: str) -> Mapping[str, object]:
    return gguf.read(Path(file)).values
