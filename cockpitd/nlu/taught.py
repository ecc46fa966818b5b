"""The prompt of a model that was taught the actions: the bare utterance, and examples of actions it was not taught."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, Lang
from cockpitd.nlu.decode import Heard, grammar, offered
from cockpitd.nlu.numbers import find_numbers
from cockpitd.nlu.prompt import Prompt, in_digits
from cockpitd.nlu.shots import Shot, ShotIndex, varied

LAYOUT = 1
"""Number of this layout, which a model's file carries: another layout needs another training."""
MAX_SHOTS = 3
LIKENESS_MIN = 0.12
"""Less alike than this, an example only misleads."""


class TaughtBook:
    """Prompts for one catalogue and one model."""

    def __init__(self, catalogue: Catalogue, taught: Collection[str]) -> None:
        self._catalogue = catalogue
        self._names = tuple(spec.name for spec in offered(catalogue))
        self._untaught = frozenset(self._names).difference(taught)
        # A model that was taught everything needs no examples, and the daemon starts the sooner without their index.
        self._indexes = {lang: ShotIndex(catalogue, lang) for lang in LANGS} if self._untaught else {}

    def prefix(self, _lang: Lang) -> str:
        """Return the beginning that never changes: there is none."""
        return ""

    def prompts(self, text: str, lang: Lang, context: str, _count: int) -> tuple[Prompt, ...]:
        """Lay out the one prompt of an utterance; `context` is the previous action as JSON or empty."""
        said = in_digits(" ".join(text.split()), lang)
        numbers = tuple(span.value for span in find_numbers(said, lang))
        heard = Heard(said, lang, self._names, numbers=(*numbers, *(-number for number in numbers)))
        return (Prompt("", lay_out(said, lang, context, self._shots(said, lang)), grammar(self._catalogue, heard), {}),)

    def _shots(self, said: str, lang: Lang) -> tuple[Shot, ...]:
        index = self._indexes.get(lang)
        return shown(index.alike(said), self._untaught) if index else ()


def shown(alike: Iterable[Shot], untaught: Collection[str]) -> tuple[Shot, ...]:
    """Choose the examples of untaught actions worth showing, the most alike last."""
    return varied((s for s in alike if s.action in untaught and s.likeness >= LIKENESS_MIN), MAX_SHOTS)


def lay_out(said: str, lang: Lang, context: str, shots: Iterable[Shot]) -> str:
    """Write the prompt, ending where the answer begins; training and inference share this one place."""
    before = "".join(f"{in_digits(shot.say, lang)}\n{shot.answer}\n" for shot in shots)
    return f"{before}{context}\n{said}\n" if context else f"{before}{said}\n"
