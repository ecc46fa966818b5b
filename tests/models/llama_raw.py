"""llama.cpp without anything of ours around it: tokens, pieces and logits of a file; for tests of model files."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT: list[Any] = []


class Llama:
    """One model, and an adapter applied at run time; closed by `close`."""

    def __init__(self, path: Path, adapter: Path | None = None) -> None:
        from llama_cpp import llama_cpp as llama

        from cockpitd.adapters import llama_load

        self._llama = llama
        if not _KEPT:  # llama.cpp keeps calling it to the very end
            _KEPT.append(llama.llama_log_callback(lambda *_: None))
            llama.llama_log_set(_KEPT[0], ctypes.c_void_p(0))
        self._model = llama_load.load_model({"gpu_layers": 0, "model": path})
        self._vocab = llama.llama_model_get_vocab(self._model)
        lora = llama_load.load_adapter(self._model, str(adapter or ""))
        self._context = llama_load.open_context(self._model, lora, 512, 1)

    def close(self) -> None:
        self._llama.llama_free(self._context)
        self._llama.llama_model_free(self._model)

    @property
    def tokens(self) -> int:
        return int(self._llama.llama_vocab_n_tokens(self._vocab))

    def encode(self, text: str, *, first: bool = False) -> list[int]:
        data = text.encode()
        room = (self._llama.llama_token * (len(data) + 8))()
        count = self._llama.llama_tokenize(self._vocab, data, len(data), room, len(room), first, False)
        return list(room[:count])

    def pieces(self, tokens: list[int]) -> list[bytes]:
        return [self._piece(token) for token in tokens]

    def decode(self, tokens: list[int]) -> str:
        return b"".join(self.pieces(tokens)).decode()

    def logits(self, tokens: list[int]) -> NDArray[np.float32]:
        """Evaluate from the beginning and give what is expected next."""
        llama = self._llama
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        held = (llama.llama_token * len(tokens))(*tokens)
        assert llama.llama_decode(self._context, llama.llama_batch_get_one(held, len(tokens))) == 0
        found: Any = np.ctypeslib.as_array(llama.llama_get_logits_ith(self._context, -1), (self.tokens,))
        return np.array(found, np.float32)

    def greedy(self, text: str, count: int) -> bytes:
        tokens = self.encode(text, first=True)
        start = len(tokens)
        for _ in range(count):
            tokens.append(int(self.logits(tokens).argmax()))
        return b"".join(self.pieces(tokens[start:]))

    def _piece(self, token: int) -> bytes:
        room = ctypes.create_string_buffer(256)
        count = self._llama.llama_token_to_piece(self._vocab, token, room, len(room), 0, True)
        return room.raw[:count]


def chances(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits as probabilities."""
    weights = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(weights / weights.sum())


def divergence(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Kullback-Leibler divergence of two sets of logits."""
    p, q = chances(expected), chances(found)
    return float((p * (np.log(p + 1e-30) - np.log(q + 1e-30))).sum())
