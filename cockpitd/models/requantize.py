"""Quantizing with llama.cpp itself, for the types it alone makes; how it was compiled may change some bytes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cockpitd.errors import ModelError

TYPES: Mapping[str, int] = {"Q6_K": 18, "Q5_K_M": 17, "Q5_K_S": 16, "Q4_K_M": 15, "Q4_K_S": 14, "Q3_K_M": 12}
"""Its number for each; rows that are no whole blocks of 256 fall back to Q8_0, Q5_1, Q5_0 or Q4_1."""
_KEPT_LINES = 3


def requantize(source: Path, out: Path, kind: str) -> None:
    """Run llama.cpp in a process of its own, as it ends the process when something is wrong."""
    command = [sys.executable, "-m", __name__, str(source), str(out), str(TYPES[kind])]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 (our own interpreter with a list of arguments; no shell)
    if done.returncode != 0:
        said = " ".join(done.stderr.split("\n")[-_KEPT_LINES:]).strip() or f"it ended with {done.returncode}"
        raise ModelError("model-quantize", f"{out}: llama.cpp could not quantize to {kind} ({said})")


def main(source: str, out: str, kind: str) -> int:
    """Quantize one file; the table of tokens stays as it is."""
    from llama_cpp import llama_cpp as llama  # noqa: PLC0415 (native, and only in this process)

    params = llama.llama_model_quantize_default_params()
    params.ftype = int(kind)
    params.allow_requantize = True
    params.token_embedding_type = llama.GGML_TYPE_Q8_0
    return int(llama.llama_model_quantize(source.encode(), out.encode(), params))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
