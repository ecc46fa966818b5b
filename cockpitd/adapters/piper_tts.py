"""English speech with piper, a neural voice on ONNX Runtime; it never plays, and no other engine is known here."""

from __future__ import annotations

import importlib.util
import json
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

VOICE_DIRS: dict[str, str] = {"en": "piper-joe"}
"""Language -> directory below the model directory that holds one `.onnx` voice and its `.onnx.json`."""
_NORMAL_WPM = 175
_START_TIMEOUT_MS = 30_000
_MAX_RSS_MB = 700


def voice_files(model_dir: Path) -> dict[str, str]:
    """Language -> voice file, for every voice that is installed and can be loaded; empty without the library."""
    if importlib.util.find_spec("piper") is None:
        return {}
    found: dict[str, str] = {}
    for lang, folder in VOICE_DIRS.items():
        for path in sorted((model_dir / folder).glob("*.onnx")):
            if path.with_suffix(".onnx.json").is_file():
                found[lang] = str(path)
                break
    return found


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: OnChange) -> Synthesiser:
    """Make the synthesiser; its child process starts with `start()`."""
    del catalogue
    settings = {
        "voices": voice_files(config.model_dir),
        "length_scale": _NORMAL_WPM / config.tts.rate_wpm,
        "where": str(config.model_dir),
    }
    worker = WorkerProcess(
        "tts:piper", f"{__name__}:build", settings, clock, on_change, _START_TIMEOUT_MS, max_rss_mb=_MAX_RSS_MB
    )
    return WorkerSynthesiser(worker, "piper", clock)


def build(settings: Mapping[str, Any]) -> PiperEngine:
    """Load every voice in the child and speak one word, so that the first reply is not the slow one."""
    if not settings["voices"]:
        raise EngineError(
            "tts-no-voice",
            f"no piper voice below {settings['where']} or no piper-tts library; run `cockpitd models fetch piper-joe`",
        )
    engine = PiperEngine(settings["voices"], settings["length_scale"])
    for lang in settings["voices"]:
        engine.render("Okay.", lang, lambda: False)
    return engine


class PiperEngine:
    """The loaded voices."""

    def __init__(self, voices: Mapping[str, str], length_scale: float) -> None:
        from piper import SynthesisConfig

        try:
            self._voices = {lang: _load(path) for lang, path in voices.items()}
        except (OSError, ValueError, RuntimeError) as exc:
            why = " ".join(str(exc).split())[:200]
            raise EngineError("tts-bad-voice", f"a piper voice cannot be loaded ({why}); fetch it again") from exc
        self._config = SynthesisConfig(length_scale=length_scale)

    def handle(
        self, method: str, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        """Answer `speak {text, lang}` with 16-bit mono samples and their rate."""
        del method, payload
        data, rate_hz = self.render(params["text"], params["lang"], cancelled)
        return {"rate_hz": rate_hz}, data

    def render(self, text: str, lang: str, cancelled: Callable[[], bool]) -> tuple[bytes, int]:
        """Synthesise one text, sentence by sentence."""
        voice = self._voices.get(lang)
        if voice is None:
            raise EngineError("tts-no-voice", f"piper has no voice for {lang}; use pyttsx3 for it (engine: auto does)")
        pieces: list[bytes] = []
        rate_hz = voice.config.sample_rate
        for chunk in voice.synthesize(text, self._config):
            if cancelled():
                raise CallCancelled
            pieces.append(chunk.audio_int16_bytes)
        data = b"".join(pieces)
        if not data:
            raise EngineError("tts-no-sound", f"piper made no sound of {text[:40]!r}; give it words")
        return data, rate_hz


def _load(path: str) -> Any:  # noqa: ANN401 (a PiperVoice, a type that only the child can name)
    """Load one voice; as piper's own loader does, but its waiting threads leave the cores to the other engines."""
    from onnxruntime import InferenceSession, SessionOptions  # type: ignore[import-untyped]  # it ships no types
    from piper import PiperConfig, PiperVoice

    options = SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    description = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    session = InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])
    return PiperVoice(session=session, config=PiperConfig.from_dict(description))
