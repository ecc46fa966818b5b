"""Engines that several tests share, started once."""

from __future__ import annotations

import pytest

from cockpitd.adapters import pyttsx3_tts
from tests.adapters.voices import espeak_voice


@pytest.fixture(scope="session")
def espeak() -> pyttsx3_tts.Pyttsx3Engine:
    """The real espeak voice, in this process."""
    return espeak_voice()
