"""The daemon's side of a recogniser that lives in a child process: blocks in, transcripts out; no engine code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from cockpitd.adapters.worker import WorkerProcess
from cockpitd.domain.audio import Pcm
from cockpitd.domain.turn import Transcript, Word
from cockpitd.domain.units import SAMPLE_RATE_HZ, Lang
from cockpitd.ports import Health

SLOW_RTF = 0.8
"""Seconds of work per second of sound from which a recogniser is said to be hardly keeping up."""


class WorkerRecogniser:
    """A `Recogniser` over one worker."""

    def __init__(self, worker: WorkerProcess, engine: str) -> None:
        self._worker, self._engine = worker, engine
        self.last_rtf = 0.0
        """Seconds of work per second of sound in the latest utterance."""

    async def start(self) -> None:
        """Bring the engine up."""
        await self._worker.start()

    async def stop(self) -> None:
        """End it."""
        await self._worker.stop()

    def health(self) -> Health:
        """Report without blocking."""
        health = self._worker.health()
        if not self.last_rtf:
            return health
        note = "; too slow for this machine" if self.last_rtf > SLOW_RTF else ""
        return replace(health, detail=health.detail or f"{self.last_rtf:.2f} of real time{note}")

    async def transcribe(
        self, audio: AsyncIterator[Pcm], lang: Lang | None, deadline_after_end_ms: int
    ) -> AsyncIterator[Transcript]:
        """Yield partials and exactly one final transcript."""
        request = {"lang": lang or "", "rate_hz": SAMPLE_RATE_HZ}
        messages = self._worker.stream("listen", request, _bytes(audio), deadline_after_end_ms)
        async with aclosing(messages) as stream:  # type: ignore[type-var]  # an async generator, as its docstring asks
            async for data, final in stream:
                if final:
                    self.last_rtf = float(data.get("rtf", 0.0))
                yield self._transcript(data, final=final)

    def _transcript(self, data: Mapping[str, Any], *, final: bool) -> Transcript:
        return Transcript(
            text=data["text"],
            lang=data["lang"],
            final=final,
            engine=self._engine,
            words=tuple(Word(*word) for word in data.get("words", ())),
            confidence=float(data.get("confidence", 1.0)),
        )


async def _bytes(audio: AsyncIterator[Pcm]) -> AsyncIterator[bytes]:
    async for block in audio:
        yield block.data
