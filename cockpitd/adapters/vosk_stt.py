"""Streaming speech to text with vosk: partials, word times and an optional grammar; no other engine is known here."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpitd.adapters._worker_stt import WorkerRecogniser
from cockpitd.adapters.worker import WorkerProcess
from cockpitd.adapters.worker.process import OnChange
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, SAMPLE_RATE_HZ
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, Recogniser

_FOLDERS = {"zh": ("vosk-model-small-cn*", "vosk-model-cn*"), "en": ("vosk-model-small-en*", "vosk-model-en*")}
_START_TIMEOUT_MS = 60_000
_MAX_RSS_MB = 1_500
"""Other-language speech grows vosk's lattices; beyond this the child is started afresh between two utterances."""
_UNKNOWN = "[unk]"
_CJK = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


def model_dirs(config: Config) -> dict[str, str]:
    """Language -> installed vosk model: as configured, else the first of the usual names in the model directory."""
    found: dict[str, str] = {}
    for lang in LANGS:
        named = config.stt.vosk.get(lang)
        if named is not None:
            path = Path(named).expanduser()
            found[lang] = str(path if path.is_dir() else config.model_dir / named)
            continue
        installed = (path for pattern in _FOLDERS[lang] for path in sorted(config.model_dir.glob(pattern)))
        first = next((path for path in installed if (path / "conf").is_dir()), None)
        if first is not None:
            found[lang] = str(first)
    return found


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: OnChange) -> Recogniser:
    """Make the recogniser; its child process starts with `start()`."""
    del catalogue
    fixed = config.stt.lang
    models = {lang: path for lang, path in model_dirs(config).items() if fixed in ("auto", lang)}
    settings = {"models": models, "default": fixed if fixed != "auto" else config.lang, "where": str(config.model_dir)}
    worker = WorkerProcess(
        "stt:vosk", f"{__name__}:build", settings, clock, on_change, _START_TIMEOUT_MS, max_rss_mb=_MAX_RSS_MB
    )
    return WorkerRecogniser(worker, "vosk")


def build(settings: Mapping[str, Any]) -> VoskEngine:
    """Load the models in the child."""
    if not settings["models"]:
        raise EngineError(
            "stt-no-model",
            f"no vosk model in {settings['where']}; run `cockpitd models list` or set stt.vosk",
        )
    return VoskEngine(settings["models"], settings["default"], settings.get("grammars", {}))


class VoskEngine:
    """One model per language; vosk cannot tell languages apart, so an undecided utterance gets the default one."""

    def __init__(self, models: Mapping[str, str], default: str, grammars: Mapping[str, Sequence[str]]) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk = vosk
        self._models: dict[str, Any] = {lang: vosk.Model(_checked(path)) for lang, path in models.items()}
        self._default = default if default in models else next(iter(models))
        self._grammars = {lang: self._grammar(lang, phrases) for lang, phrases in grammars.items()}

    def handle(
        self, method: str, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        """Answer `lexicon {lang, words}` with the words the model does not know."""
        del payload, cancelled
        if method != "lexicon":
            raise EngineError("stt-unknown-method", f"vosk cannot {method}; it answers `lexicon` and streams `listen`")
        return {"unknown": self.unknown_words(params["lang"], params["words"])}, b""

    def open_stream(self, params: Mapping[str, Any]) -> VoskStream:
        """Begin an utterance; `phrases` narrows it to a grammar of its own."""
        rate_hz = int(params.get("rate_hz", SAMPLE_RATE_HZ))
        if rate_hz != SAMPLE_RATE_HZ:
            raise EngineError("stt-sample-rate", f"{rate_hz} Hz sound; vosk needs {SAMPLE_RATE_HZ} Hz, so resample it")
        lang = params.get("lang") or self._default
        if lang not in self._models:
            raise EngineError("stt-no-model", f"no vosk model for {lang}; set stt.vosk.{lang} or use stt.engine: auto")
        phrases = params.get("phrases")
        grammar = self._grammar(lang, phrases) if phrases else self._grammars.get(lang)
        extra = (grammar,) if grammar else ()
        recogniser = self._vosk.KaldiRecognizer(self._models[lang], float(SAMPLE_RATE_HZ), *extra)
        recogniser.SetWords(enable_words=True)
        return VoskStream(recogniser, lang)

    def unknown_words(self, lang: str, words: Sequence[str]) -> list[str]:
        """Words the model's lexicon lacks; a grammar would silently lose them."""
        return [word for word in words if self._models[lang].vosk_model_find_word(word) < 0]

    def _grammar(self, lang: str, phrases: Sequence[str]) -> str:
        words = sorted({word for phrase in phrases for word in phrase.split() if word != _UNKNOWN})
        unknown = self.unknown_words(lang, words)
        if unknown:
            shown = f"{', '.join(unknown[:8])} ({len(unknown)} in all)"
            raise EngineError(
                "stt-grammar-words", f"the vosk model for {lang} does not know {shown}; reword the phrases"
            )
        return json.dumps([*phrases, _UNKNOWN], ensure_ascii=False)


class VoskStream:
    """One utterance being recognised."""

    def __init__(self, recogniser: Any, lang: str) -> None:  # noqa: ANN401 (untyped library)
        self._recogniser, self._lang = recogniser, lang
        self._words: list[dict[str, Any]] = []
        self._texts: list[str] = []
        self._shown = ""
        self._bytes, self._busy_s = 0, 0.0

    def feed(self, block: bytes) -> list[dict[str, Any]]:
        """Take one block; return a partial when the text changed."""
        if len(block) % 2:
            raise EngineError("stt-bad-block", "a block of sound with half a sample; send 16-bit samples")
        began = time.perf_counter()
        if self._recogniser.AcceptWaveform(block):
            self._keep(json.loads(self._recogniser.Result()))
            text = self._text("")
        else:
            text = self._text(json.loads(self._recogniser.PartialResult())["partial"])
        self._bytes += len(block)
        self._busy_s += time.perf_counter() - began
        if not text or text == self._shown:
            return []
        self._shown = text
        return [{"text": text, "lang": self._lang}]

    def finish(self) -> dict[str, Any]:
        """Return the final transcript with word times and confidences."""
        began = time.perf_counter()
        self._keep(json.loads(self._recogniser.FinalResult()))
        self._busy_s += time.perf_counter() - began
        words = [(word["word"], word["start"], word["end"], word["conf"]) for word in self._words]
        confidence = sum(word[3] for word in words) / len(words) if words else 0.0
        seconds = self._bytes / 2 / SAMPLE_RATE_HZ
        return {
            "text": self._text(""),
            "lang": self._lang,
            "words": words,
            "confidence": confidence,
            "rtf": self._busy_s / seconds if seconds else 0.0,
        }

    def _keep(self, result: Mapping[str, Any]) -> None:
        if result["text"]:
            self._texts.append(result["text"])
            self._words += [word for word in result.get("result", ()) if word["word"] != _UNKNOWN]

    def _text(self, partial: str) -> str:
        joined = " ".join(part for part in (*self._texts, partial) if part).replace(_UNKNOWN, " ")
        return _CJK.sub("", " ".join(joined.split()))


def _checked(path: str) -> str:
    """Say what is wrong with a model directory before vosk does; all it would say is "Failed to create a model"."""
    conf, acoustic = Path(path) / "conf" / "mfcc.conf", Path(path) / "am" / "final.mdl"
    if not conf.is_file() or not acoustic.is_file():
        raise EngineError("stt-no-model", f"{path}: no vosk model there; check stt.vosk or run `cockpitd models fetch`")
    rate = re.search(r"--sample-frequency=(\d+)", conf.read_text(encoding="utf-8"))
    if rate is not None and int(rate[1]) != SAMPLE_RATE_HZ:
        raise EngineError("stt-sample-rate", f"{path}: a model for {rate[1]} Hz; one for {SAMPLE_RATE_HZ} Hz is needed")
    return path
