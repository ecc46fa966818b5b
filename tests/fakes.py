"""Small real implementations of the ports for tests: they keep every promise of the port, only without an engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Pcm, Speech
from cockpitd.domain.deadline import Deadline
from cockpitd.domain.turn import Transcript
from cockpitd.domain.units import Lang, Scalar
from cockpitd.errors import EngineError
from cockpitd.ports import Completion, Health


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self._now_ms

    def wall_s(self) -> float:
        """Seconds since the epoch: 8 March 2026, some time of day."""
        return 1_772_960_000.0 + self._now_ms / 1000

    def advance(self, ms: int) -> None:
        """Let time pass."""
        self._now_ms += ms


class _AlwaysReady:
    """The engine half of a fake."""

    name = "fake"

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to end."""

    def health(self) -> Health:
        """Report ready."""
        return Health(self.name, "ready")


class ScriptedRecogniser(_AlwaysReady):
    """Hears what it is told to: the texts come as partials, the last one as final."""

    name = "stt:scripted"

    def __init__(self, texts: Sequence[str], lang: Lang = "zh") -> None:
        self.texts = texts
        self.lang: Lang = lang
        self.error: EngineError | None = None

    async def transcribe(
        self, audio: AsyncIterator[Pcm], lang: Lang | None, deadline_after_end_ms: int
    ) -> AsyncIterator[Transcript]:
        """Consume the sound, then speak the script."""
        del deadline_after_end_ms
        spoken = lang or self.lang
        first = True
        async for _ in audio:
            if first:
                first = False
                for text in self.texts[:-1]:
                    yield Transcript(text, spoken, final=False, engine=self.name)
        if self.error:
            raise self.error
        yield Transcript(self.texts[-1], spoken, final=True, engine=self.name)


class ScriptedModel(_AlwaysReady):
    """Answers what it is told to; may wait for a gate, be late, or break."""

    name = "llm:scripted"
    taught = False

    def __init__(self, answer: Sequence[tuple[str, Mapping[str, Scalar]]] = (), confidence: float = 0.9) -> None:
        self.answer = answer
        self.confidence = confidence
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.asked: list[str] = []
        self.called = asyncio.Event()
        self.clock: FakeClock | None = None
        self.takes_ms = 0

    async def propose(self, text: str, lang: Lang, context: str, deadline: Deadline) -> Completion:
        """Answer after the gate opens and `takes_ms` of fake time have passed."""
        del lang, context, deadline
        self.asked.append(text)
        self.called.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.clock is not None:
            self.clock.advance(self.takes_ms)
        if self.error:
            raise self.error
        items = [{"action": name, "parameters": dict(parameters)} for name, parameters in self.answer]
        text = json.dumps(items, ensure_ascii=False)
        return Completion(text, tuple(self.confidence for _ in items), 10, 5, 5, 2, 1.0, 1.0)

    async def adopt(self, catalogue: Catalogue) -> None:
        """Nothing depends on the catalogue here."""


class ToneSynthesiser(_AlwaysReady):
    """A voice that hums: 10 ms of samples a character."""

    name = "tts:tone"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.error: EngineError | None = None

    async def synthesise(self, text: str, lang: Lang, deadline: Deadline) -> Speech:
        """Hum."""
        del deadline
        if self.error:
            raise self.error
        self.said.append(text)
        return Speech(b"\x00\x01" * 160 * len(text), 16_000, lang, self.name)


class HeldPlayback:
    """A sound that lasts until it is stopped or let end."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self._ended = asyncio.Event()
        self.completed = False

    async def wait(self) -> bool:
        """Wait for either end."""
        await self._ended.wait()
        return self.completed

    def stop(self) -> None:
        """Cut it off."""
        self._ended.set()

    def let_end(self) -> None:
        """Play it out."""
        self.completed = True
        self._ended.set()

    def position_s(self) -> float:
        """All or nothing."""
        return self.speech.seconds if self.completed else 0.0


class HeldPlayer:
    """A loudspeaker whose sounds last as long as the test wants."""

    def __init__(self) -> None:
        self.played: list[HeldPlayback] = []

    async def play(self, speech: Speech, tag: str) -> HeldPlayback:
        """Start."""
        del tag
        self.played.append(HeldPlayback(speech))
        return self.played[-1]

    async def close(self) -> None:
        """Let everything end."""
        for playback in self.played:
            playback.stop()


async def tone(seconds: float = 1.0) -> AsyncIterator[Pcm]:
    """Loud sound in 20 ms blocks, as a source."""
    block = Pcm(b"\x00\x20\x00\xe0" * 160)
    for _ in range(int(seconds * 50)):
        yield block
