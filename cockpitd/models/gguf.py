"""The header of a GGUF file, version 2 or 3: what it tells and whether the file is whole; no weight is read."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cockpitd.errors import ModelError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_KEPT_ITEMS = 1024
"""Longer arrays (the vocabulary) are only counted."""
_MAX_DEPTH = 4
_MAX_DIMENSIONS = 8
_MAX_NAME = 65_535
_DEFAULT_ALIGNMENT = 32

_TYPE_ROWS = """
0:F32:1:4 1:F16:1:2 30:BF16:1:2 28:F64:1:8 24:I8:1:1 25:I16:1:2 26:I32:1:4 27:I64:1:8
2:Q4_0:32:18 3:Q4_1:32:20 6:Q5_0:32:22 7:Q5_1:32:24 8:Q8_0:32:34 9:Q8_1:32:36 20:IQ4_NL:32:18 39:MXFP4:32:17
10:Q2_K:256:84 11:Q3_K:256:110 12:Q4_K:256:144 13:Q5_K:256:176 14:Q6_K:256:210 15:Q8_K:256:292
16:IQ2_XXS:256:66 17:IQ2_XS:256:74 18:IQ3_XXS:256:98 19:IQ1_S:256:50 21:IQ3_S:256:110 22:IQ2_S:256:82
23:IQ4_XS:256:136 29:IQ1_M:256:56 34:TQ1_0:256:54 35:TQ2_0:256:66
"""
TENSOR_TYPES: Mapping[int, tuple[str, int, int]] = {
    int(number): (name, int(block), int(size))
    for number, name, block, size in (row.split(":") for row in _TYPE_ROWS.split())
}
"""Number in the file -> name, weights in a block, bytes of a block."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An array too long to keep."""

    items: int


Scalar = bool | int | float | str
Value = Scalar | tuple["Value", ...] | Counted


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as the header lists it."""

    name: str
    shape: tuple[int, ...]
    type: str
    """`Q4_K`, or `type 99` when unknown to this reader."""
    size: int | None
    """Bytes; None when the type is unknown."""
    offset: int
    """From the start of the data."""

    @property
    def weights(self) -> int:
        """Number of weights."""
        count = 1
        for length in self.shape:
            count *= length
        return count


@dataclass(frozen=True, slots=True)
class Header:
    """Everything before the weights."""

    version: int
    values: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    data_start: int
    file_size: int

    @property
    def weight_bytes(self) -> int:
        """Bytes of all tensors."""
        return self.file_size - self.data_start

    @property
    def parameters(self) -> int:
        """Weights in all tensors."""
        return sum(tensor.weights for tensor in self.tensors)

    def shares(self) -> dict[str, tuple[int, int]]:
        """Tensor type -> (weights, bytes), the largest first."""
        weights: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for tensor in self.tensors:
            weights[tensor.type] += tensor.weights
            sizes[tensor.type] += tensor.size or 0
        return {name: (count, sizes[name]) for name, count in weights.most_common()}


def read(path: Path) -> Header:
    """Read the header; anything that is no whole GGUF raises `ModelError` with one sentence."""
    try:
        with path.open("rb") as stream:
            return _Reader(path, stream).header()
    except OSError as exc:
        raise ModelError("model-missing", f"{path}: cannot be read ({exc.strerror})") from exc


class _Reader:
    """A cursor over the header that never reads or allocates beyond the file."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path, self._stream = path, stream
        self._size = stream.seek(0, 2)
        stream.seek(0)

    def header(self) -> Header:
        if self._stream.read(len(MAGIC)) != MAGIC:
            raise ModelError("model-not-gguf", f"{self._path}: not a GGUF file (it does not begin with GGUF)")
        version = int(self._scalar("I"))
        if version not in VERSIONS:
            known = " and ".join(map(str, VERSIONS))
            why = "big-endian" if version and version % 0x10000 == 0 else f"version {version}"
            raise ModelError(
                "model-gguf-version", f"{self._path}: a {why} GGUF; only little-endian versions {known} can be read"
            )
        tensor_count, value_count = int(self._scalar("Q")), int(self._scalar("Q"))
        self._room(value_count * 13 + tensor_count * 24)
        values = dict(self._pair() for _ in range(value_count))
        alignment = values.get("general.alignment", _DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or alignment <= 0:
            raise self._wrong("general.alignment is not a number above zero")
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        start = -(-self._stream.tell() // alignment) * alignment
        needed = start + max((tensor.offset + (tensor.size or 0) for tensor in tensors), default=0)
        if tensors and needed > self._size:
            raise self._short(f"the last tensor ends at byte {needed} and the file at {self._size}")
        return Header(version, values, tensors, min(start, self._size), self._size)

    def _pair(self) -> tuple[str, Value]:
        key = self._string(_MAX_NAME, strict=True)
        return key, self._value(int(self._scalar("I")), 0)

    def _value(self, kind: int, depth: int) -> Value:
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind])
        if kind == _STRING:
            return self._string(self._size)
        if kind != _ARRAY or depth == _MAX_DEPTH:
            raise self._wrong(f"value type {kind} is unknown" if kind != _ARRAY else "arrays are nested too deep")
        item, count = int(self._scalar("I")), int(self._scalar("Q"))
        return self._array(item, count, depth)

    def _array(self, item: int, count: int, depth: int) -> Value:
        if item in _SCALARS:
            form = _SCALARS[item]
            self._room(count * struct.calcsize(form))
            if count <= _KEPT_ITEMS:
                return tuple(self._scalar(form) for _ in range(count))
            self._stream.seek(count * struct.calcsize(form), 1)
            return Counted(count)
        self._room(count * 8)
        kept: list[Value] = []
        for index in range(count):
            value = self._value(item, depth + 1)
            if index < _KEPT_ITEMS:
                kept.append(value)
        return tuple(kept) if count <= _KEPT_ITEMS else Counted(count)

    def _tensor(self) -> Tensor:
        name = self._string(_MAX_NAME, strict=True)
        dimensions = int(self._scalar("I"))
        if dimensions > _MAX_DIMENSIONS:
            raise self._wrong(f"tensor {name[:60]!r} has {dimensions} dimensions")
        shape = tuple(int(self._scalar("Q")) for _ in range(dimensions))
        number, offset = int(self._scalar("I")), int(self._scalar("Q"))
        kind, block, block_bytes = TENSOR_TYPES.get(number, (f"type {number}", 0, 0))
        tensor = Tensor(name, shape, kind, None, offset)
        if not block:
            return tensor
        return Tensor(name, shape, kind, -(-tensor.weights // block) * block_bytes, offset)

    def _scalar(self, form: str) -> bool | int | float:
        value: bool | int | float = struct.unpack(f"<{form}", self._take(struct.calcsize(form)))[0]
        return value

    def _string(self, longest: int, *, strict: bool = False) -> str:
        length = int(self._scalar("Q"))
        if length > longest:
            raise self._wrong(f"a text of {length} bytes cannot be")
        try:
            return self._take(length).decode("utf-8", "strict" if strict else "replace")
        except UnicodeDecodeError as exc:
            raise self._wrong("a name is not UTF-8") from exc

    def _take(self, count: int) -> bytes:
        self._room(count)
        return self._stream.read(count)

    def _room(self, count: int) -> None:
        left = self._size - self._stream.tell()
        if count > left:
            raise self._short(f"{count} more bytes of header are announced and {left} are there")

    def _short(self, why: str) -> ModelError:
        return ModelError("model-truncated", f"{self._path}: the file is cut short or broken: {why}; get it again")

    def _wrong(self, why: str) -> ModelError:
        return ModelError("model-header", f"{self._path}: the header is broken at byte {self._stream.tell()}: {why}")
