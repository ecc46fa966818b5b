"""Which tokens a derived model keeps of its base's, and its tokenizer without the others; no text is tokenized here.

A token is kept by the rule below or because `vocabulary.txt` lists it. All else is still written, in bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cockpitd.errors import ModelError
from cockpitd.models.gguf_body import Value
from cockpitd.models.gguf_write import number, numbers, texts

NORMAL, CONTROL, USER_DEFINED, BYTE = 1, 3, 4, 6
SPECIAL = frozenset("<pad> <eos> <bos> <unk> <start_of_turn> <end_of_turn>".split())
SPACE = "▁"
"""What the tokenizer writes for a space inside a token."""
COMMON_WORDS, COMMON_MARKS = 20_000, 6_000
"""Words, and other ASCII tokens, are kept when they are among the base's first so many tokens: the commonest."""

_ALONE = re.compile(r"[\u0020-\u024f\u2000-\u27bf\u3000-\u30ff\u4e00-\u9fff\ufe30-\ufe4f\uff00-\uffef▁]")
"""Single characters that are kept: ASCII, Latin, marks and signs, kana, Chinese, full-width forms."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_WORD = re.compile(rf"{SPACE}?[A-Za-z']+")
_MARKS = re.compile(rf"[\x21-\x7e{SPACE}]+")
_BLANKS = re.compile(r"[\n\t ]+")
_TOKENS, _SCORES, _KINDS = (f"tokenizer.ggml.{name}" for name in ("tokens", "scores", "token_type"))
_ID = re.compile(r"tokenizer\.ggml\.\w+_token_id")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens of a model by their numbers."""

    tokens: tuple[str, ...]
    kinds: tuple[int, ...]

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> Vocabulary:
        """Read the tokenizer of a GGUF file; only Gemma's sort is known here."""
        kind = values.get("tokenizer.ggml.model")
        if kind is None or kind.data[8:] != b"llama" or not {_TOKENS, _SCORES, _KINDS} <= values.keys():
            raise ModelError("model-vocabulary", "only a tokenizer with scores and bytes can be pruned")
        tokens = tuple(token.decode() for token in values[_TOKENS].texts())
        return cls(tokens, tuple(map(int, values[_KINDS].numbers())))

    def by_rule(self) -> frozenset[int]:
        """Tokens that are kept whatever the data need."""
        first = self.kinds.index(NORMAL)  # the base lists its ordinary tokens with the commonest first
        return frozenset(
            place
            for place, (token, kind) in enumerate(zip(self.tokens, self.kinds, strict=True))
            if _keep(token, kind, place - first)
        )

    def kept(self, listed: Iterable[str]) -> NDArray[np.int64]:
        """Tokens that are kept, by their old numbers in rising order: the place is the new number."""
        places = {token: place for place, token in enumerate(self.tokens)}
        listed = list(listed)
        unknown = next((token for token in listed if token not in places), None)
        if unknown is not None:
            raise ModelError("model-vocabulary", f"the list of kept tokens names {unknown!r}, which the base has not")
        return np.array(sorted(self.by_rule().union(places[token] for token in listed)), np.int64)


def _keep(token: str, kind: int, rank: int) -> bool:
    if kind == CONTROL:
        return token in SPECIAL
    if kind == USER_DEFINED:
        return _BLANKS.fullmatch(token) is not None
    if kind != NORMAL:
        return kind == BYTE
    return (
        bool(_CHINESE.fullmatch(token))
        or (len(token) == 1 and bool(_ALONE.fullmatch(token)))
        or (rank < COMMON_WORDS and bool(_WORD.fullmatch(token)))
        or (rank < COMMON_MARKS and bool(_MARKS.fullmatch(token)))
    )


def pruned(values: Mapping[str, Value], kept: NDArray[np.int64]) -> dict[str, Value]:
    """Give the values of a header with a tokenizer of the kept tokens only."""
    out = dict(values)
    tokens = values[_TOKENS].texts()
    out[_TOKENS] = texts([tokens[place] for place in kept])
    for key in (_SCORES, _KINDS):
        out[key] = numbers(values[key].numbers()[kept])
    for key in filter(_ID.fullmatch, values):
        out[key] = number(_renumbered(key, values[key], kept))
    return out


def _renumbered(key: str, value: Value, kept: NDArray[np.int64]) -> int:
    old = int.from_bytes(value.data, "little")
    new = int(np.searchsorted(kept, old))
    if new == len(kept) or kept[new] != old:
        raise ModelError("model-vocabulary", f"{key} names token {old}, which is not kept")
    return new


def read_list(path: Path) -> tuple[str, ...]:
    """Read the tokens that the data need beyond the rule, one a line."""
    try:
        return tuple(path.read_bytes().decode().split("\n")[:-1])
    except (OSError, UnicodeDecodeError) as exc:
        raise ModelError("model-vocabulary", f"{path}: the list of kept tokens cannot be read ({exc})") from exc


def beyond_rule(vocabulary: Vocabulary, needed: Collection[int]) -> tuple[str, ...]:
    """Tokens to list: needed ordinary ones that the rule does not keep, the commonest first."""
    listed = sorted(set(needed) - vocabulary.by_rule())
    return tuple(vocabulary.tokens[place] for place in listed if vocabulary.kinds[place] == NORMAL)
