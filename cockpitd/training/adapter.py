"""An adapter as a GGUF file that llama.cpp loads, with what it was taught in its header; nothing is trained here."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cockpitd.errors import ConfigError
from cockpitd.models import gguf
from cockpitd.models.gguf_body import Body, Value
from cockpitd.models.gguf_write import Listed, number, text, texts, write
from cockpitd.nlu.taught import LAYOUT

_FLOAT32 = 6
_NAME = re.compile(r"\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.")
_TENSORS = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What an adapter came from."""

    taught: Sequence[str]
    """Names of the actions in the training rows."""
    data: str
    """SHA-256 of the rows."""
    recipe: str
    """The recipe as JSON."""
    alpha: float


def save(weights: Mapping[str, npt.NDArray[np.float32]], origin: Origin, path: Path) -> str:
    """Write the factors in half precision and return the file's sha256; the same weights give the same bytes."""
    values = {
        "general.architecture": text("gemma3"),
        "general.type": text("adapter"),
        "general.name": text("cockpit-n adapter"),
        "general.license": text("gemma"),
        "adapter.type": text("lora"),
        "adapter.lora.alpha": Value(_FLOAT32, struct.pack("<f", origin.alpha)),
        "cockpitd.prompt": number(LAYOUT),
        "cockpitd.taught": texts([name.encode() for name in sorted(origin.taught)]),
        "cockpitd.data": text(origin.data),
        "cockpitd.recipe": text(origin.recipe),
    }
    return _write({tensor_name(name): value for name, value in weights.items()}, values, path)


def _write(factors: Mapping[str, npt.NDArray[np.float32]], values: Mapping[str, Value], path: Path) -> str:
    halves = [(name, factors[name].astype(np.float16)) for name in sorted(factors)]
    listed = [Listed(name, value.shape[::-1], "F16", value.nbytes) for name, value in halves]
    return write(path, values, listed, (value.tobytes() for _, value in halves))


def mix(shares: Mapping[Path, float], out: Path) -> str:
    """Average adapters that were trained one from the other, and return the file's sha256.

    Factor by factor; the header is that of the adapter with the largest share, and its recipe names all of them.
    """
    found = {path: load(path) for path in shares}
    first = max(shares, key=lambda path: shares[path])
    for path, factors in found.items():
        if {name: value.shape for name, value in factors.items()} != {
            name: value.shape for name, value in found[first].items()
        }:
            raise ConfigError("train-other-adapter", f"{path}: its layers or rank are not those of {first}")
    total = sum(shares.values())
    weights = [np.float32(share / total) for share in shares.values()]
    mixed = {
        name: np.stack([weight * found[path][name] for path, weight in zip(shares, weights, strict=True)]).sum(0)
        for name in found[first]
    }
    values = Body(first).values
    recipe = {"mixed": {hashlib.sha256(path.read_bytes()).hexdigest(): share for path, share in shares.items()}}
    return _write(mixed, {**values, "cockpitd.recipe": text(json.dumps(recipe))}, out)


def load(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Read the factors that `save` wrote, by llama.cpp's names."""
    body = Body(path)
    return {
        tensor.name: body.rows(tensor.name).view(np.float16).astype(np.float32) for tensor in gguf.read(path).tensors
    }


def tensor_name(name: str) -> str:
    """Translate the trainer's name of a factor into llama.cpp's."""
    found = _NAME.search(name)
    if found is None or found[2] not in _TENSORS:
        raise ValueError(f"{name}: no factor of a linear layer")
    return f"blk.{found[1]}.{_TENSORS[found[2]]}.weight.lora_{found[3].lower()}"
