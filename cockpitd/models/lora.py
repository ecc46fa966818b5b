"""A LoRA adapter in a GGUF file: what it adds to the weights of its base, the same on every machine."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cockpitd.errors import ModelError
from cockpitd.models import blocks
from cockpitd.models.blocks import Floats
from cockpitd.models.gguf_body import Body, Value

OWN_KEYS = "cockpitd."
"""Values under these keys say how the model was taught; the derived file carries them too."""
_HALVES = (".lora_a", ".lora_b")
_FLOAT32 = 6


class Adapter:
    """One adapter, checked against the base it belongs to."""

    def __init__(self, path: Path, base: Body) -> None:
        self._body = body = Body(path)
        told = body.header.values
        if told.get("general.type") != "adapter" or told.get("adapter.type") != "lora":
            raise ModelError("model-adapter", f"{path}: no LoRA adapter")
        if told.get("general.architecture") != base.header.values.get("general.architecture"):
            raise ModelError("model-adapter", f"{path}: made for another architecture than {base.path} has")
        alpha = body.value("adapter.lora.alpha")
        if alpha.kind != _FLOAT32:
            raise ModelError("model-adapter", f"{path}: adapter.lora.alpha is no 32-bit float")
        (self._alpha,) = struct.unpack("<f", alpha.data)
        self.targets = frozenset(name.removesuffix(_HALVES[0]) for name in body.tensors if name.endswith(_HALVES[0]))
        for name in sorted(body.tensors):
            self._check(name, base)

    @property
    def own_values(self) -> Mapping[str, Value]:
        """How it was taught."""
        return {key: value for key, value in self._body.values.items() if key.startswith(OWN_KEYS)}

    def halves(self, target: str) -> tuple[Floats, Floats]:
        """Give `a`, one row a rank, and `b` with the adapter's strength in it, one column a rank."""
        a, b = (self._floats(f"{target}{half}") for half in _HALVES)
        return a, b * (np.float32(self._alpha) / np.float32(len(a)))

    def _check(self, name: str, base: Body) -> None:
        """Refuse what would silently be left out or does not fit."""
        target = name.removesuffix(_HALVES[0]).removesuffix(_HALVES[1])
        both = all(f"{target}{half}" in self._body.tensors for half in _HALVES)
        if not both or not target.startswith("blk.") or target not in base.tensors:
            raise ModelError("model-adapter", f"{self._body.path}: {name} cannot be merged into {base.path.name}")
        a, b = (self._body.tensors[f"{target}{half}"].shape for half in _HALVES)
        if (a[0], b[1], a[1]) != (*base.tensors[target].shape, b[0]):
            raise ModelError("model-adapter", f"{self._body.path}: {name} has not the shape that {base.path.name} asks")

    def _floats(self, name: str) -> Floats:
        kind = self._body.tensors[name].type
        if kind not in ("F32", "F16", "BF16"):
            raise ModelError("model-adapter", f"{self._body.path}: {name} is of type {kind} instead of F32 or F16")
        return blocks.dequantize(self._body.rows(name), kind)


def add(weights: Floats, a: Floats, b: Floats) -> None:
    """Add b times a to some rows of weights, rank after rank: a matrix product would sum in an order of its own."""
    product = np.empty_like(weights)
    for rank in range(len(a)):
        np.multiply(b[:, rank, None], a[rank], out=product)
        weights += product
