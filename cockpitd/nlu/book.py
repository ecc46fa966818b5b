"""Which way of prompting suits a model; the ways themselves stand in files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Lang
from cockpitd.nlu.chat import TEMPLATE_KEY, ChatBook
from cockpitd.nlu.prompt import Prompt, PromptBook
from cockpitd.nlu.taught import LAYOUT, TaughtBook


class Book(Protocol):
    """Prompts for one catalogue and one model."""

    def prefix(self, lang: Lang) -> str:
        """Return the beginning that never changes and so stays in the model's cache."""
        ...

    def prompts(self, text: str, lang: Lang, context: str, count: int) -> tuple[Prompt, ...]:
        """Lay out the prompts of an utterance; `context` is the previous action as JSON or empty."""
        ...


def taught(told: Mapping[str, object]) -> frozenset[str] | None:
    """Read from a model's header which actions it was taught; None when it was not taught to be asked our way."""
    names = told.get("cockpitd.taught")
    if told.get("cockpitd.prompt") != LAYOUT or not isinstance(names, tuple):
        return None
    return frozenset(map(str, names))


def chat_template(told: Mapping[str, object]) -> str:
    """Read from a model's header how it wants to be talked to; empty when it was not tuned to follow instructions."""
    template = told.get(TEMPLATE_KEY)
    return template if isinstance(template, str) else ""


@lru_cache(maxsize=2)
def book_for(catalogue: Catalogue, known: frozenset[str] | None = None, template: str = "") -> Book:
    """Index a catalogue for a model that knows these actions by heart, or take what was made before.

    A model that was not taught them is asked with its chat template, if it has one, else it has examples to imitate.
    """
    if known is not None:
        return TaughtBook(catalogue, known)
    return ChatBook(catalogue, template) if template else PromptBook(catalogue)
