"""The default voice: piper for languages it has a voice for, pyttsx3 for the rest; only the choice stands here."""

from __future__ import annotations

from cockpitd.adapters import piper_tts, pyttsx3_tts
from cockpitd.adapters.worker.process import OnChange
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Speech
from cockpitd.domain.deadline import Deadline, after
from cockpitd.domain.units import Lang
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, Health, Synthesiser

_BETTER_SHARE = 0.7
"""Part of the time that the better voice may use up; espeak needs some 20 ms of what is left."""


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: OnChange) -> Synthesiser:
    """Choose by what is installed."""
    basic = pyttsx3_tts.create(config, catalogue, clock, on_change)
    langs = frozenset(piper_tts.voice_files(config.model_dir))
    if not langs:
        return basic
    return AutoSynthesiser(basic, piper_tts.create(config, catalogue, clock, on_change), langs, clock)


class AutoSynthesiser:
    """Two voices; when the better one fails, the basic one speaks if there is still time."""

    def __init__(self, basic: Synthesiser, better: Synthesiser, langs: frozenset[str], clock: Clock) -> None:
        self._basic, self._better, self._langs, self._clock = basic, better, langs, clock

    async def start(self) -> None:
        """Bring both up; only a failure of the basic voice is one of ours, the better one keeps trying by itself."""
        await self._basic.start()
        try:
            await self._better.start()
        except EngineError:
            return  # announced through on_change and visible in health(); pyttsx3 speaks meanwhile

    async def stop(self) -> None:
        """End both."""
        await self._better.stop()
        await self._basic.stop()

    def health(self) -> Health:
        """Report the basic voice, with the better one in the detail."""
        basic, better = self._basic.health(), self._better.health()
        return Health(
            basic.name,
            basic.state,
            basic.pid,
            basic.restarts + better.restarts,
            basic.rss_bytes + better.rss_bytes,
            f"{better.name} {better.state} (pid {better.pid}) for {', '.join(sorted(self._langs))}",
        )

    async def synthesise(self, text: str, lang: Lang, deadline: Deadline) -> Speech:
        """Render one sentence with the best voice that answers."""
        if lang in self._langs:
            now_ms = self._clock.now_ms()
            share = after(now_ms, int(deadline.remaining_ms(now_ms) * _BETTER_SHARE))
            try:
                return await self._better.synthesise(text, lang, share)
            except EngineError as exc:
                if exc.code == "tts-bad-text":
                    raise
        return await self._basic.synthesise(text, lang, deadline)
