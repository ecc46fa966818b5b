"""From audio to a transcript: endpointing, recognition, and reflexes on agreeing partials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from cockpitd.audio.endpoint import Endpointer, utterance
from cockpitd.domain.audio import Pcm
from cockpitd.domain.events import Heard, SpeechEnded
from cockpitd.domain.turn import Proposal, Transcript
from cockpitd.domain.units import Lang
from cockpitd.errors import EngineError
from cockpitd.ports import Recogniser
from cockpitd.turn.log import TurnLog
from cockpitd.turn.reader import Reader

AGREEING_PARTIALS = 2
"""A reflex acts before the end of speech only when this many partials in a row read the same."""

Early = Callable[[Proposal, Lang], Awaitable[None]]


async def hear(
    audio: AsyncIterator[Pcm],
    endpointer: Endpointer,
    recogniser: Recogniser,
    lang: Lang | None,
    deadline_ms: int,
    reader: Reader,
    log: TurnLog,
    early: Early,
) -> Transcript:
    """Listen to one utterance; `early` is called with a reflex that two partials agree on."""
    spoken = _timed(utterance(audio, endpointer), endpointer, log)
    seen: list[str] = []
    async for transcript in recogniser.transcribe(spoken, lang, deadline_ms):
        log.emit(
            Heard(log.turn_id, transcript.text, transcript.lang, transcript.final, transcript.engine, log.now_ms())
        )
        if transcript.final:
            log.since_capture("stt")
            return transcript
        found = reader.reflex(transcript.text, transcript.lang)
        seen.append(found.actions[0].name if found else "")
        if found and seen[-AGREEING_PARTIALS:] == [seen[-1]] * AGREEING_PARTIALS:
            await early(found, transcript.lang)
    raise EngineError("stt-no-final", "the recogniser ended without a final transcript; see the daemon's log")


async def _timed(blocks: AsyncIterator[Pcm], endpointer: Endpointer, log: TurnLog) -> AsyncIterator[Pcm]:
    """Pass audio on and note the end of speech, from which every deadline counts."""
    seconds = 0.0
    async for block in blocks:
        seconds += block.seconds
        yield block
    log.captured_ms = log.now_ms()
    log.emit(SpeechEnded(log.turn_id, round(seconds, 3), endpointer.reason, log.captured_ms))
