"""vosk where its language is certain, whisper everywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd.adapters import auto_stt
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from tests.adapters.voices import changes


@pytest.mark.parametrize(
    ("lang", "installed", "expected"),
    [
        ("auto", ("whisper",), "stt:whisper"),
        ("auto", ("whisper", "vosk-zh", "vosk-en"), "stt:whisper"),
        ("zh", ("whisper", "vosk-zh"), "stt:vosk"),
        ("zh", ("whisper", "vosk-en"), "stt:whisper"),
        ("en", ("whisper", "vosk-en"), "stt:vosk"),
        ("auto", ("vosk-en",), "stt:vosk"),
        ("auto", (), "stt:whisper"),
    ],
)
def test_the_choice(tmp_path: Path, lang: str, installed: tuple[str, ...], expected: str) -> None:
    folders = {
        "vosk-zh": "vosk-model-small-cn-0.22",
        "vosk-en": "vosk-model-small-en-us-0.15",
        "whisper": "whisper-base",
    }
    for name in installed:
        (tmp_path / folders[name] / "conf").mkdir(parents=True)
    if "whisper" in installed:
        (tmp_path / "whisper-base" / "model.bin").touch()
    config = Config.model_validate({"model_dir": tmp_path, "stt": {"lang": lang}})
    engine = auto_stt.create(config, Catalogue({}, {}, {}), SystemClock(), changes)
    assert engine.health().name == expected
