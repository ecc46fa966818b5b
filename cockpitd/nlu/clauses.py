"""Where one utterance may be cut into several commands; whether the pieces mean anything is asked elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cockpitd.domain.units import Lang
from cockpitd.nlu.text import tokenise

MOST = 4
"""Commands in one breath."""
_CUTS_LIMIT = 12

_JOINTS = {
    "zh": re.compile(
        r"，?(?:并且|然后再?|顺便再?|顺带|同时|接着再?|另外|还有|以及|完了再?|之后再?|最后"
        r"|再(?!见|生|次|说|高|低|大|小|亮|暗|快|慢|热|冷|多|少|往|远|近|来一)|并(?!排)"
        r"|也(?=把|帮|打|关))"
        r"(?:请|帮我|给我|麻烦)?|，|和|跟|与|及"
    ),
    "en": re.compile(
        r",? ?\b(?:and then|and also|and after that|and|then|after that|also|plus|as well "
        r"as)\b(?: please| also| then)* ?|, ?"
    ),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """One place where a command may end and the next begin."""

    end: int
    start: int
    run_on: bool = False
    """Nothing was said between the two."""


def cuts(text: str, lang: Lang, openings: frozenset[tuple[str, ...]]) -> tuple[Cut, ...]:
    """Return the places, left to right: at connectives and clause marks, and where a command's first words begin."""
    said = [Cut(found.start(), found.end()) for found in _JOINTS[lang].finditer(text)]
    said = [cut for cut in said if cut.end > 0 and cut.start < len(text)]
    taken = {cut.start for cut in said} | {cut.end for cut in said}
    silent = [Cut(at, at, run_on=True) for at in _run_ons(text, lang, openings) if at not in taken]
    return tuple(sorted([*said[:_CUTS_LIMIT], *silent[:_CUTS_LIMIT]], key=lambda cut: (cut.end, cut.start)))


def _run_ons(text: str, lang: Lang, openings: frozenset[tuple[str, ...]]) -> Iterator[int]:
    items = tokenise(text, lang).items
    for at in range(1, len(items) - 1):
        if (items[at].text, items[at + 1].text) in openings:
            yield items[at].start


def heads(text: str, lang: Lang) -> Iterator[str]:
    """Yield the first one to three tokens of a text, the longest last: the verb that a next clause may share."""
    items = tokenise(text, lang).items
    for count in (2, 1, 3):
        if count < len(items):
            yield text[: items[count - 1].end]


def tails(text: str, lang: Lang) -> Iterator[str]:
    """Yield the last one to four tokens of a text: what a clause before may share."""
    items = tokenise(text, lang).items
    for count in (2, 1, 3, 4):
        if count < len(items):
            yield text[items[-count].start :]


def glue(head: str, tail: str, lang: Lang) -> str:
    """Put two pieces together."""
    return head + tail if lang == "zh" else f"{head} {tail}"
