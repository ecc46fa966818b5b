"""Makes one GGUF of a base, an adapter and a list of tokens, the same bytes on every machine; it installs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cockpitd.errors import ModelError
from cockpitd.models import blocks, gguf_write, vocabulary
from cockpitd.models.gguf import Tensor
from cockpitd.models.gguf_body import Body
from cockpitd.models.gguf_write import Listed
from cockpitd.models.lora import OWN_KEYS, Adapter, add
from cockpitd.models.progress import Progress

TYPES: Mapping[str, int] = {"F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9}
"""Type of the layers' matrices -> `general.file_type`."""
TABLE = "token_embd.weight"
"""One row a token, which is input and output table; its rows are taken over as they are."""
_LAYERS = "blk."
_MATRIX = 2
_AT_ONCE = 1 << 16
"""Weights worked on in one go, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a derived model is made of."""

    base: Path
    base_sha256: str
    adapter: Path
    tokens: tuple[str, ...] | None
    """Tokens to keep beyond the rule; None keeps them all."""
    name: str
    type: str


def derive(parts: Parts, out: Path, progress: Progress) -> str:
    """Write the derived model and return its sha256."""
    base = Body(parts.base)
    adapter = Adapter(parts.adapter, base)
    values = dict(base.values)
    kept = None
    if parts.tokens is not None:
        kept = vocabulary.Vocabulary.of(values).kept(parts.tokens)
        values = vocabulary.pruned(values, kept)
    values |= {
        "general.name": gguf_write.text(parts.name),
        "general.file_type": gguf_write.number(TYPES[parts.type]),
        **adapter.own_values,
        f"{OWN_KEYS}base": gguf_write.text(parts.base_sha256),
    }
    values.pop("general.alignment", None)  # ours is the usual one
    listed = [_listed(tensor, parts.type, kept) for tensor in base.header.tensors]
    progress.begin(f"making {out.name}", sum(tensor.size for tensor in listed))
    digest = gguf_write.write(out, values, listed, _pieces(base, adapter, listed, kept, progress))
    progress.end()
    return digest


def _listed(tensor: Tensor, kind: str, kept: NDArray[np.int64] | None) -> Listed:
    """Tell what a tensor of the base becomes."""
    if tensor.name == TABLE:
        rows = tensor.shape[1] if kept is None else len(kept)
        return Listed(TABLE, (tensor.shape[0], rows), tensor.type, blocks.bytes_of(tensor.shape[0] * rows, tensor.type))
    if kept is not None and tensor.shape[-1] > max(kept):
        raise ModelError("model-vocabulary", f"{tensor.name} has a row a token, and only {TABLE} can be pruned")
    if not (tensor.name.startswith(_LAYERS) and len(tensor.shape) == _MATRIX):
        return Listed(tensor.name, tensor.shape, tensor.type, tensor.size or 0)
    if tensor.type not in blocks.readable() or not blocks.fits(tensor.shape[0], kind):
        raise ModelError("model-type", f"{tensor.name} is {tensor.type} and cannot become {kind} here")
    return Listed(tensor.name, tensor.shape, kind, blocks.bytes_of(tensor.weights, kind))


def _pieces(
    base: Body, adapter: Adapter, listed: list[Listed], kept: NDArray[np.int64] | None, progress: Progress
) -> Iterator[bytes]:
    """Give the tensors' bytes, a few rows at a time."""
    for tensor in listed:
        name = tensor.name
        rows = base.rows(name)
        if name == TABLE and kept is not None:
            made = iter([rows[kept].tobytes()])
        elif name.startswith(_LAYERS) and len(tensor.shape) == _MATRIX:
            halves = adapter.halves(name) if name in adapter.targets else None
            step = max(1, _AT_ONCE // tensor.shape[0])
            made = _merged(base, tensor, halves, step)
        else:
            made = iter([rows.tobytes()])
        for piece in made:
            progress.advance(len(piece))
            yield piece


def _merged(
    base: Body, tensor: Listed, halves: tuple[blocks.Floats, blocks.Floats] | None, step: int
) -> Iterator[bytes]:
    """Unpack some rows, add what the adapter adds to them, and pack them."""
    rows, kind = base.rows(tensor.name), base.tensors[tensor.name].type
    for at in range(0, len(rows), step):
        weights = blocks.dequantize(rows[at : at + step], kind)
        if halves is not None:
            a, b = halves
            add(weights, a, b[at : at + step])
        yield blocks.quantize(weights, tensor.type).tobytes()
