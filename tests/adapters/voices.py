"""What the tests of speech engines share: sentences as sound, made by the project's own voice, and plain comparison."""

from __future__ import annotations

import atexit
import functools
import unicodedata
from collections.abc import AsyncIterator, Callable

from cockpitd.adapters import pyttsx3_tts
from cockpitd.audio.pcm import blocks, from_speech, silence
from cockpitd.domain.audio import Pcm, Speech


@functools.cache
def espeak_voice() -> pyttsx3_tts.Pyttsx3Engine:
    """The real espeak voice in this process, once: the library cannot be initialised twice."""
    engine = pyttsx3_tts.build({"rate_wpm": 160})
    atexit.register(engine.close)
    return engine


def say(render: Callable[[str, str, Callable[[], bool]], tuple[bytes, int]], text: str, voice: str) -> Pcm:
    """Render a sentence with a little room around it."""
    data, rate_hz = render(text, voice, lambda: False)
    spoken = from_speech(Speech(data, rate_hz, "en", "test"))
    return Pcm(silence(0.3).data + spoken.data + silence(0.5).data)


async def source(pcm: Pcm, block_ms: int = 100) -> AsyncIterator[Pcm]:
    """Give a sound as fast as it is taken."""
    for block in blocks(pcm, block_ms):
        yield block


def letters(text: str) -> str:
    """Only what is said."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).lower() if character.isalnum())


def changes(state: str, detail: str) -> None:
    """Take an engine's announcements and do nothing with them."""
