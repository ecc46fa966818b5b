"""The header of a safetensors file, and what must lie beside it because weights are all it holds; no weight is read."""

from __future__ import annotations

import json
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cockpitd.errors import ModelError

SUFFIX = ".safetensors"
_PREFIX = 8
_MAX_HEADER = 100 * 1000 * 1000
BESIDE = {"config.json": "its topology", "tokenizer.json": "its tokenizer"}
"""File that belongs beside the weights -> what it tells."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the header tells."""

    tensors: int
    parameters: int
    weight_bytes: int
    shares: dict[str, int]
    """Data type -> weights."""
    file_size: int
    lacking: tuple[str, ...]
    """Of the files that belong beside it, those that are not there."""


def read(path: Path) -> Weights:
    """Read the header; anything that is no whole safetensors file raises `ModelError` with one sentence."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            prefix = stream.read(_PREFIX)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == _PREFIX else 0
            if length == 0 or length > _MAX_HEADER:
                raise ModelError("model-not-safetensors", f"{path}: not a safetensors file (it has no such header)")
            if _PREFIX + length > size:
                raise _short(path, f"its header has {length} bytes and the file {size}")
            text = stream.read(length)
    except OSError as exc:
        raise ModelError("model-missing", f"{path}: cannot be read ({exc.strerror})") from exc
    try:
        entries = [entry for name, entry in json.loads(text).items() if name != "__metadata__"]
        weights = Counter[str]()
        end = 0
        for entry in entries:
            weights[str(entry["dtype"])] += _product(entry["shape"])
            end = max(end, int(entry["data_offsets"][1]))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as exc:
        raise ModelError("model-not-safetensors", f"{path}: its header is no list of tensors") from exc
    if _PREFIX + length + end > size:
        raise _short(path, f"the last tensor ends at byte {_PREFIX + length + end} and the file at {size}")
    lacking = tuple(name for name in BESIDE if not (path.parent / name).is_file())
    return Weights(len(entries), weights.total(), end, dict(weights.most_common()), size, lacking)


def _product(shape: list[int]) -> int:
    count = 1
    for length in shape:
        count *= int(length)
    return count


def _short(path: Path, why: str) -> ModelError:
    return ModelError("model-truncated", f"{path}: the file is cut short: {why}; get it again")
