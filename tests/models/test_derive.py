"""A derived model of a tiny base: what its file holds, that it is the same everywhere, and that llama.cpp agrees."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpitd.errors import ModelError
from cockpitd.models import blocks, gguf_write
from cockpitd.models.derive import TYPES, Parts, derive
from cockpitd.models.gguf_body import Body, Value
from cockpitd.models.progress import Silent
from tests.models import tiny_gemma
from tests.models.llama_raw import Llama, divergence

SAME_EVERYWHERE = "03d42eea45373fd0822f05a6a372daafae7cd58db61d9f3f848e3cfa355aa76b"
Q_PROJECTION = "blk.1.attn_q.weight"
SENTENCES = ("hello the 灯光\n", "打开 on the th\n\n", "при на بس 🚗")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("derive")


@pytest.fixture(scope="module")
def parts(home: Path) -> Parts:
    base, adapter = tiny_gemma.model(home / "base.gguf"), tiny_gemma.adapter(home / "adapter.gguf")
    return Parts(base, "b" * 64, adapter, (tiny_gemma.KEPT_BY_LIST,), "tiny-n", "Q5_0")


@pytest.fixture(scope="module")
def made(home: Path, parts: Parts) -> Path:
    derive(parts, home / "made.gguf", Silent())
    return home / "made.gguf"


@contextmanager
def running(path: Path, adapter: Path | None = None) -> Iterator[Llama]:
    llama = Llama(path, adapter)
    try:
        yield llama
    finally:
        llama.close()


def test_the_header_tells_what_it_is_and_how_it_was_made(made: Path, parts: Parts) -> None:
    told = Body(made).header.values
    assert told["general.name"] == "tiny-n"
    assert told["general.license"] == "gemma"
    assert told["general.file_type"] == TYPES["Q5_0"]
    assert told["cockpitd.prompt"] == 1
    assert told["cockpitd.taught"] == ("WINDOW_OPEN", "LIGHT_ON")
    assert told["cockpitd.data"] == "d" * 64
    assert told["cockpitd.base"] == parts.base_sha256
    assert told["tokenizer.ggml.add_space_prefix"] is False
    assert told["gemma3.attention.sliding_window"] == 64


def test_it_is_the_same_to_the_byte_on_every_machine(made: Path) -> None:
    assert hashlib.sha256(made.read_bytes()).hexdigest() == SAME_EVERYWHERE


def test_it_is_the_same_without_the_processors_vector_units(home: Path, parts: Parts) -> None:
    program = (
        "import sys; from pathlib import Path; import numpy;"
        "from cockpitd.models.derive import Parts, derive; from cockpitd.models.progress import Silent;"
        "assert not numpy.show_config(mode='dicts')['SIMD Extensions'].get('found');"
        "derive(Parts(Path(sys.argv[1]), 'b' * 64, Path(sys.argv[2]), ('naï',), 'tiny-n', 'Q5_0'), "
        "Path(sys.argv[3]), Silent())"
    )
    vectors = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    out = home / "plain.gguf"
    command = [sys.executable, "-W", "ignore", "-c", program, str(parts.base), str(parts.adapter), str(out)]
    subprocess.run(command, env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(vectors)}, check=True)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == SAME_EVERYWHERE


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
def test_the_adapter_is_added_at_its_strength(home: Path, parts: Parts, kind: str) -> None:
    base = tiny_gemma.model(home / f"base-{kind}.gguf", kind)
    derive(replace(parts, base=base, type="F16"), home / "half.gguf", Silent())
    before, after, lora = Body(base), Body(home / "half.gguf"), Body(parts.adapter)
    a = blocks.dequantize(lora.rows(f"{Q_PROJECTION}.lora_a"), "F16").astype(np.float64)
    b = blocks.dequantize(lora.rows(f"{Q_PROJECTION}.lora_b"), "F32").astype(np.float64)
    wanted = blocks.dequantize(before.rows(Q_PROJECTION), kind) + 6.0 / 3 * (b @ a)
    assert np.allclose(blocks.dequantize(after.rows(Q_PROJECTION), "F16"), wanted, rtol=1e-3, atol=1e-4)


def test_what_is_no_matrix_of_a_layer_is_taken_over(made: Path, parts: Parts) -> None:
    before, after = Body(parts.base), Body(made)
    for name in ("output_norm.weight", "blk.0.attn_norm.weight"):
        assert (before.rows(name) == after.rows(name)).all()
    words = after.values["tokenizer.ggml.tokens"].texts()
    old = before.values["tokenizer.ggml.tokens"].texts()
    table, rows = before.rows("token_embd.weight"), after.rows("token_embd.weight")
    assert len(words) == len(rows) < len(old)
    assert all((rows[place] == table[old.index(word)]).all() for place, word in enumerate(words))


def test_without_pruning_the_tokenizer_is_the_bases(home: Path, parts: Parts) -> None:
    derive(replace(parts, tokens=None, type="Q8_0"), home / "all.gguf", Silent())
    before, after = Body(parts.base), Body(home / "all.gguf")
    tables = [key for key in before.values if key.startswith("tokenizer.")]
    assert all(before.values[key] == after.values[key] for key in tables)
    assert (before.rows("token_embd.weight") == after.rows("token_embd.weight")).all()


@pytest.mark.parametrize(
    ("changes", "shapes", "sentence"),
    [
        ({"general.type": gguf_write.text("model")}, {}, "no LoRA adapter"),
        ({"general.architecture": gguf_write.text("llama")}, {}, "another architecture"),
        ({"adapter.lora.alpha": gguf_write.number(6)}, {}, "alpha is no 32-bit float"),
        ({}, {Q_PROJECTION: (64, 96)}, "has not the shape"),
        ({}, {"token_embd.weight": (64, 96)}, "token_embd.weight.lora_a cannot be merged"),
        ({}, {"blk.7.attn_q.weight": (64, 64)}, "blk.7.attn_q.weight.lora_a cannot be merged"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(
    home: Path, parts: Parts, changes: dict[str, Value], shapes: dict[str, tuple[int, int]], sentence: str
) -> None:
    odd = tiny_gemma.adapter(home / "odd.gguf", changes, **shapes)
    with pytest.raises(ModelError, match=sentence):
        derive(replace(parts, adapter=odd), home / "none.gguf", Silent())
    assert not (home / "none.gguf").exists()


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["F16", "Q8_0"])
def test_it_expects_what_the_base_expects_with_the_adapter_at_run_time(home: Path, parts: Parts, kind: str) -> None:
    derive(replace(parts, tokens=None, type=kind), home / f"{kind}.gguf", Silent())
    base = tiny_gemma.model(home / "exact.gguf", "F16")
    with running(base, parts.adapter) as stock, running(base) as plain, running(home / f"{kind}.gguf") as merged:
        for text in SENTENCES:
            tokens = stock.encode(text, first=True)
            expected, found = stock.logits(tokens), merged.logits(tokens)
            assert divergence(expected, found) < 0.01
            assert divergence(expected, plain.logits(tokens)) > 0.05  # else the adapter would do nothing


@pytest.mark.engine
def test_the_rest_of_the_world_is_written_in_bytes(made: Path, parts: Parts) -> None:
    with running(made) as cut, running(parts.base) as stock:
        for text in (*SENTENCES, "Привет, hello", "naï"):
            assert cut.decode(cut.encode(text)) == text
        assert cut.pieces(cut.encode("hello 打开")) == stock.pieces(stock.encode("hello 打开"))
        assert len(cut.encode("при")) == 6  # two bytes a letter
        assert len(stock.encode("при")) == 1

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.text(st.characters(codec="utf-8", exclude_characters="▁\0"), max_size=40))
        def nothing_is_lost(text: str) -> None:
            assert cut.decode(cut.encode(text)) == text

        nothing_is_lost()
