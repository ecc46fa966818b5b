"""A language model of random weights, 150 kilobytes large, that llama.cpp runs: for tests that need any model."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from cockpitd.models import gguf_write
from cockpitd.models.gguf_body import Value
from cockpitd.models.gguf_write import Listed

WIDTH, FEED, LAYERS, HEADS = 32, 64, 2, 2
CONTEXT = 65_536
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_NORMAL, _CONTROL = 1, 3
_UINT32, _FLOAT32 = 4, 6


def model(path: Path, *, template: str | None = CHATML, context: int = CONTEXT, seed: int = 1) -> Path:
    """Write a llama of two layers whose tokens are the 256 bytes and ChatML's three special ones."""
    tokens = [*(character.encode() for character in _bytes_as_characters()), *(text.encode() for text in SPECIAL)]
    kinds = [_NORMAL] * 256 + [_CONTROL] * len(SPECIAL)
    values = {
        "general.architecture": gguf_write.text("llama"),
        "general.name": gguf_write.text("Tiny"),
        "llama.block_count": gguf_write.number(LAYERS),
        "llama.context_length": gguf_write.number(context),
        "llama.embedding_length": gguf_write.number(WIDTH),
        "llama.feed_forward_length": gguf_write.number(FEED),
        "llama.attention.head_count": gguf_write.number(HEADS),
        "llama.attention.layer_norm_rms_epsilon": Value(_FLOAT32, struct.pack("<f", 1e-5)),
        "tokenizer.ggml.model": gguf_write.text("gpt2"),
        "tokenizer.ggml.pre": gguf_write.text("qwen2"),
        "tokenizer.ggml.tokens": gguf_write.texts(tokens),
        "tokenizer.ggml.token_type": gguf_write.numbers(np.array(kinds, dtype=np.int32)),
        "tokenizer.ggml.merges": gguf_write.texts([b"a b"]),
        "tokenizer.ggml.eos_token_id": gguf_write.number(258),
    }
    if template is not None:
        values["tokenizer.chat_template"] = gguf_write.text(template)
    return _write(path, values, _shapes(len(tokens)), seed)


def adapter(path: Path, *, width: int = WIDTH, strength: float = 50.0) -> Path:
    """Write a LoRA of rank 2 for the attention of the first layer, strong enough to be noticed."""
    values = {
        "general.type": gguf_write.text("adapter"),
        "general.architecture": gguf_write.text("llama"),
        "adapter.type": gguf_write.text("lora"),
        "adapter.lora.alpha": Value(_FLOAT32, struct.pack("<f", strength)),
    }
    name = "blk.0.attn_v.weight"
    return _write(path, values, {f"{name}.lora_a": (width, 2), f"{name}.lora_b": (2, width)}, 2)


def _write(path: Path, values: Mapping[str, Value], shapes: Mapping[str, tuple[int, ...]], seed: int) -> Path:
    listed = [Listed(name, shape, "F32", 4 * int(np.prod(shape))) for name, shape in shapes.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    gguf_write.write(path, values, listed, _weights(listed, seed))
    return path


def _weights(listed: Sequence[Listed], seed: int) -> Iterator[bytes]:
    chance = np.random.default_rng(seed)
    for tensor in listed:
        if "norm" in tensor.name:
            yield np.ones(tensor.shape, dtype=np.float32).tobytes()
        else:
            yield chance.normal(0.0, 0.3, tensor.shape[::-1]).astype(np.float32).tobytes()


def _shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (WIDTH, vocabulary),
        "output_norm.weight": (WIDTH,),
        "output.weight": (WIDTH, vocabulary),
    }
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        shapes |= {f"{block}.{name}.weight": (WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
        shapes |= {f"{block}.{name}.weight": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
        shapes |= {f"{block}.ffn_gate.weight": (WIDTH, FEED), f"{block}.ffn_up.weight": (WIDTH, FEED)}
        shapes[f"{block}.ffn_down.weight"] = FEED, WIDTH
    return shapes


def _bytes_as_characters() -> list[str]:
    """GPT-2's way of writing any byte as a printable character, in the order of the bytes."""
    plain = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    spare = iter(range(256, 512))
    return [chr(byte if byte in plain else next(spare)) for byte in range(256)]
