"""The daemon's side of a synthesiser that lives in a child process: deadline, cache, error codes; no engine code."""

from __future__ import annotations

from collections import OrderedDict

from cockpitd.adapters.worker import WorkerProcess
from cockpitd.domain.audio import Speech
from cockpitd.domain.deadline import Deadline
from cockpitd.domain.units import Lang
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, Health

CACHE_BYTES = 16 * 1024 * 1024
"""About six minutes of speech: every fixed prompt, and the answers of a day's driving."""
MAX_CHARACTERS = 1_000


class WorkerSynthesiser:
    """A `Synthesiser` over one worker; texts already rendered come from memory."""

    def __init__(self, worker: WorkerProcess, engine: str, clock: Clock, cache_bytes: int = CACHE_BYTES) -> None:
        self._worker, self._engine, self._clock = worker, engine, clock
        self._cache: OrderedDict[tuple[str, Lang], Speech] = OrderedDict()
        self._cached_bytes, self._cache_limit = 0, cache_bytes
        self.hits = 0
        """Texts answered from memory."""

    async def start(self) -> None:
        """Bring the engine up."""
        await self._worker.start()

    async def stop(self) -> None:
        """End it."""
        await self._worker.stop()

    def health(self) -> Health:
        """Report without blocking."""
        return self._worker.health()

    async def synthesise(self, text: str, lang: Lang, deadline: Deadline) -> Speech:
        """Render one sentence, or take it from memory; a cached sentence is spoken even while the engine is down."""
        known = self._cache.get((text, lang))
        if known is not None:
            self._cache.move_to_end((text, lang))
            self.hits += 1
            return known
        clean = "".join(character if character.isprintable() else " " for character in text).strip()
        if not clean or len(clean) > MAX_CHARACTERS:
            raise EngineError("tts-bad-text", f"{len(clean)} characters to speak; it must be 1 to {MAX_CHARACTERS}")
        remaining_ms = deadline.remaining_ms(self._clock.now_ms())
        if remaining_ms == 0:
            raise EngineError("tts-deadline", "the deadline for speaking had passed before the engine was asked")
        answer, data = await self._worker.call("speak", {"text": clean, "lang": lang}, timeout_ms=remaining_ms)
        speech = Speech(data, answer["rate_hz"], lang, self._engine)
        self._remember(text, lang, speech)
        return speech

    def _remember(self, text: str, lang: Lang, speech: Speech) -> None:
        before = self._cache.pop((text, lang), None)
        self._cache[text, lang] = speech
        self._cached_bytes += len(speech.data) - (len(before.data) if before else 0)
        while self._cached_bytes > self._cache_limit:
            _, dropped = self._cache.popitem(last=False)
            self._cached_bytes -= len(dropped.data)
