"""What the header reader leaves out of a GGUF file: raw values, long arrays, the weights; it writes nothing."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cockpitd.errors import ModelError
from cockpitd.models import gguf
from cockpitd.models.blocks import Bytes
from cockpitd.models.gguf import Header, Tensor

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
NUMPY = {4: "<u4", 5: "<i4", 6: "<f4"}
"""Number types of the arrays that are read."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it stands in the file."""

    kind: int
    data: bytes
    """An array's begins with the type and the number of its items."""

    @property
    def _items(self) -> tuple[int, int]:
        kind, count = struct.unpack_from("<IQ", self.data)
        return int(kind), int(count)

    def texts(self) -> list[bytes]:
        """Read an array of strings."""
        kind, count = self._items
        if self.kind != _ARRAY or kind != _STRING:
            raise ModelError("model-header", "a list of words in the header is none")
        found, at = [], 12
        for _ in range(count):
            (length,) = struct.unpack_from("<Q", self.data, at)
            at += 8 + length
            found.append(self.data[at - length : at])
        return found

    def numbers(self) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
        """Read an array of 32-bit numbers."""
        kind, count = self._items
        if self.kind != _ARRAY or kind not in NUMPY:
            raise ModelError("model-header", "a list of numbers in the header is none")
        return np.frombuffer(self.data, NUMPY[kind], count, 12)


class Body:
    """One GGUF file, whole; its weights are mapped, not read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: Header = gguf.read(path)
        self.tensors: Mapping[str, Tensor] = {tensor.name: tensor for tensor in self.header.tensors}
        self._data = np.memmap(path, np.uint8, "r")
        self.values: Mapping[str, Value] = _values(self._data[: self.header.data_start].tobytes())

    def rows(self, name: str) -> Bytes:
        """Give a tensor's bytes, one row of the matrix a row."""
        tensor = self.tensors[name]
        if tensor.size is None:
            raise ModelError("model-type", f"{self.path}: {name} is of {tensor.type}, which is not known here")
        start = self.header.data_start + tensor.offset
        rows = tensor.weights // tensor.shape[0]
        return np.asarray(self._data[start : start + tensor.size]).reshape(rows, -1)

    def value(self, key: str) -> Value:
        """Give a value that must be there."""
        if key not in self.values:
            raise ModelError("model-header", f"{self.path}: the header tells no {key}")
        return self.values[key]


def _values(header: bytes) -> dict[str, Value]:
    """Cut the header, which `gguf.read` has found whole, into its values."""
    (count,) = struct.unpack_from("<Q", header, 16)
    at = 24
    found: dict[str, Value] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", header, at)
        key = header[at + 8 : at + 8 + length].decode()
        at += 8 + length
        (kind,) = struct.unpack_from("<I", header, at)
        end = _end(header, kind, at + 4)
        found[key] = Value(kind, header[at + 4 : end])
        at = end
    return found


def _end(header: bytes, kind: int, at: int) -> int:
    """Find where a value that begins here ends."""
    if kind in _SIZES:
        return at + _SIZES[kind]
    if kind == _STRING:
        (length,) = struct.unpack_from("<Q", header, at)
        return at + 8 + int(length)
    item, count = struct.unpack_from("<IQ", header, at)
    at += 12
    if item in _SIZES:
        return at + int(count) * _SIZES[item]
    for _ in range(count):
        at = _end(header, item, at)
    return at
