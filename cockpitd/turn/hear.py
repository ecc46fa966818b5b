"""From audio to a transcript: endpointing, recognition, and reflexes on agreeing partials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from cockpitd.audio.endpoint import Endpointer, utterance
from cockpitd.domain.audio import Pcm
from cockpitd.domain.events import Heard, SpeechEnded
from cockpitd.domain.turn import Proposal, Transcript
from cockpitd.domain.units import Lang
from cockpitd.errors import AudioError, EngineError
from cockpitd.turn.log import TurnLog
from cockpitd.turn.turn import Parts, Turn

Early = Callable[[Proposal, Lang], Awaitable[None]]


async def hear(audio: AsyncIterator[Pcm], turn: Turn, parts: Parts, early: Early) -> Transcript:
    """Listen to one utterance; `early` is called with a reflex that two partials agree on.

    Raises `AudioError("audio-no-speech")` when there was nothing to understand, `EngineError` when hearing broke.
    """
    if parts.recogniser is None:
        raise EngineError("stt-none", "no speech engine is configured; set stt.engine or send text")
    log = turn.log
    endpointer = Endpointer(turn.request.profile, parts.max_utterance_s, parts.preroll_ms)
    spoken = _timed(utterance(audio, endpointer), endpointer, log)
    lang = turn.request.lang or parts.stt_lang
    before = ""
    async for transcript in parts.recogniser.transcribe(spoken, lang, parts.stt_deadline_ms):
        text, told, final = transcript.text, transcript.lang, transcript.final
        log.emit(Heard(log.turn_id, text, told, final=final, engine=transcript.engine, at_ms=log.now_ms()))
        if final:
            log.since_capture("stt")
            if not text.strip():
                raise AudioError("audio-no-speech", "no words were heard; speak up, or check the microphone")
            return transcript
        found = turn.reader.reflex(text, told)
        name = found.actions[0].name if found else ""
        if found and name == before:
            await early(found, told)
        before = name
    raise EngineError("stt-no-final", "the recogniser ended without a final transcript; see the daemon's log")


async def _timed(blocks: AsyncIterator[Pcm], endpointer: Endpointer, log: TurnLog) -> AsyncIterator[Pcm]:
    """Pass audio on and note the end of speech, from which every deadline counts.

    When silence ended the utterance, speech ended that much earlier: the hangover is the driver's waiting time too.
    """
    async for block in blocks:
        yield block
    ended = endpointer.ended
    if ended is None:
        return
    waited_ms = round(ended.silence_s * 1000) if ended.reason == "silence" else 0
    log.captured_ms = log.now_ms() - waited_ms
    log.emit(SpeechEnded(log.turn_id, round(ended.seconds, 3), ended.reason, log.captured_ms))
