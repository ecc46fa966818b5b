"""Speech with pyttsx3 over espeak-ng, as a synthesiser only; it never plays, and no other engine is known here."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cockpitd.adapters._worker_tts import WorkerSynthesiser
from cockpitd.adapters.worker import CallCancelled, WorkerProcess
from cockpitd.adapters.worker.process import OnChange
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, Synthesiser

VOICES = {"zh": "sit/cmn", "en": "gmw/en-us"}
_SONAMES = ("libespeak-ng.so.1", "libespeak.so.1")
_WARM_UP = {"zh": "好", "en": "ok"}
_START_TIMEOUT_MS = 20_000
_MAX_RSS_MB = 300
_GIVE_UP_S = 30.0
"""The parent's deadline kills us long before; this only keeps a forgotten call from waiting for ever."""


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: OnChange) -> Synthesiser:
    """Make the synthesiser; its child process starts with `start()`."""
    del catalogue
    worker = WorkerProcess(
        "tts:pyttsx3",
        f"{__name__}:build",
        {"rate_wpm": config.tts.rate_wpm},
        clock,
        on_change,
        _START_TIMEOUT_MS,
        max_rss_mb=_MAX_RSS_MB,
    )
    return WorkerSynthesiser(worker, "pyttsx3", clock)


def build(settings: Mapping[str, Any]) -> Pyttsx3Engine:
    """Load the library in the child and speak a syllable per language, so that the first reply is not the slow one."""
    _find_espeak()
    engine = Pyttsx3Engine(settings["rate_wpm"])
    for lang, text in _WARM_UP.items():
        engine.render(text, lang, lambda: False)
    return engine


def _find_espeak() -> None:
    """Make the soname that pyttsx3 asks for resolvable: the system's library, else the one espeakng-loader ships.

    A library already in the process answers for its soname, so loading it by path first is all it takes.
    """
    for soname in _SONAMES:
        with contextlib.suppress(OSError):
            ctypes.CDLL(soname, mode=ctypes.RTLD_GLOBAL)
            return
    try:
        import espeakng_loader

        ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
        os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    except (ImportError, OSError, RuntimeError) as exc:
        raise EngineError(
            "tts-no-espeak", f"espeak-ng is not on this machine ({exc}); install the package espeakng-loader"
        ) from exc


class Pyttsx3Engine:
    """One pyttsx3 engine for the life of the child, so that its settings never change under a running synthesis."""

    def __init__(self, rate_wpm: int) -> None:
        import pyttsx3
        from pyttsx3.drivers import _espeak

        self._espeak = _espeak
        self._rate_wpm = rate_wpm
        self._finished = threading.Event()
        self._errors: list[str] = []
        self._engine = pyttsx3.init("espeak")
        self._engine.connect("finished-utterance", self._on_finished)
        self._engine.connect("error", self._on_error)
        self._engine.proxy.setBusy(False)  # its queue is shut until the first run; open, settings apply at once
        memory = "/dev/shm"  # noqa: S108 (only the file system; a private directory is made on it)
        place = memory if os.access(memory, os.W_OK) else None
        self._folder = tempfile.TemporaryDirectory(prefix="cockpitd-tts-", dir=place)

    def handle(
        self, method: str, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        """Answer `speak {text, lang}` with 16-bit mono samples and their rate."""
        del method, payload
        data, rate_hz = self.render(params["text"], params["lang"], cancelled)
        return {"rate_hz": rate_hz}, data

    def close(self) -> None:
        """Remove the scratch directory."""
        self._folder.cleanup()

    def render(self, text: str, lang: str, cancelled: Callable[[], bool]) -> tuple[bytes, int]:
        """Synthesise one text; the language is ours or an espeak voice name."""
        target = Path(self._folder.name) / "speech.wav"
        target.unlink(missing_ok=True)
        self._finished.clear()
        self._errors.clear()
        voice = VOICES.get(lang, lang)
        self._engine.setProperty("voice", voice)
        self._engine.setProperty("rate", self._rate_wpm)
        # The rate travels through espeak's own queue. If that is still busy when the run loop begins, pyttsx3 takes it
        # for speech and cancels: 4 in 1,000 renders came out empty before this line, none in 1,800 with it.
        self._espeak.Synchronize()
        self._check(voice)
        with contextlib.redirect_stdout(io.StringIO()):  # the driver prints "Audio saved to"
            self._engine.save_to_file(text, str(target))
            self._engine.runAndWait()  # returns before the speech is ready: `finished` tells, this does not
            self._await_finished(cancelled)
            self._espeak.Synchronize()
        self._check(voice)
        with wave.open(str(target), "rb") as sound:
            data, rate_hz = sound.readframes(sound.getnframes()), sound.getframerate()
        if not data:
            raise EngineError("tts-no-sound", f"espeak made no sound of {text[:40]!r}; give it words")
        return data, rate_hz

    def _await_finished(self, cancelled: Callable[[], bool]) -> None:
        give_up = time.monotonic() + _GIVE_UP_S
        while not self._finished.wait(0.02):
            if cancelled():
                raise CallCancelled
            if self._errors or time.monotonic() > give_up:
                self._errors.append("the synthesis never finished")
                return

    def _check(self, voice: str) -> None:
        if self._errors:
            raise EngineError("tts-failed", f"espeak voice {voice}: {self._errors[0]}")

    def _on_finished(self, name: str | None, completed: bool) -> None:  # noqa: FBT001 (pyttsx3 calls it by keyword)
        del name
        if completed:  # a second one with False follows every utterance
            self._finished.set()

    def _on_error(self, name: str | None, exception: Exception) -> None:
        del name
        self._errors.append(" ".join(str(exception).split()))
