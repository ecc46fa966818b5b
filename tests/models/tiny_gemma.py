"""A Gemma 3 of two small layers with a tokenizer of some four hundred tokens, and adapters for it: llama.cpp runs it.

Its weights come from whole numbers, so that they are the same on every machine.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from cockpitd.models import blocks, gguf_write
from cockpitd.models.blocks import Floats
from cockpitd.models.gguf_body import Value
from cockpitd.models.gguf_write import Listed

WIDTH, FEED, LAYERS, HEAD = 64, 96, 2, 32
HEADS = 2
CONTROL, USER_DEFINED, BYTE, NORMAL = 3, 4, 6, 1
_UINT32, _FLOAT32, _BOOL = 4, 6, 7

MERGED = "▁t th ▁th the ▁the el lo hel hello ▁c an on ▁on 打开 灯光 на пр при ▁в ▁при 中а na naï".split()
"""Ordinary tokens of several characters, the commonest first."""
SINGLE = [*"▁etaionrshlcdumpgfywbvkABC.,!0123456789", *"打开灯光中文", *"нарпивт", "é", "ï", "ب", "🚗"]
TOKENS: tuple[tuple[str, int], ...] = (
    *(("<pad>", CONTROL), ("<eos>", CONTROL), ("<bos>", CONTROL), ("<unk>", CONTROL), ("<mask>", CONTROL)),
    *(("[multimodal]", USER_DEFINED), ("<unused0>", CONTROL), ("<start_of_turn>", CONTROL), ("<end_of_turn>", CONTROL)),
    *(("\n", USER_DEFINED), ("\n\n", USER_DEFINED), ("  ", USER_DEFINED), ("<table>", USER_DEFINED)),
    *((f"<0x{byte:02X}>", BYTE) for byte in range(256)),
    *((token, NORMAL) for token in (*MERGED, *SINGLE)),
)
KEPT_BY_LIST = "naï"
ADAPTER: Mapping[str, Value] = {
    "general.type": gguf_write.text("adapter"),
    "general.architecture": gguf_write.text("gemma3"),
    "adapter.type": gguf_write.text("lora"),
    "adapter.lora.alpha": Value(_FLOAT32, struct.pack("<f", 6.0)),
    "cockpitd.prompt": gguf_write.number(1),
    "cockpitd.taught": gguf_write.texts([b"WINDOW_OPEN", b"LIGHT_ON"]),
    "cockpitd.data": gguf_write.text("d" * 64),
}
"""What an adapter's file tells."""


def model(path: Path, kind: str = "Q8_0", changes: Mapping[str, Value] | None = None) -> Path:
    """Write the model; `kind` is the type of its layers' matrices."""
    first = [kind for _, kind in TOKENS].index(NORMAL)
    scores = [float(first - place) if kind == NORMAL else 0.0 for place, (_, kind) in enumerate(TOKENS)]
    numbers = {
        "block_count": LAYERS,
        "context_length": 512,
        "embedding_length": WIDTH,
        "feed_forward_length": FEED,
        "attention.head_count": HEADS,
        "attention.head_count_kv": 1,
        "attention.key_length": HEAD,
        "attention.value_length": HEAD,
        "attention.sliding_window": 64,
    }
    values = {
        "general.architecture": gguf_write.text("gemma3"),
        "general.type": gguf_write.text("model"),
        "general.name": gguf_write.text("Tiny Gemma"),
        "general.license": gguf_write.text("gemma"),
        **{f"gemma3.{key}": gguf_write.number(value) for key, value in numbers.items()},
        "gemma3.attention.layer_norm_rms_epsilon": Value(_FLOAT32, struct.pack("<f", 1e-6)),
        "gemma3.rope.freq_base": Value(_FLOAT32, struct.pack("<f", 10000.0)),
        "tokenizer.ggml.model": gguf_write.text("llama"),
        "tokenizer.ggml.pre": gguf_write.text("default"),
        "tokenizer.ggml.tokens": gguf_write.texts([token.encode() for token, _ in TOKENS]),
        "tokenizer.ggml.scores": gguf_write.numbers(np.array(scores, np.float32)),
        "tokenizer.ggml.token_type": gguf_write.numbers(np.array([kind for _, kind in TOKENS], np.int32)),
        "tokenizer.ggml.bos_token_id": gguf_write.number(2),
        "tokenizer.ggml.eos_token_id": gguf_write.number(8),
        "tokenizer.ggml.unknown_token_id": gguf_write.number(3),
        "tokenizer.ggml.padding_token_id": gguf_write.number(0),
        "tokenizer.ggml.add_bos_token": Value(_BOOL, b"\x01"),
        "tokenizer.ggml.add_space_prefix": Value(_BOOL, b"\x00"),
        "general.file_type": gguf_write.number(7),
        **(changes or {}),
    }
    return write(path, values, dict(_weights(kind)))


def _weights(kind: str) -> Iterator[tuple[str, tuple[str, Floats]]]:
    for seed, (name, shape) in enumerate(shapes().items()):
        matrix = len(shape) > 1
        weights = numbers_like(shape, seed) if matrix else np.ones(shape, np.float32)
        yield name, (kind if name.startswith("blk.") and matrix else "Q8_0" if matrix else "F32", weights)


def adapter(path: Path, changes: Mapping[str, Value] | None = None, **shapes_of: tuple[int, int]) -> Path:
    """Write a LoRA of rank 3 for every matrix of the layers, or one with other (outer, inner) lengths for a name."""
    values = {**ADAPTER, **(changes or {})}
    targets = {name: shape for name, shape in shapes().items() if name.startswith("blk.") and len(shape) > 1}
    made: dict[str, tuple[str, Floats]] = {}
    for seed, (name, (inner, outer)) in enumerate({**targets, **shapes_of}.items()):
        made[f"{name}.lora_a"] = ("F16", numbers_like((inner, 3), 100 + seed))
        made[f"{name}.lora_b"] = ("F32", numbers_like((3, outer), 200 + seed))
    return write(path, values, made)


def shapes() -> dict[str, tuple[int, ...]]:
    """Name every tensor; the length of a row comes first."""
    found: dict[str, tuple[int, ...]] = {"output_norm.weight": (WIDTH,), "token_embd.weight": (WIDTH, len(TOKENS))}
    for layer in range(LAYERS):
        rows = {
            "attn_q": (WIDTH, HEADS * HEAD),
            "attn_k": (WIDTH, HEAD),
            "attn_v": (WIDTH, HEAD),
            "attn_output": (HEADS * HEAD, WIDTH),
            "attn_q_norm": (HEAD,),
            "attn_k_norm": (HEAD,),
            "ffn_gate": (WIDTH, FEED),
            "ffn_up": (WIDTH, FEED),
            "ffn_down": (FEED, WIDTH),
            **dict.fromkeys(("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"), (WIDTH,)),
        }
        found |= {f"blk.{layer}.{name}.weight": shape for name, shape in rows.items()}
    return found


def numbers_like(shape: tuple[int, ...], seed: int) -> Floats:
    """Weights between -0.25 and 0.25 that look like chance."""
    places = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed << 32)
    mixed = places * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(48)
    return ((mixed.astype(np.float32) - np.float32(32768)) / np.float32(131072)).reshape(shape[::-1])


def write(path: Path, values: Mapping[str, Value], tensors: Mapping[str, tuple[str, Floats]]) -> Path:
    """Write a file of weights in the types named."""
    packed = {name: _packed(weights, kind) for name, (kind, weights) in tensors.items()}
    listed = [Listed(n, tensors[n][1].shape[::-1], tensors[n][0], len(data)) for n, data in packed.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    gguf_write.write(path, values, listed, packed.values())
    return path


def _packed(weights: Floats, kind: str) -> bytes:
    return weights.tobytes() if kind == "F32" else blocks.quantize(weights, kind).tobytes()
