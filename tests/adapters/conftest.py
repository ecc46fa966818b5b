"""Engines that several tests share, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cockpitd.adapters import pyttsx3_tts


@pytest.fixture(scope="session")
def espeak() -> Iterator[pyttsx3_tts.Pyttsx3Engine]:
    """The real espeak voice, in this process."""
    engine = pyttsx3_tts.build({"rate_wpm": 160})
    yield engine
    engine.close()
