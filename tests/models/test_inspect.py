"""What people are told of a model file, and what a safetensors file lacks."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.errors import ModelError
from cockpitd.models import safetensors
from cockpitd.models.inspect import describe
from tests.models import ggufs


def test_a_gguf_is_told_whole(tmp_path: Path) -> None:
    told = dict(describe(ggufs.write(tmp_path / "Tiny-1-100M-Instruct-Q4_K_M.gguf", ggufs.gguf())))
    assert told["layers"] == "2"
    assert told["heads"] == "4, for keys and values 2"
    assert told["RoPE"] == "base 10000, scaling yarn"
    assert told["activation"] == "silu"
    assert told["tokenizer"] == "gpt2, 2000 tokens"
    assert told["chat template"] == "yes"
    assert told["quantization"].startswith("Q4_K_M: Q4_K 94.1% of the weights")
    assert told["name"] == "series Tiny, version 1, size 100M, training Instruct, method GGUF, precision Q4_K_M"
    assert "follows instructions" in told["commands"]


def test_what_a_file_does_not_tell_is_not_made_up(tmp_path: Path) -> None:
    told = dict(describe(ggufs.write(tmp_path / "x.gguf", ggufs.gguf({"general.type": ("str", "adapter")}, ()))))
    assert "LoRA adapter" in told["kind"]
    assert {told[key] for key in ("layers", "architecture", "RoPE", "title", "licence")} == {"not told by the file"}
    assert told["chat template"] == "no"


def test_safetensors_hold_weights_only(tmp_path: Path) -> None:
    path = ggufs.write(tmp_path / "Qwen2.5-1.5B" / "model.safetensors", ggufs.safetensors())
    (path.parent / "config.json").touch()
    told = dict(describe(path))
    assert "weights only" in told["file"]
    assert told["topology"] == "not in this file; config.json lies beside it"
    assert told["tokenizer"] == "not in this file; tokenizer.json not there, and needed"
    assert told["precision"] == "BF16 94%, F32 6%"
    assert told["name"].startswith("series Qwen, version 2.5, size 1.5B, training base")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "model-not-safetensors"),
        (b"GGUF" + bytes(40), "model-not-safetensors"),
        (struct.pack("<Q", 1000) + b"{}", "model-truncated"),
        (struct.pack("<Q", 2) + b"[]", "model-not-safetensors"),
        (struct.pack("<Q", 2) + b"{{", "model-not-safetensors"),
        (ggufs.safetensors({"a": {"dtype": "F32", "shape": [4]}}), "model-not-safetensors"),
        (ggufs.safetensors()[:-1], "model-truncated"),
    ],
)
def test_a_broken_safetensors_file_is_one_sentence(tmp_path: Path, data: bytes, code: str) -> None:
    path = ggufs.write(tmp_path / "broken.safetensors", data)
    with pytest.raises(ModelError) as caught:
        describe(path)
    assert caught.value.code == code
    assert str(path) in caught.value.message


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"name the \.gguf") as caught:
        describe(tmp_path)
    assert caught.value.code == "model-kind"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("junk") / "junk.safetensors"


@given(
    st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_any_json_as_a_header_is_read_or_refused(scratch: Path, header: object) -> None:
    data = ggufs.safetensors({"a": header, "b": {"dtype": header, "shape": header, "data_offsets": [0, header]}})
    scratch.write_bytes(data)
    with pytest.raises(ModelError):
        safetensors.read(scratch)


@given(st.binary(max_size=200))
def test_junk_is_refused(scratch: Path, junk: bytes) -> None:
    scratch.write_bytes(junk)
    with pytest.raises(ModelError):
        safetensors.read(scratch)
