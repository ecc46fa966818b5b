"""Which tokens a text passes through while it is merged, as llama.cpp merges for Gemma; no model is run."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cockpitd.models.vocabulary import NORMAL, SPACE, Vocabulary

_BLANKS = re.compile(r"\n+|\t+|  +")
"""Tokens of their own, cut out before anything is merged."""
_WORD = re.compile(rf"{SPACE}?[^{SPACE}]+|{SPACE}")
"""No token but one has a space after something else, so that a text can be merged word by word."""


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges neighbours, the commonest pair first, until no pair is a token."""

    ranks: Mapping[str, int]
    """Ordinary token -> its number; the lower merges first."""

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Merger:
        """Take the ordinary tokens of a vocabulary."""
        pairs = enumerate(zip(vocabulary.tokens, vocabulary.kinds, strict=True))
        return cls({token: place for place, (token, kind) in pairs if kind == NORMAL})

    def words(self, text: str) -> Iterator[str]:
        """Cut a text into what is merged on its own."""
        for part in _BLANKS.split(text):
            yield from _WORD.findall(part.replace(" ", SPACE))

    def passed(self, word: str) -> set[int]:
        """Tokens that a word is at any moment cut into, its characters among them."""
        return {self.ranks[piece] for piece in self._pieces(word)[0] if piece in self.ranks}

    def cut(self, word: str) -> list[str]:
        """Pieces that are left in the end; one that is no token is written in bytes."""
        return self._pieces(word)[1]

    def _pieces(self, word: str) -> tuple[set[str], list[str]]:
        pieces: list[str] = list(word)
        passed = set(pieces)
        after = [*range(1, len(pieces)), -1]
        before = [-1, *range(len(pieces) - 1)]
        queue: list[tuple[int, int, int, str]] = []

        def offer(left: int, right: int) -> None:
            if left >= 0 and right >= 0:
                joined = pieces[left] + pieces[right]
                if joined in self.ranks:
                    heapq.heappush(queue, (self.ranks[joined], left, right, joined))

        for place in range(len(pieces) - 1):
            offer(place, place + 1)
        while queue:
            _, left, right, joined = heapq.heappop(queue)
            if not pieces[left] or not pieces[right] or pieces[left] + pieces[right] != joined:
                continue  # one of the two was merged elsewhere meanwhile
            pieces[left], pieces[right] = joined, ""
            after[left] = after[right]
            if after[left] >= 0:
                before[after[left]] = left
            passed.add(joined)
            offer(before[left], left)
            offer(left, after[left])
        return passed, [piece for piece in pieces if piece]
