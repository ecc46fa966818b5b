"""Where an utterance begins and ends; time is counted in samples, so there is no clock here and no device."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cockpitd.audio.pcm import to_samples
from cockpitd.audio.vad import BEGIN, BEGIN_FRAMES, FRAME_MS, FRAME_SAMPLES, STAY, STAY_OF_PEAK, VoiceEvidence
from cockpitd.domain.audio import Pcm

Profile: TypeAlias = Literal["push-to-talk", "command", "dialogue"]
EndReason: TypeAlias = Literal["silence", "maximum", "released", "end-of-file", "no-speech"]

HANGOVER_MS: dict[Profile, int | None] = {"push-to-talk": None, "command": 500, "dialogue": 900}
"""Silence that ends an utterance; None: only the driver's finger does."""

_DETECTION_MS = 160
"""The evidence is smoothed, so the voice began about this long before it is noticed."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """A voice was noticed."""

    preroll: bytes
    """The sound from shortly before the voice up to now."""
    at_s: float
    """Seconds of sound heard since the endpointer was made."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance is over."""

    reason: EndReason
    seconds: float
    """Length of the utterance with its pre-roll and the silence that ended it."""
    silence_s: float
    """How long ago, in sound, the voice was last heard: end of speech = now - silence_s."""
    at_s: float
    """Seconds of sound heard since the endpointer was made."""


EndpointEvent: TypeAlias = SpeechBegan | SpeechEnded


class Endpointer:
    """Waits for a voice, follows it to its end, waits again; the noise floor is kept from one utterance to the next."""

    def __init__(self, profile: Profile, max_s: float, preroll_ms: int) -> None:
        self._hangover = HANGOVER_MS[profile]
        self._max_frames = max(1, round(max_s * 1000 / FRAME_MS))
        self._preroll: deque[bytes] = deque(maxlen=(preroll_ms + _DETECTION_MS) // FRAME_MS)
        self._evidence = VoiceEvidence()
        self._pending = bytearray()
        self._voice = bytearray()
        self._voice_frames = self._frames = self._over = self._last_active = 0
        self._peak = 0.0
        self._active = False
        self.ended: SpeechEnded | None = None
        """How the latest utterance ended; None while none has."""

    def feed(self, pcm: Pcm) -> EndpointEvent | None:
        """Take a block of any size and return the first thing that happened.

        What follows an event in the block is kept: feed an empty block to go on with it.
        """
        self._pending += pcm.data
        step = 2 * FRAME_SAMPLES
        while len(self._pending) >= step:
            frame = bytes(self._pending[:step])
            del self._pending[:step]
            self._frames += 1
            event = self._follow(frame) if self._active else self._wait(frame)
            if event is not None:
                return event
        return None

    def take(self) -> Pcm:
        """Return the utterance's sound since the last call."""
        out = Pcm(bytes(self._voice))
        self._voice.clear()
        return out

    def finish(self) -> SpeechEnded:
        """Say that no more sound will come: the button was released, or the file ended."""
        if not self._active:
            return self._end("no-speech")
        self._voice += self._pending[: len(self._pending) // 2 * 2]
        self._pending.clear()
        return self._end("released" if self._hangover is None else "end-of-file")

    def _wait(self, frame: bytes) -> SpeechBegan | None:
        self._preroll.append(frame)
        evidence = self._evidence.add(to_samples(frame))
        self._over = self._over + 1 if evidence > BEGIN else 0
        if self._over < BEGIN_FRAMES and self._hangover is not None:
            return None
        preroll = b"".join(self._preroll)
        self._voice = bytearray(preroll)
        self._voice_frames = len(self._preroll)
        self._active, self._peak, self._last_active = True, evidence, self._frames
        self.ended = None
        return SpeechBegan(preroll, self._now_s())

    def _follow(self, frame: bytes) -> SpeechEnded | None:
        self._voice += frame
        self._voice_frames += 1
        evidence = self._evidence.add(to_samples(frame))
        self._peak = max(self._peak, evidence)
        if evidence > max(STAY, STAY_OF_PEAK * self._peak):
            self._last_active = self._frames
        if self._hangover is not None and (self._frames - self._last_active) * FRAME_MS >= self._hangover:
            return self._end("silence")
        if self._voice_frames >= self._max_frames:
            return self._end("maximum")
        return None

    def _end(self, reason: EndReason) -> SpeechEnded:
        seconds = self._voice_frames * FRAME_MS / 1000
        silence_s = (self._frames - self._last_active) * FRAME_MS / 1000 if self._active else 0.0
        self.ended = SpeechEnded(reason, seconds, silence_s, self._now_s())
        self._active, self._over, self._voice_frames = False, 0, 0
        self._preroll.clear()
        return self.ended

    def _now_s(self) -> float:
        return self._frames * FRAME_MS / 1000


async def utterance(source: AsyncIterator[Pcm], endpointer: Endpointer) -> AsyncIterator[Pcm]:
    """Yield the sound of the next utterance as it comes and return at its end; `endpointer.ended` tells how it ended.

    The source is left open: the next call goes on with the next utterance. A source without a voice yields nothing.
    """
    endpointer.ended = None
    block = Pcm(b"")  # first what an earlier utterance left over
    while True:
        event = endpointer.feed(block)
        voice = endpointer.take()
        if voice.data:
            yield voice
        if isinstance(event, SpeechEnded):
            return
        if isinstance(event, SpeechBegan):
            block = Pcm(b"")
            continue
        try:
            block = await anext(source)
        except StopAsyncIteration:
            break
    endpointer.finish()
    rest = endpointer.take()
    if rest.data:
        yield rest
