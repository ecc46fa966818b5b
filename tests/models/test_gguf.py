"""Reading GGUF headers: the real default model, a tiny one made here, broken ones, and junk."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.errors import ModelError
from cockpitd.models import gguf
from cockpitd.models.gguf import Counted
from cockpitd.models.inspect import shape_of
from cockpitd.models.topology import Topology, topology
from tests.models import ggufs
from tests.models.ggufs import LLAMA, TENSORS

TINY = ggufs.gguf()


def shape(path: Path) -> Topology:
    return shape_of(path, gguf.read(path))


def code_of(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        shape(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.code


def test_the_default_model_is_told_as_it_is(models: Path) -> None:
    path = models / "gemma3-270m" / "gemma3-270m-Q4_K_M.gguf"
    if not path.is_file():
        pytest.skip(f"{path} is not installed; run `cockpitd models fetch`")
    header, found = gguf.read(path), shape(path)
    assert (header.version, header.parameters, len(header.tensors)) == (3, 268_098_176, 236)
    assert header.data_start + sum(tensor.size or 0 for tensor in header.tensors) == header.file_size == 253_113_024
    assert list(header.shares()) == ["Q8_0", "Q5_0", "Q4_K", "Q6_K", "F32"]
    assert (found.architecture, found.layers, found.heads, set(found.kv_heads)) == ("gemma3", 18, 4, {1})
    assert (found.hidden, found.context, found.window, found.rope_base) == (640, 32_768, 512, 1e6)
    assert (found.tokenizer, found.vocabulary, found.chat_template) == ("llama", 262_144, False)
    assert (found.quantization, found.licence) == ("Q4_K_M", "gemma")
    assert found.kv_bytes(4096) == 18 * 2 * 256 * 2 * 4096


@pytest.mark.parametrize("version", [2, 3])
def test_a_tiny_file_is_read_to_the_last_key(tmp_path: Path, version: int) -> None:
    path = ggufs.write(tmp_path / "tiny.gguf", ggufs.gguf(version=version))
    header, found = gguf.read(path), shape(path)
    assert header.version == version
    assert [(each.name, each.type, each.weights, each.size) for each in header.tensors] == [
        ("token_embd.weight", "Q4_K", 1024, 576),
        ("norm.weight", "F32", 64, 256),
    ]
    assert header.values["tokenizer.ggml.tokens"] == Counted(2000)
    assert found == Topology(
        kind="model",
        architecture="llama",
        title="Tiny 1",
        licence="none",
        layers=2,
        heads=4,
        kv_heads=(2, 2),
        hidden=64,
        feed_forward=128,
        key_length=16,
        value_length=16,
        context=2048,
        window=0,
        experts=0,
        rope_base=10_000.0,
        rope_scaling="yarn",
        activation="silu",
        tokenizer="gpt2",
        vocabulary=2000,
        chat_template=True,
        quantization="Q4_K_M",
        parts=1,
    )


def test_heads_may_differ_by_layer(tmp_path: Path) -> None:
    path = ggufs.write(tmp_path / "a.gguf", ggufs.changed(attention__head_count_kv=("u32s", [4, 1])))
    assert shape(path).kv_heads == (4, 1)
    assert shape(path).kv_bytes(10) == (4 + 1) * 32 * 10 * 2


def test_a_tensor_type_of_the_future_is_told_and_not_guessed(tmp_path: Path) -> None:
    path = ggufs.write(tmp_path / "a.gguf", ggufs.gguf(tensors=(*TENSORS, ("new.weight", (64,), 99, 64))))
    assert [(each.type, each.size) for each in gguf.read(path).tensors][-1] == ("type 99", None)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "model-not-gguf"),
        (b"PK\x03\x04 something else", "model-not-gguf"),
        (b"GGUF", "model-truncated"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(40), "model-gguf-version"),
        (b"GGUF" + struct.pack(">I", 3) + bytes(40), "model-gguf-version"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60), "model-truncated"),
        (TINY[:-1], "model-truncated"),
        (TINY[:-600], "model-truncated"),
        (TINY[:500], "model-truncated"),
        (TINY.replace(b"general.name", b"general.n\xff\xfee"), "model-header"),
        (ggufs.gguf({**LLAMA, "general.alignment": ("u32", 0)}), "model-header"),
        (ggufs.changed(block_count=("str", "two")), "model-header"),
        (ggufs.changed(block_count=("i32", -2)), "model-header"),
        (ggufs.changed(block_count=("u64", 1 << 39)), "model-header"),
        (ggufs.changed(attention__head_count_kv=("strs", ["two"])), "model-header"),
        (ggufs.changed(rope__freq_base=("str", "much")), "model-header"),
        (ggufs.gguf({**LLAMA, "general.architecture": ("u32", 1)}), "model-header"),
    ],
)
def test_a_broken_file_is_one_sentence_with_a_code(tmp_path: Path, data: bytes, code: str) -> None:
    assert code_of(ggufs.write(tmp_path / "broken.gguf", data)) == code


def test_arrays_in_arrays_end_somewhere(tmp_path: Path) -> None:
    deep = ggufs.text("a") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 2000
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + deep
    assert code_of(ggufs.write(tmp_path / "deep.gguf", data)) == "model-header"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.gguf") == "model-missing"


def read_or_refuse(path: Path, data: bytes) -> None:
    """Anything but `ModelError` that comes out of here fails the test."""
    path.write_bytes(data)
    with suppress(ModelError):
        header = gguf.read(path)
        topology(header).kv_bytes(4096)
        header.shares()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("junk") / "junk.gguf"


@given(st.binary(max_size=400), st.sampled_from([b"", b"GGUF", b"GGUF\3\0\0\0", TINY[:40]]))
def test_junk_is_refused_and_never_breaks_the_reader(scratch: Path, junk: bytes, head: bytes) -> None:
    read_or_refuse(scratch, head + junk)


SMALL = ggufs.gguf({**LLAMA, "tokenizer.ggml.tokens": ("strs", ["a", "b"])})


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(SMALL)))
def test_a_file_with_bytes_altered_is_read_or_refused(
    scratch: Path, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(SMALL)
    for place, byte in changes:
        data[place] = byte
    read_or_refuse(scratch, bytes(data))
    read_or_refuse(scratch, bytes(data[:length]))
