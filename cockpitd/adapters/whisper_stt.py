"""Mandarin and English speech to text with whisper on CTranslate2; no other engine is known here.

Whisper is built for 30-second blocks. Here only the sound that is there is encoded, the decoding is greedy, and pauses
are used: when the driver falls silent, the transcript is made at once, before the endpointer is sure. It is the final
one if nothing more is said, and a partial one if more comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cockpitd.adapters import _whisper_text as text_of
from cockpitd.adapters._worker_stt import WorkerRecogniser
from cockpitd.adapters.worker import WorkerProcess
from cockpitd.adapters.worker.process import OnChange
from cockpitd.audio.pcm import Samples, to_samples
from cockpitd.audio.vad import BEGIN, FRAME_MS, FRAME_SAMPLES, STAY, STAY_OF_PEAK, VoiceEvidence, has_voice
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, SAMPLE_RATE_HZ
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, Recogniser

PADDING_S = 1.5
"""Silence after the sound; with less, three sentences in four came twice, with more, encoding only takes longer."""
LONGEST_S = 28.0
"""What exceeds one block goes the stock way."""
_PAUSE_MS = 200
_REAL_TIME_SLACK_S = 1.0
_START_TIMEOUT_MS = 60_000
_MAX_RSS_MB = 1_500
_FILES = ("model.bin", "config.json", "tokenizer.json")


def model_dir(config: Config) -> Path:
    """Where the configured model is, installed or not."""
    path = Path(config.stt.model).expanduser()
    return path if path.is_dir() else config.model_dir / config.stt.model


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: OnChange) -> Recogniser:
    """Make the recogniser; its child process starts with `start()`."""
    del catalogue  # prompting with its words was tried: no fewer errors on 48 sentences, but three times the loops
    settings = {
        "model": str(model_dir(config)),
        "threads": config.stt.threads,
        "lang": config.stt.lang,
    }
    worker = WorkerProcess(
        "stt:whisper",
        f"{__name__}:build",
        settings,
        clock,
        on_change,
        _START_TIMEOUT_MS,
        env={"OMP_WAIT_POLICY": "passive"},  # waiting threads must not take the core that the language model needs
        max_rss_mb=_MAX_RSS_MB,
    )
    return WorkerRecogniser(worker, "whisper")


def build(settings: Mapping[str, Any]) -> WhisperEngine:
    """Load the model in the child and hear a second of nothing, so that the first utterance is not the slow one."""
    folder = Path(settings["model"])
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise EngineError(
            "stt-no-model", f"{folder}: {missing[0]} is missing; run `cockpitd models fetch whisper-base`"
        )
    engine = WhisperEngine(folder, settings["threads"], settings["lang"])
    engine.transcribe(np.zeros(SAMPLE_RATE_HZ, dtype=np.float32), "en")
    return engine


class WhisperEngine:
    """The loaded model."""

    def __init__(self, folder: Path, threads: int, lang: str) -> None:
        try:
            from faster_whisper import WhisperModel
            from faster_whisper.tokenizer import Tokenizer
        except ImportError as exc:
            raise EngineError("stt-no-whisper", "faster-whisper is not installed; install cockpitd[whisper]") from exc
        try:
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
            )
        except (RuntimeError, ValueError) as exc:
            raise EngineError("stt-bad-model", f"{folder}: {' '.join(str(exc).split())[:200]}; fetch it again") from exc
        self._lang = lang
        self._tokenizers: dict[str, Any] = {
            code: Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language=code)  # noqa: FBT003 (multilingual)
            for code in LANGS
        }
        self._suppressed = {"en": [-1], "zh": [-1, *self._traditional_tokens()]}

    def handle(
        self, method: str, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        """Answer `transcribe {lang}` for a whole sound at once."""
        del method, cancelled
        return self.transcribe(to_samples(payload), params.get("lang", "")), b""

    def open_stream(self, params: Mapping[str, Any]) -> WhisperStream:
        """Begin an utterance."""
        rate_hz = int(params.get("rate_hz", SAMPLE_RATE_HZ))
        if rate_hz != SAMPLE_RATE_HZ:
            raise EngineError("stt-sample-rate", f"{rate_hz} Hz sound; whisper needs {SAMPLE_RATE_HZ} Hz, resample it")
        return WhisperStream(self, params.get("lang", ""))

    def transcribe(self, samples: Samples, lang: str) -> dict[str, Any]:
        """Hear one utterance; an empty text means that nobody spoke."""
        audio_s = len(samples) / SAMPLE_RATE_HZ
        encoded = self._encode(samples[: int(LONGEST_S * SAMPLE_RATE_HZ)])
        code = lang if lang in LANGS else self._lang if self._lang in LANGS else self._detect(encoded)
        if audio_s > LONGEST_S:
            return self._stock(samples, code)
        tokenizer = self._tokenizers[code]
        prompt = list(tokenizer.sot_sequence)
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=len(prompt) + 16 + int(audio_s * text_of.TOKENS_PER_SECOND),
            suppress_tokens=self._suppressed[code],
            max_initial_timestamp_index=50,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        logprob = float(result.scores[0])
        if text_of.doubtful(float(result.no_speech_prob), logprob):
            return self._stock(samples, code) if has_voice(samples) else _result("", code, 0.0)
        kept = text_of.spoken(text_of.segments(result.sequences_ids[0], tokenizer.timestamp_begin), audio_s)
        text = text_of.unlooped("".join(tokenizer.decode(segment.tokens) for segment in kept))
        return self._stock(samples, code) if text is None else _result(text, code, text_of.confidence(logprob))

    def _encode(self, samples: Samples) -> Any:  # noqa: ANN401 (CTranslate2's own array type, loaded in the child only)
        padded = np.pad(samples, (0, int(PADDING_S * SAMPLE_RATE_HZ)))
        features = self._model.feature_extractor(padded, padding=0)
        return self._model.encode(features[:, : features.shape[1] // 2 * 2])

    def _detect(self, encoded: Any) -> str:  # noqa: ANN401 (as above)
        probabilities = {token[2:-2]: value for token, value in self._model.model.detect_language(encoded)[0]}
        return max(LANGS, key=lambda code: probabilities.get(code, 0.0))

    def _stock(self, samples: Samples, code: str) -> dict[str, Any]:
        """Do it the slow way: full 30-second blocks and a beam."""
        found, _ = self._model.transcribe(
            samples,
            language=code,
            beam_size=5,
            temperature=0.0,  # its own ladder of temperatures takes seconds and invents words
            condition_on_previous_text=False,
            suppress_tokens=self._suppressed[code],
        )
        pieces = list(found)
        text = text_of.unlooped("".join(piece.text for piece in pieces)) or ""
        logprobs = [piece.avg_logprob for piece in pieces]
        return _result(text, code, text_of.confidence(sum(logprobs) / len(logprobs)) if logprobs and text else 0.0)

    def _traditional_tokens(self) -> list[int]:
        """Tokens that spell a traditional character, which the catalogue never has."""
        vocabulary = self._model.hf_tokenizer.get_vocab_size()
        decode = self._model.hf_tokenizer.decode
        eot = self._tokenizers["zh"].eot
        return [token for token in range(min(vocabulary, eot)) if any(map(text_of.traditional_only, decode([token])))]


class WhisperStream:
    """One utterance: collects sound, and works while the driver pauses."""

    def __init__(self, engine: WhisperEngine, lang: str) -> None:
        self._engine, self._lang = engine, lang
        self._data = bytearray()
        self._evidence, self._peak = VoiceEvidence(), 0.0
        self._frames = self._last_active = 0
        self._early: tuple[int, dict[str, Any]] | None = None
        self._opened, self._busy_s = time.monotonic(), 0.0

    def feed(self, block: bytes) -> list[dict[str, Any]]:
        """Take one block; in a pause, transcribe what there is and return it as a partial."""
        self._data += block
        self._follow()
        pause_ms = (self._frames - self._last_active) * FRAME_MS
        done = self._early is not None and self._early[0] == self._last_active
        if self._last_active == 0 or done or pause_ms < _PAUSE_MS or self._behind():
            return []
        self._early = (self._last_active, self._transcribe())
        found = self._early[1]
        return [found] if found["text"] else []

    def finish(self) -> dict[str, Any]:
        """Return the final transcript."""
        if self._early is not None and self._early[0] == self._last_active:
            found = self._early[1]
        else:
            found = self._transcribe()
        seconds = len(self._data) / 2 / SAMPLE_RATE_HZ
        return {**found, "rtf": self._busy_s / seconds if seconds else 0.0}

    def _follow(self) -> None:
        size = 2 * FRAME_SAMPLES
        while (self._frames + 1) * size <= len(self._data):
            start = self._frames * size
            evidence = self._evidence.add(to_samples(bytes(self._data[start : start + size])))
            self._frames += 1
            self._peak = max(self._peak, evidence)
            if self._peak > BEGIN and evidence > max(STAY, STAY_OF_PEAK * self._peak):
                self._last_active = self._frames

    def _behind(self) -> bool:
        """Tell whether sound comes faster than it was spoken: from a file, where guessing early only costs time."""
        heard_s = self._frames * FRAME_MS / 1000
        return heard_s > time.monotonic() - self._opened + _REAL_TIME_SLACK_S

    def _transcribe(self) -> dict[str, Any]:
        began = time.perf_counter()
        found = self._engine.transcribe(to_samples(bytes(self._data[: len(self._data) // 2 * 2])), self._lang)
        self._busy_s += time.perf_counter() - began
        return found


def _result(text: str, lang: str, confidence: float) -> dict[str, Any]:
    return {"text": text.strip(), "lang": lang, "confidence": confidence if text.strip() else 0.0}
