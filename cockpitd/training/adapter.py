"""An adapter as a GGUF file that llama.cpp loads, with what it was taught in its header; nothing is trained here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGUFWriter

from cockpitd.nlu.taught import LAYOUT

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


def write(weights: Mapping[str, npt.NDArray[np.float32]], origin: Origin, path: Path) -> None:
    """Write the factors in half precision; the same weights give the same bytes."""
    writer = GGUFWriter(path, "gemma3")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", origin.alpha)
    writer.add_name("cockpit-n adapter")
    writer.add_license("gemma")
    writer.add_uint32("cockpitd.prompt", LAYOUT)
    writer.add_array("cockpitd.taught", sorted(origin.taught))
    writer.add_string("cockpitd.data", origin.data)
    writer.add_string("cockpitd.recipe", origin.recipe)
    for name, value in sorted((tensor_name(name), value) for name, value in weights.items()):
        writer.add_tensor(name, np.ascontiguousarray(value, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_name(name: str) -> str:
    """Translate the trainer's name of a factor into llama.cpp's."""
    found = _NAME.search(name)
    if found is None or found[2] not in _TENSORS:
        raise ValueError(f"{name}: no factor of a linear layer")
    return f"blk.{found[1]}.{_TENSORS[found[2]]}.weight.lora_{found[3].lower()}"
