"""Answers to "which …?": bare values in every spoken form, and nothing else."""

from __future__ import annotations

import pytest

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu.bare_value import bare_value


@pytest.mark.parametrize(
    ("action", "parameter", "text", "lang", "value"),
    [
        ("CLIMATE_SET_TEMPERATURE", "temperature", "二十三度", "zh", 23),
        ("CLIMATE_SET_TEMPERATURE", "temperature", "就二十二度半吧", "zh", 22.5),
        ("CLIMATE_SET_TEMPERATURE", "temperature", "twenty one degrees please", "en", 21),
        ("CLIMATE_SET_TEMPERATURE", "zone", "副驾", "zh", "passenger"),
        ("CLIMATE_SET_TEMPERATURE", "zone", "the rear please", "en", "rear"),
        ("TIMER_SET", "minutes", "十分钟", "zh", 10),
        ("NAVIGATE_TO", "destination", "去人民广场", "zh", "人民广场"),
        ("PHONE_CALL", "contact", "call john smith", "en", "john smith"),
        ("CLIMATE_SET_TEMPERATURE", "temperature", "今天真热", "zh", None),
        ("CLIMATE_SET_TEMPERATURE", "temperature", "play twenty one pilots", "en", None),
        ("CLIMATE_SET_TEMPERATURE", "zone", "", "zh", None),
    ],
)
def test_the_whole_utterance_is_the_value(
    catalogue: Catalogue, action: str, parameter: str, text: str, lang: Lang, value: Scalar | None
) -> None:
    assert bare_value(catalogue.actions[action], parameter, text, lang) == value
