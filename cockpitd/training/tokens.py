"""Text to token numbers as llama.cpp makes them of a model file, so that training sees what inference will see."""

from __future__ import annotations

import ctypes
from pathlib import Path

from cockpitd.errors import ModelError


class Tokenizer:
    """The vocabulary of one GGUF; no weights are read."""

    def __init__(self, model: Path) -> None:
        import llama_cpp.llama_cpp as llama  # noqa: PLC0415 (native)

        self._llama = llama
        self._quiet = llama.llama_log_callback(lambda *_: None)
        llama.llama_log_set(self._quiet, ctypes.c_void_p(0))
        params = llama.llama_model_default_params()
        params.vocab_only = True
        self._model = llama.llama_model_load_from_file(str(model).encode(), params)
        if not self._model:
            raise ModelError("model-unreadable", f"{model}: llama.cpp cannot read its vocabulary")
        self._vocab = llama.llama_model_get_vocab(self._model)
        self.bos = int(llama.llama_vocab_bos(self._vocab))

    def encode(self, text: str) -> list[int]:
        """Cut a text into tokens; what looks like a special token stays text."""
        data = text.encode()
        room = (self._llama.llama_token * (len(data) + 8))()
        count = self._llama.llama_tokenize(self._vocab, data, len(data), room, len(room), False, False)  # noqa: FBT003 (a C signature)
        return list(room[:count])
