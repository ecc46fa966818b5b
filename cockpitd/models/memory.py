"""How much memory a language model takes, by rule of thumb and from its file, and which tier a device carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cockpitd.models.gguf import Header
from cockpitd.models.topology import Topology

GB = 1_000_000_000
MIB = 1024 * 1024
Tier = Literal["n", "s", "m", "l", "x"]
TIERS: tuple[Tier, ...] = ("n", "s", "m", "l", "x")

_TIER_CEILINGS: tuple[tuple[float, Tier], ...] = ((1.0, "n"), (2.0, "s"), (5.0, "m"), (10.0, "l"))
"""Below so many billion parameters -> tier."""
_DEVICE_CEILINGS: tuple[tuple[float, Tier], ...] = ((8.0, "m"), (32.0, "l"))
"""Below so many GB of device memory -> largest tier: the 3B class, then 7B, above that larger ones."""

REAL_GB: Mapping[float, Mapping[int, float]] = {
    1.5: {16: 4, 8: 2, 4: 1},
    3.0: {16: 8, 8: 4, 4: 2},
    7.0: {16: 16, 8: 8, 4: 5},
    13.0: {16: 32, 8: 16, 4: 10},
}
"""Billions of parameters -> bits of a weight -> GB in use as met in practice, cache and all."""
WEIGHTS_SHARE = 0.75
"""Of what a model takes at work, the part that its weights are, as in most rows of that table."""

PROCESS_BYTES = 48 * MIB
"""Interpreter and libraries of the engine's process; measured."""
TOKEN_BYTES = 424
"""Per token of the vocabulary, in llama.cpp's and the grammar's tables; measured on a vocabulary of 262,144."""
BATCH = 512
"""Tokens evaluated at a time, which sizes the buffers between the layers."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model takes at work, in bytes."""

    weights: int
    cache: int
    """Keys and values of the whole context."""
    overhead: int
    """The process, the vocabulary's tables and the buffers."""
    source: Literal["file", "rule"]
    """`file`: from its header; `rule`: from its size and precision, roughly."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.overhead


def from_file(header: Header, shape: Topology, context: int) -> Prediction:
    """Predict from the header, for a context of so many tokens."""
    buffers = BATCH * (6 * shape.hidden + 2 * shape.feed_forward) * 4
    overhead = PROCESS_BYTES + TOKEN_BYTES * shape.vocabulary + buffers
    return Prediction(header.weight_bytes, shape.kv_bytes(context), overhead, "file")


def rule_weights(billions: float, bits: int) -> int:
    """Weights by the rule: billions of parameters × 2 GB at 16 bits, × 1 at 8, × 0.5 at 4."""
    return round(billions * GB * bits / 8)


def from_rule(billions: float, bits: int, weights: int = 0) -> Prediction:
    """Predict without the file: what such models take in practice, or more if the file's known size demands it."""
    weights = weights or rule_weights(billions, bits)
    total = max(round(weights / WEIGHTS_SHARE), _in_practice(billions, bits))
    return Prediction(weights, 0, total - weights, "rule")


def _in_practice(billions: float, bits: int) -> int:
    size = min(REAL_GB, key=lambda known: abs(known - billions))
    width = min(REAL_GB[size], key=lambda known: abs(known - bits))
    return round(REAL_GB[size][width] * GB * (billions / size) * (bits / width))


def tier_of(billions: float) -> Tier:
    """Size class of a model."""
    return next((tier for ceiling, tier in _TIER_CEILINGS if billions < ceiling), "x")


def largest_tier(memory_bytes: int) -> Tier:
    """Largest size class for a device with so much memory."""
    return next((tier for ceiling, tier in _DEVICE_CEILINGS if memory_bytes < ceiling * GB), "x")


def gpu_layers(prediction: Prediction, layers: int, gpu_free_bytes: int) -> int:
    """Layers that fit a GPU with their cache, the output layer counted as one more; buffers stay on it as well."""
    share = (prediction.weights + prediction.cache) / (layers + 1)
    room = gpu_free_bytes - prediction.overhead
    return max(0, min(layers + 1, int(room / share))) if share else 0
