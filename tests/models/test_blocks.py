"""Weights in blocks: what is lost, and that llama.cpp reads and writes the very same bytes."""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cockpitd.models import blocks
from tests.models.tiny_gemma import numbers_like

SMALL = tuple(kind for kind in blocks.writable() if kind != "F16")
SEARCHED = ("Q5_0", "Q4_0")
"""Types that are packed better than llama.cpp's reference does it."""
WEIGHTS = numbers_like((512, 300), 7) ** 3 * np.float32(8)
"""Most of them near zero, as a model's are."""


@pytest.fixture(scope="module")
def ggml() -> ctypes.CDLL:
    """The part of llama.cpp that packs weights; no engine starts."""
    places = find_spec("llama_cpp")
    assert places is not None
    assert places.submodule_search_locations
    return ctypes.CDLL(str(Path(places.submodule_search_locations[0]) / "lib" / "libggml-base.so"))


def by_llama(ggml: ctypes.CDLL, name: str, data: NDArray[Any], out: NDArray[Any]) -> NDArray[Any]:
    count = ctypes.c_int64(WEIGHTS.size)
    getattr(ggml, name)(ctypes.c_void_p(data.ctypes.data), ctypes.c_void_p(out.ctypes.data), count)
    return out


@pytest.mark.parametrize("kind", [kind for kind in SMALL if kind not in SEARCHED])
def test_packing_gives_the_bytes_of_llama_cpps_reference(ggml: ctypes.CDLL, kind: str) -> None:
    weights = WEIGHTS.copy()
    weights[0], weights[1, :32], weights[2, 5] = 0, 0, 1
    mine = blocks.quantize(weights, kind)
    theirs = by_llama(ggml, f"quantize_row_{kind.lower()}_ref", weights, np.zeros_like(mine))
    different = np.count_nonzero(mine != theirs)
    assert different <= mine.size / 10_000  # a compiler may fuse its multiplications with additions; ours never are


@pytest.mark.parametrize("kind", SEARCHED)
def test_searching_loses_less_than_llama_cpps_reference(ggml: ctypes.CDLL, kind: str) -> None:
    mine = blocks.quantize(WEIGHTS, kind)
    theirs = by_llama(ggml, f"quantize_row_{kind.lower()}_ref", WEIGHTS, np.zeros_like(mine))
    lost = [lost_in_blocks(blocks.dequantize(packed, kind)) for packed in (mine, theirs)]
    assert lost[0].sum() < 0.9 * lost[1].sum()
    assert (lost[0] <= lost[1] * 1.001).all()  # the reference's numbers are one of those tried


def lost_in_blocks(back: blocks.Floats) -> NDArray[np.float64]:
    """Squared error of every block, larger weights counting more."""
    exact = WEIGHTS.astype(np.float64)
    each: NDArray[np.float64] = (np.abs(exact) * (back - exact) ** 2).reshape(-1, 32).sum(axis=1)
    return each


@pytest.mark.parametrize("kind", SEARCHED)
def test_blocks_of_zeros_and_of_one_weight_are_kept(kind: str) -> None:
    weights = np.zeros((2, 64), np.float32)
    weights[1, 5], weights[1, 40] = 1.5, -0.25
    assert (blocks.dequantize(blocks.quantize(weights, kind), kind) == weights).all()


@pytest.mark.parametrize("kind", SEARCHED)
def test_packing_does_not_depend_on_how_many_rows_are_packed_at_once(kind: str) -> None:
    rows = [blocks.quantize(WEIGHTS[at : at + 1], kind) for at in range(7)]
    assert (np.concatenate(rows) == blocks.quantize(WEIGHTS[:7], kind)).all()


@pytest.mark.parametrize("kind", [*SMALL, "Q4_K", "Q6_K"])
def test_unpacking_gives_the_weights_of_llama_cpps(ggml: ctypes.CDLL, kind: str) -> None:
    suffix = kind[0].lower() + kind[1:]
    packed = np.zeros((300, blocks.bytes_of(512, kind)), np.uint8)
    by_llama(ggml, f"quantize_row_{suffix}_ref", WEIGHTS, packed)
    theirs = by_llama(ggml, f"dequantize_row_{suffix}", packed, np.zeros_like(WEIGHTS))
    assert np.allclose(blocks.dequantize(packed, kind), theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("kind", "steps"), [("Q8_0", 127), ("Q5_0", 16), ("Q5_1", 15.5), ("Q4_0", 8), ("Q4_1", 7.5)])
def test_at_most_a_step_is_lost(kind: str, steps: float) -> None:
    back = blocks.dequantize(blocks.quantize(WEIGHTS, kind), kind)
    largest = np.abs(WEIGHTS.reshape(-1, 32)).max(axis=1, keepdims=True)
    lost = np.abs(back - WEIGHTS).reshape(-1, 32)
    assert (lost <= largest / steps * 1.01).all()


def test_half_precision_keeps_what_it_can_hold() -> None:
    exact = np.array([[0.0, -1.5, 0.25, 65504.0]], np.float32)
    assert (blocks.dequantize(blocks.quantize(exact, "F16"), "F16") == exact).all()


def test_a_brain_float_is_the_upper_half_of_a_float() -> None:
    assert blocks.dequantize(np.array([[0x80, 0x3F, 0x20, 0xC0]], np.uint8), "BF16").tolist() == [[1.0, -2.5]]


def test_rows_must_be_whole_blocks() -> None:
    assert blocks.fits(640, "Q5_0")
    assert not blocks.fits(640, "Q4_K")
