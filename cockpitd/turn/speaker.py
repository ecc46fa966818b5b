"""Saying a reply: voice, else chime; stoppable at any moment. It owns the playback in progress."""

from __future__ import annotations

import asyncio

from cockpitd.domain.audio import Speech
from cockpitd.domain.deadline import after
from cockpitd.domain.earcon import TONES, chime
from cockpitd.domain.events import EngineFailed, SpeakingEnded, SpeakingStarted
from cockpitd.domain.turn import Reply
from cockpitd.errors import CockpitError
from cockpitd.ports import Playback, Player, Synthesiser
from cockpitd.turn.log import TurnLog


class Speaker:
    """One mouth: a new reply silences the old one."""

    def __init__(self, synthesiser: Synthesiser | None, player: Player, deadline_ms: int) -> None:
        self._synthesiser = synthesiser
        self._player = player
        self._deadline_ms = deadline_ms
        self._playing: Playback | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def speaking(self) -> bool:
        """Tell whether a sound is being played."""
        return self._playing is not None

    def silence(self) -> bool:
        """Stop at once; True when there was something to stop."""
        if self._playing is None:
            return False
        self._playing.stop()
        return True

    async def speak(self, reply: Reply, log: TurnLog) -> None:
        """Render and start playing; returns at the first sound, playback goes on by itself."""
        speech = await self._voice(reply, log)
        if speech is None:
            return
        self.silence()
        await self.finished()
        try:
            playing = await self._player.play(speech, log.turn_id)
        except CockpitError as exc:
            log.emit(EngineFailed(log.turn_id, "player", exc.code, exc.message, log.now_ms()))
            return
        self._playing = playing
        log.since_capture("first_sound")
        log.emit(SpeakingStarted(log.turn_id, speech.engine, round(speech.seconds, 3), log.now_ms()))
        self._watcher = asyncio.create_task(self._watch(playing, log), name=f"playback {log.turn_id}")

    async def _voice(self, reply: Reply, log: TurnLog) -> Speech | None:
        if reply.text and self._synthesiser is not None:
            try:
                return await self._synthesiser.synthesise(
                    reply.text, reply.lang, after(log.now_ms(), self._deadline_ms)
                )
            except CockpitError as exc:
                log.emit(EngineFailed(log.turn_id, "tts", exc.code, exc.message, log.now_ms()))
        return chime(reply.earcon, reply.lang) if reply.earcon in TONES else None

    async def _watch(self, playing: Playback, log: TurnLog) -> None:
        try:
            completed = await playing.wait()
        except CockpitError as exc:
            log.emit(EngineFailed(log.turn_id, "player", exc.code, exc.message, log.now_ms()))
            completed = False
        if self._playing is playing:
            self._playing = None
        log.emit(SpeakingEnded(log.turn_id, completed, round(playing.position_s(), 3), log.now_ms()))

    async def finished(self) -> None:
        """Wait until the sound in progress has ended and been accounted for."""
        if self._watcher is not None:
            await self._watcher
            self._watcher = None

    async def close(self) -> None:
        """Fall silent and release the device."""
        self.silence()
        await self.finished()
        await self._player.close()
