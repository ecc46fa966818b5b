"""Opening a model, its adapter and a context with llama.cpp, in the child; nothing is evaluated here."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Any

import llama_cpp.llama_cpp as llama

from cockpitd.errors import ModelError

BATCH = 512
MAX_PREFIXES = 4

_LOG_ERROR = 4
_AMX_SYMBOL = "_Z28ggml_backend_amx_buffer_typev"


def log_errors(level: int, text: bytes, _user: object) -> None:
    """Pass on what went wrong, and how much went to a GPU."""
    if level == _LOG_ERROR or b"layers to GPU" in text:
        sys.stderr.write(text.decode(errors="replace"))


def load_model(settings: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a C pointer)
    """Load the weights, on a GPU as far as wanted and possible."""
    params = llama.llama_model_default_params()
    automatic = settings["gpu_layers"] == "auto"
    layers = (-1 if llama.llama_supports_gpu_offload() else 0) if automatic else int(settings["gpu_layers"])
    params.n_gpu_layers = layers
    # A library built with AMX kernels dies of an illegal instruction on machines that show AMX but do not let it be
    # used (virtual machines); without the extra buffer types those kernels are never chosen.
    params.use_extra_bufts = not has_amx_kernels()
    model = llama.llama_model_load_from_file(str(settings["model"]).encode(), params)
    if not model and automatic and layers:
        sys.stderr.write("the model does not fit the GPU; it is loaded without\n")
        params.n_gpu_layers = 0
        model = llama.llama_model_load_from_file(str(settings["model"]).encode(), params)
    if not model:
        raise ModelError("model-unreadable", f"{settings['model']}: llama.cpp cannot load it; `cockpitd models verify`")
    return model


def load_adapter(model: Any, path: str) -> Any:  # noqa: ANN401 (C pointers)
    """Load a LoRA that is applied while the model works; it lives as long as the model. None when no path is given."""
    if not path:
        return None
    adapter = llama.llama_adapter_lora_init(model, path.encode())
    if not adapter:
        raise ModelError(
            "model-adapter", f"{path}: llama.cpp cannot apply it to this model; llm.adapter must be a LoRA made for it"
        )
    return adapter


def open_context(model: Any, adapter: Any, size: int, threads: int) -> Any:  # noqa: ANN401 (C pointers)
    """Make a context of so many tokens for all beginnings and the prompt under way together."""
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = size, BATCH, BATCH
    params.n_threads = params.n_threads_batch = threads
    # Gemma's sliding-window layers forget the beginning of the prompt unless they keep the whole window.
    params.swa_full = True
    params.n_seq_max, params.kv_unified = MAX_PREFIXES, True
    params.no_perf = True
    context = llama.llama_init_from_model(model, params)
    if not context:
        raise ModelError("model-no-context", f"llama.cpp cannot make a context of {size} tokens; lower llm.context")
    if adapter is not None:
        adapters, scales = (llama.llama_adapter_lora_p_ctypes * 1)(adapter), (ctypes.c_float * 1)(1.0)
        if llama.llama_set_adapters_lora(context, adapters, 1, scales) != 0:
            raise ModelError("model-adapter", "llama.cpp loaded llm.adapter and cannot apply it")
    return context


def let_abort(context: Any, flag: Any) -> None:  # noqa: ANN401 (C pointers)
    """Let `flag` end a running evaluation.

    llama.cpp asks its abort callback from its own thread between graph nodes; a Python callback would take the
    interpreter lock hundreds of times a token. C's `strlen` of the flag buffer is the same question without Python:
    0 while the buffer is empty, 1 once its first byte is set.
    """
    strlen = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
    llama.llama_set_abort_callback(context, strlen, ctypes.cast(flag, ctypes.c_void_p))


def has_amx_kernels() -> bool:
    """Tell whether the installed llama.cpp was compiled with AMX matrix kernels."""
    loaded = ctypes.CDLL(None)
    try:
        library = ctypes.CDLL(next(path for path in _mapped() if "libggml-cpu" in path))
    except StopIteration:
        library = loaded
    return hasattr(library, _AMX_SYMBOL)


def _mapped() -> list[str]:
    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123 (a kernel file, not a path of ours)
        return sorted({line.split(maxsplit=5)[5].strip() for line in maps if line.count("/")})


def free_threads(wanted: int) -> int:
    """Leave out the processors that others keep busy at this moment.

    The threads of llama.cpp wait for each other after every matrix by spinning: one thread too many on a busy machine
    makes every token many times slower, one too few costs at most a half.
    """
    with open("/proc/loadavg", encoding="ascii") as load:  # noqa: PTH123 (a kernel file, not a path of ours)
        others = int(load.read().split()[3].partition("/")[0]) - 1
    return max(1, min(wanted, len(os.sched_getaffinity(0)) - others))
