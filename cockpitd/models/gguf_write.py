"""Writing a GGUF file, version 3: values, the list of tensors, then each tensor as it comes; it makes no weights."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cockpitd.models.gguf import MAGIC, TENSOR_TYPES
from cockpitd.models.gguf_body import NUMPY, Value

ALIGNMENT = 32
_VERSION = 3
_UINT32, _STRING, _ARRAY = 4, 8, 9
_NUMBERS = {name: number for number, (name, _, _) in TENSOR_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Listed:
    """One tensor as the header will list it."""

    name: str
    shape: tuple[int, ...]
    """The length of a row first."""
    type: str
    size: int
    """Bytes."""


def number(value: int) -> Value:
    """Make a value of a 32-bit number above zero."""
    return Value(_UINT32, struct.pack("<I", value))


def text(value: str) -> Value:
    """Make a value of a text."""
    return Value(_STRING, _text(value.encode()))


def texts(values: Sequence[bytes]) -> Value:
    """Make a value of many texts."""
    return Value(_ARRAY, struct.pack("<IQ", _STRING, len(values)) + b"".join(map(_text, values)))


def numbers(values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> Value:
    """Make a value of many 32-bit numbers."""
    kind = next(kind for kind, form in NUMPY.items() if np.dtype(form) == values.dtype)
    return Value(_ARRAY, struct.pack("<IQ", kind, len(values)) + values.tobytes())


def write(path: Path, values: Mapping[str, Value], tensors: Sequence[Listed], pieces: Iterable[bytes]) -> str:
    """Write the file and return its sha256; the pieces are the tensors' bytes in their order, cut anywhere."""
    digest = hashlib.sha256()
    sizes = iter(tensors)
    left = 0
    with path.open("wb") as out:

        def put(data: bytes) -> None:
            out.write(data)
            digest.update(data)

        put(_header(values, tensors))
        for piece in pieces:
            left = left or next(sizes).size
            put(piece)
            left -= len(piece)
            if not left:
                put(bytes(-out.tell() % ALIGNMENT))
        out.flush()
        os.fsync(out.fileno())
    if left or next(sizes, None) is not None:
        raise AssertionError(f"{path}: fewer weights came than are listed")
    return digest.hexdigest()


def _header(values: Mapping[str, Value], tensors: Sequence[Listed]) -> bytes:
    out = [MAGIC, struct.pack("<IQQ", _VERSION, len(tensors), len(values))]
    out += [_text(key.encode()) + struct.pack("<I", value.kind) + value.data for key, value in values.items()]
    offset = 0
    for tensor in tensors:
        out.append(_text(tensor.name.encode()) + struct.pack("<I", len(tensor.shape)))
        out.append(struct.pack(f"<{len(tensor.shape)}QIQ", *tensor.shape, _NUMBERS[tensor.type], offset))
        offset += -(-tensor.size // ALIGNMENT) * ALIGNMENT
    header = b"".join(out)
    return header + bytes(-len(header) % ALIGNMENT)


def _text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value
