"""The prompt of a taught model: short, the same in training and at work, and with examples of what is new only."""

from __future__ import annotations

import pytest

from cockpitd.domain.actions import Catalogue
from cockpitd.nlu.book import book_for, taught
from cockpitd.nlu.decode import offered
from cockpitd.nlu.prompt import PromptBook
from cockpitd.nlu.taught import LAYOUT, TaughtBook


@pytest.fixture(scope="module")
def everything(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(spec.name for spec in offered(catalogue))


def test_a_model_that_was_taught_everything_sees_the_utterance_alone(
    catalogue: Catalogue, everything: frozenset[str]
) -> None:
    book = TaughtBook(catalogue, everything)
    (prompt,) = book.prompts("把空调调到 二十六度", "zh", "", 2)
    assert (prompt.prefix, prompt.tail) == ("", "把空调调到 26度\n")
    assert prompt.leanings == {}


def test_the_previous_action_stands_before_the_utterance(catalogue: Catalogue, everything: frozenset[str]) -> None:
    before = '{"action":"VOLUME_SET","parameters":{"volume":20}}'
    (prompt,) = TaughtBook(catalogue, everything).prompts("a bit more", "en", before, 2)
    assert prompt.tail == f"{before}\na bit more\n"


def test_every_action_may_be_answered(catalogue: Catalogue, everything: frozenset[str]) -> None:
    (prompt,) = TaughtBook(catalogue, everything).prompts("take me home", "en", "", 2)
    assert all(f'"{name}\\"' in prompt.grammar for name in everything)


def test_an_untaught_action_is_shown_by_its_examples(catalogue: Catalogue, everything: frozenset[str]) -> None:
    book = TaughtBook(catalogue, everything - {"SUNROOF_TILT"})
    (near,) = book.prompts("could you tilt the sunroof a little", "en", "", 2)
    assert '"action":"SUNROOF_TILT"' in near.tail
    assert near.tail.endswith("could you tilt the sunroof a little\n")
    (far,) = book.prompts("call my brother", "en", "", 2)
    assert far.tail == "call my brother\n"


def test_the_header_of_a_file_decides(catalogue: Catalogue) -> None:
    told = {"cockpitd.prompt": LAYOUT, "cockpitd.taught": ("CLIMATE_ON", "CLIMATE_OFF")}
    assert taught(told) == frozenset({"CLIMATE_ON", "CLIMATE_OFF"})
    assert taught({**told, "cockpitd.prompt": LAYOUT + 1}) is None
    assert taught({"general.name": "Gemma 3 270m"}) is None
    assert isinstance(book_for(catalogue, taught(told)), TaughtBook)
    assert isinstance(book_for(catalogue, None), PromptBook)
