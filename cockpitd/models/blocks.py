"""Weights in blocks, to float32 and back, with the same bytes on every machine; no file and no model is known here.

Only elementwise steps in a fixed order are used: no matrix product, no sum whose order a processor chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cockpitd.models.gguf import TENSOR_TYPES

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_SHAPES = {name: (block, size) for name, block, size in TENSOR_TYPES.values()}
_HALF = 16
"""A block of 32 four-bit weights is 16 bytes: the first half in the low nibbles, the second in the high ones."""
_TRIED = tuple(tenths / 10 for tenths in range(-9, 10))
"""Where the largest weight of a block is tried, in steps above the lowest number; below that it is cut off."""


def bytes_of(weights: int, kind: str) -> int:
    """Bytes that so many weights of whole blocks take."""
    block, size = _SHAPES[kind]
    return weights // block * size


def fits(row: int, kind: str) -> bool:
    """Tell whether rows of this length are whole blocks."""
    return row % _SHAPES[kind][0] == 0


def dequantize(data: Bytes, kind: str) -> Floats:
    """Unpack rows of bytes into rows of weights."""
    blocks = data.reshape(-1, _SHAPES[kind][1])
    return _UNPACK[kind](blocks).reshape(data.shape[0], -1)


def quantize(weights: Floats, kind: str) -> Bytes:
    """Pack rows of weights into rows of bytes: by llama.cpp's formulas, or with a better step where there is one."""
    return _PACK[kind](weights.reshape(-1, _SHAPES[kind][0])).reshape(weights.shape[0], -1)


def readable() -> frozenset[str]:
    """Types that can be unpacked."""
    return frozenset(_UNPACK)


def writable() -> tuple[str, ...]:
    """Types that can be packed."""
    return tuple(_PACK)


def _half(blocks: Bytes, at: int) -> Floats:
    """Read one float16 of every block, as a column."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(np.float16).astype(np.float32)


def _nibbles(packed: Bytes) -> Bytes:
    return np.concatenate((packed & 15, packed >> 4), axis=1)


def _fifth_bits(packed: Bytes) -> Bytes:
    return np.unpackbits(packed, axis=1, bitorder="little") << np.uint8(4)


def _from_f32(blocks: Bytes) -> Floats:
    return np.ascontiguousarray(blocks).view(np.float32)


def _from_f16(blocks: Bytes) -> Floats:
    return np.ascontiguousarray(blocks).view(np.float16).astype(np.float32)


def _from_bf16(blocks: Bytes) -> Floats:
    return (np.ascontiguousarray(blocks).view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def _from_q8_0(blocks: Bytes) -> Floats:
    return np.ascontiguousarray(blocks[:, 2:]).view(np.int8).astype(np.float32) * _half(blocks, 0)


def _from_q4_0(blocks: Bytes) -> Floats:
    return (_nibbles(blocks[:, 2:]).astype(np.float32) - np.float32(8)) * _half(blocks, 0)


def _from_q4_1(blocks: Bytes) -> Floats:
    return _nibbles(blocks[:, 4:]).astype(np.float32) * _half(blocks, 0) + _half(blocks, 2)


def _from_q5_0(blocks: Bytes) -> Floats:
    numbers = _nibbles(blocks[:, 6:]) | _fifth_bits(blocks[:, 2:6])
    return (numbers.astype(np.float32) - np.float32(16)) * _half(blocks, 0)


def _from_q5_1(blocks: Bytes) -> Floats:
    numbers = _nibbles(blocks[:, 8:]) | _fifth_bits(blocks[:, 4:8])
    return numbers.astype(np.float32) * _half(blocks, 0) + _half(blocks, 2)


def _from_q4_k(blocks: Bytes) -> Floats:
    packed = blocks[:, 4:16]
    low, middle, high = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate((low & 63, (high & 15) | (low >> 6 << 4)), axis=1).astype(np.float32)
    floors = np.concatenate((middle & 63, (high >> 4) | (middle >> 6 << 4)), axis=1).astype(np.float32)
    quarters = blocks[:, 16:].reshape(-1, 4, 1, 32)
    numbers = np.concatenate((quarters & 15, quarters >> 4), axis=2).reshape(-1, 8, 32).astype(np.float32)
    steps, lowest = scales * _half(blocks, 0), floors * _half(blocks, 2)
    weights: Floats = numbers * steps[:, :, None] - lowest[:, :, None]
    return weights


def _from_q6_k(blocks: Bytes) -> Floats:
    low = blocks[:, :128].reshape(-1, 2, 1, 64)
    high = blocks[:, 128:192].reshape(-1, 2, 1, 32)
    fours = np.concatenate((low & 15, low >> 4), axis=2).reshape(-1, 2, 4, 32)
    twos = high >> np.array([0, 2, 4, 6], np.uint8).reshape(1, 1, 4, 1) & 3
    numbers = (fours | (twos << 4)).reshape(-1, 16, 16).astype(np.float32) - np.float32(32)
    scales = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32) * _half(blocks, 208)
    weights: Floats = numbers * scales[:, :, None]
    return weights


def _inverse(step: Floats) -> Floats:
    """One through the step; 0 for a block of zeros."""
    return np.divide(np.float32(1), step, out=np.zeros_like(step), where=step != 0)


def _halves(*columns: Floats) -> list[Bytes]:
    return [column.astype(np.float16).view(np.uint8) for column in columns]


def _to_f16(blocks: Floats) -> Bytes:
    return blocks.astype(np.float16).view(np.uint8)


def _to_q8_0(blocks: Floats) -> Bytes:
    step = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    scaled = blocks * _inverse(step)
    whole = np.trunc(scaled)  # halves away from zero, as C rounds; adding 0.5 first would round the sum
    whole += np.trunc((scaled - whole) * np.float32(2))
    return np.concatenate((*_halves(step), whole.astype(np.int8).view(np.uint8)), axis=1)


def _around_zero(blocks: Floats, middle: int) -> tuple[Floats, Bytes]:
    """Step and numbers of a type around zero: of several steps the one that loses least, larger weights counting more.

    Reference code only makes the largest weight, with its sign, the lowest number. Here that is one try of many, and
    each is mended: the numbers it leads to are held, and the step that fits them best by least squares is taken.
    """
    weights = np.ascontiguousarray(blocks.T)  # a column a block, so that sums go along whole rows
    size = np.abs(weights)
    largest = np.take_along_axis(weights, size.argmax(axis=0)[None], axis=0)
    weighed = weights * size
    whole = _sum(weighed * weights)
    best, least = np.zeros_like(largest), np.full_like(largest, np.inf)
    for lowest in _TRIED:
        numbers = _whole(weights * (_inverse(largest) * np.float32(lowest - middle)), middle)
        both, squares = _sum(weighed * numbers), _sum(numbers * numbers * size)
        step = _as_stored(np.divide(both, squares, out=np.zeros_like(both), where=squares != 0))
        lost = whole - (both + both) * step + squares * step * step
        best, least = np.where(lost < least, step, best), np.fmin(lost, least)
    numbers = _whole(weights * _inverse(best), middle) + np.float32(middle)
    return best.T, np.ascontiguousarray(numbers.T).astype(np.uint8)


def _whole(scaled: Floats, middle: int) -> Floats:
    numbers: Floats = np.minimum(np.maximum(np.rint(scaled), np.float32(-middle)), np.float32(middle - 1))
    return numbers


def _as_stored(step: Floats) -> Floats:
    return step.astype(np.float16).astype(np.float32)


def _sum(columns: Floats) -> Floats:
    """Add up every column in one order, half onto half: numpy's own sum leaves the order to the processor."""
    while len(columns) > 1:
        columns = columns[: len(columns) // 2] + columns[len(columns) // 2 :]
    return columns


def _from_lowest(blocks: Floats, most: int) -> tuple[Floats, Floats, Bytes]:
    """Step, lowest weight and numbers of a type that counts up from the lowest weight."""
    lowest = blocks.min(axis=1, keepdims=True)
    step = (blocks.max(axis=1, keepdims=True) - lowest) / np.float32(most)
    numbers = (blocks - lowest) * _inverse(step) + np.float32(0.5)
    return step, lowest, np.minimum(numbers, np.float32(most)).astype(np.uint8)


def _in_nibbles(numbers: Bytes) -> Bytes:
    return numbers[:, :_HALF] & np.uint8(15) | numbers[:, _HALF:] << np.uint8(4)


def _in_bits(numbers: Bytes) -> Bytes:
    return np.packbits(numbers >> 4, axis=1, bitorder="little")


def _to_q4_0(blocks: Floats) -> Bytes:
    step, numbers = _around_zero(blocks, 8)
    return np.concatenate((*_halves(step), _in_nibbles(numbers)), axis=1)


def _to_q4_1(blocks: Floats) -> Bytes:
    step, lowest, numbers = _from_lowest(blocks, 15)
    return np.concatenate((*_halves(step, lowest), _in_nibbles(numbers)), axis=1)


def _to_q5_0(blocks: Floats) -> Bytes:
    step, numbers = _around_zero(blocks, 16)
    return np.concatenate((*_halves(step), _in_bits(numbers), _in_nibbles(numbers)), axis=1)


def _to_q5_1(blocks: Floats) -> Bytes:
    step, lowest, numbers = _from_lowest(blocks, 31)
    return np.concatenate((*_halves(step, lowest), _in_bits(numbers), _in_nibbles(numbers)), axis=1)


_UNPACK: Mapping[str, Callable[[Bytes], Floats]] = {
    "F32": _from_f32,
    "F16": _from_f16,
    "BF16": _from_bf16,
    "Q8_0": _from_q8_0,
    "Q5_1": _from_q5_1,
    "Q5_0": _from_q5_0,
    "Q4_1": _from_q4_1,
    "Q4_0": _from_q4_0,
    "Q4_K": _from_q4_k,
    "Q6_K": _from_q6_k,
}
_PACK: Mapping[str, Callable[[Floats], Bytes]] = {
    "F16": _to_f16,
    "Q8_0": _to_q8_0,
    "Q5_1": _to_q5_1,
    "Q5_0": _to_q5_0,
    "Q4_1": _to_q4_1,
    "Q4_0": _to_q4_0,
}
