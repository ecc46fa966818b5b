"""The default recogniser: an installed vosk model of the language, else whisper; only the choice stands here."""

from __future__ import annotations

from cockpitd.adapters import vosk_stt, whisper_stt
from cockpitd.adapters.worker.process import OnChange
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.ports import Clock, Recogniser


def create(config: Config, catalogue: Catalogue, clock: Clock, on_change: OnChange) -> Recogniser:
    """Choose by what is installed.

    vosk cannot tell languages apart, so it is chosen only when the language is fixed, or when whisper is missing.
    """
    streaming = vosk_stt.model_dirs(config)
    whisper = (whisper_stt.model_dir(config) / "model.bin").is_file()
    if config.stt.lang in streaming or (streaming and not whisper):
        return vosk_stt.create(config, catalogue, clock, on_change)
    return whisper_stt.create(config, catalogue, clock, on_change)
