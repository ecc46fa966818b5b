"""Finding utterances that are nearly one of a given set, such as the evaluation; what follows is not decided here."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from cockpitd.training.utterance import key

LIMIT = 0.9
"""From this Dice coefficient of character pairs on, two texts are nearly one."""


def inputs(paths: Iterable[Path]) -> list[str]:
    """Read the typed inputs of evaluation files."""
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [text for line in lines if isinstance(text := json.loads(line).get("input"), str)]


def pairs(text: str) -> frozenset[str]:
    """Return the character pairs of what is heard of a text, ends marked."""
    padded = f"^{key(text)}$"
    return frozenset(padded[at : at + 2] for at in range(len(padded) - 1))


class Neighbours:
    """A set of texts, asked whether another text is nearly one of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._keys = {key(text) for text in texts}
        self._sets = [pairs(text) for text in sorted(self._keys)]
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, found in enumerate(self._sets):
            for pair in found:
                self._holders[pair].append(number)
        self._many = Counter({pair: len(numbers) for pair, numbers in self._holders.items()})

    def near(self, text: str) -> bool:
        """Tell whether `text` is one of them or nearly so."""
        if key(text) in self._keys:
            return True
        mine = pairs(text)
        # Whatever is near shares at least this many pairs with it, hence one of the rarest few.
        shared = math.ceil(LIMIT / (2 - LIMIT) * len(mine))
        rarest = sorted(mine, key=lambda pair: (self._many[pair], pair))[: len(mine) - shared + 1]
        asked = {number for pair in rarest for number in self._holders.get(pair, ())}
        return any(_dice(mine, self._sets[number]) >= LIMIT for number in asked)


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
