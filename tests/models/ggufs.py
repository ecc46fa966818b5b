"""Tiny GGUF and safetensors files made by the tests, byte by byte after the formats' descriptions."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_FORMS = {"u8": (0, "B"), "i32": (5, "i"), "u32": (4, "I"), "f32": (6, "f"), "bool": (7, "?"), "u64": (10, "Q")}
ALIGNMENT = 32

LLAMA: dict[str, tuple[str, Any]] = {
    "general.architecture": ("str", "llama"),
    "general.name": ("str", "Tiny 1"),
    "general.license": ("str", "none"),
    "general.file_type": ("u32", 15),
    "llama.block_count": ("u32", 2),
    "llama.embedding_length": ("u32", 64),
    "llama.feed_forward_length": ("u32", 128),
    "llama.context_length": ("u32", 2048),
    "llama.attention.head_count": ("u32", 4),
    "llama.attention.head_count_kv": ("u32", 2),
    "llama.rope.freq_base": ("f32", 10000.0),
    "llama.rope.scaling.type": ("str", "yarn"),
    "llama.hidden_activation": ("str", "silu"),
    "tokenizer.ggml.model": ("str", "gpt2"),
    "tokenizer.ggml.tokens": ("strs", [f"token{number}" for number in range(2000)]),
    "tokenizer.chat_template": ("str", "{{ messages }}"),
}
Q4_K, F32 = 12, 0
TENSORS: tuple[tuple[str, tuple[int, ...], int, int], ...] = (
    ("token_embd.weight", (256, 4), Q4_K, 4 * 144),
    ("norm.weight", (64,), F32, 256),
)
"""Name, shape, type, bytes."""


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key: str, kind: str, value: Any) -> bytes:
    if kind == "str":
        return text(key) + struct.pack("<I", 8) + text(value)
    if kind == "strs":
        return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    if kind.endswith("s"):
        number, form = _FORMS[kind[:-1]]
        return text(key) + struct.pack(f"<IIQ{len(value)}{form}", 9, number, len(value), *value)
    number, form = _FORMS[kind]
    return text(key) + struct.pack(f"<I{form}", number, value)


def gguf(
    values: Mapping[str, tuple[str, Any]] = LLAMA,
    tensors: Sequence[tuple[str, tuple[int, ...], int, int]] = TENSORS,
    version: int = 3,
) -> bytes:
    """Make a whole file; the weights are zeros."""
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    out += b"".join(pair(key, kind, value) for key, (kind, value) in values.items())
    offset = 0
    for name, shape, kind, size in tensors:
        out += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        offset += -(-size // ALIGNMENT) * ALIGNMENT
    return out + bytes(-len(out) % ALIGNMENT) + bytes(offset)


def changed(**values: tuple[str, Any]) -> bytes:
    """Make the tiny file with some keys (`_` for `.`, `llama.` before) told otherwise."""
    return gguf({**LLAMA, **{f"llama.{key.replace('__', '.')}": value for key, value in values.items()}})


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def safetensors(tensors: Mapping[str, Any] | None = None) -> bytes:
    """Make a whole safetensors file of two small tensors, or a header of one's own."""
    header = json.dumps(
        tensors
        or {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "BF16", "shape": [4, 8], "data_offsets": [0, 64]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [64, 72]},
        }
    ).encode()
    return struct.pack("<Q", len(header)) + header + bytes(72)
