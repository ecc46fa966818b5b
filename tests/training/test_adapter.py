"""The adapter file: what llama.cpp looks for, what the daemon reads from it, the same bytes each time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cockpitd.cli.main import main
from cockpitd.errors import ConfigError
from cockpitd.models import gguf
from cockpitd.models.gguf_body import Body
from cockpitd.nlu.book import taught
from cockpitd.training.adapter import Origin, load, mix, save, tensor_name

ORIGIN = Origin(taught=("WINDOW_OPEN", "CLIMATE_ON"), data="ab" * 32, recipe='{"seed": 1}', alpha=8.0)
WEIGHTS = {
    "base_model.model.model.layers.3.self_attn.q_proj.lora_A.default.weight": np.arange(8, dtype=np.float32).reshape(
        2, 4
    ),
    "base_model.model.model.layers.3.self_attn.q_proj.lora_B.default.weight": np.ones((6, 2), dtype=np.float32),
}


def test_the_file_tells_where_it_came_from(tmp_path: Path) -> None:
    save(WEIGHTS, ORIGIN, tmp_path / "a.gguf")
    header = gguf.read(tmp_path / "a.gguf")
    assert taught(header.values) == frozenset({"CLIMATE_ON", "WINDOW_OPEN"})
    assert (header.values["adapter.type"], header.values["adapter.lora.alpha"]) == ("lora", 8.0)
    assert header.values["cockpitd.data"] == "ab" * 32


def test_the_factors_have_llama_cpps_names_shapes_and_values(tmp_path: Path) -> None:
    save(WEIGHTS, ORIGIN, tmp_path / "a.gguf")
    tensors = {tensor.name: (tensor.shape, tensor.type) for tensor in gguf.read(tmp_path / "a.gguf").tensors}
    assert tensors == {"blk.3.attn_q.weight.lora_a": ((4, 2), "F16"), "blk.3.attn_q.weight.lora_b": ((2, 6), "F16")}
    rows = Body(tmp_path / "a.gguf").rows("blk.3.attn_q.weight.lora_a")
    assert rows.view(np.float16).ravel().tolist() == list(range(8))


def test_a_run_can_go_on_from_the_file(tmp_path: Path) -> None:
    save(WEIGHTS, ORIGIN, tmp_path / "a.gguf")
    read = load(tmp_path / "a.gguf")
    assert read.keys() == {tensor_name(name) for name in WEIGHTS}
    assert all(np.array_equal(read[tensor_name(name)], value) for name, value in WEIGHTS.items())


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    hashes = {save(WEIGHTS, ORIGIN, tmp_path / name) for name in ("a.gguf", "b.gguf")}
    assert len(hashes) == 1


def test_a_factor_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="no factor"):
        tensor_name("base_model.model.model.layers.3.norm.lora_A.default.weight")


def test_adapters_are_averaged_by_their_shares(tmp_path: Path) -> None:
    doubled = {name: 2 * value for name, value in WEIGHTS.items()}
    save(WEIGHTS, ORIGIN, tmp_path / "a.gguf")
    save(doubled, replace(ORIGIN, data="cd" * 32), tmp_path / "b.gguf")
    mix({tmp_path / "a.gguf": 1.0, tmp_path / "b.gguf": 3.0}, tmp_path / "out.gguf")
    read = load(tmp_path / "out.gguf")
    assert all(np.array_equal(read[tensor_name(name)], 1.75 * value) for name, value in WEIGHTS.items())
    header = gguf.read(tmp_path / "out.gguf").values
    assert taught(header) == frozenset({"CLIMATE_ON", "WINDOW_OPEN"})
    assert header["cockpitd.data"] == "cd" * 32
    assert sorted(json.loads(str(header["cockpitd.recipe"]))["mixed"].values()) == [1.0, 3.0]


def test_adapters_of_another_shape_are_not_averaged(tmp_path: Path) -> None:
    save(WEIGHTS, ORIGIN, tmp_path / "a.gguf")
    save({name: value[:1] for name, value in WEIGHTS.items()}, ORIGIN, tmp_path / "b.gguf")
    with pytest.raises(ConfigError, match="layers or rank"):
        mix({tmp_path / "a.gguf": 1.0, tmp_path / "b.gguf": 0.5}, tmp_path / "out.gguf")


def test_the_command_wants_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(WEIGHTS, ORIGIN, tmp_path / "a.gguf")
    out = str(tmp_path / "out.gguf")
    assert main(["train", "mix", f"{tmp_path}/a.gguf=1", "--out", out]) == 0
    assert load(tmp_path / "out.gguf").keys() == load(tmp_path / "a.gguf").keys()
    with pytest.raises(SystemExit):
        main(["train", "mix", f"{tmp_path}/a.gguf", "--out", out])
    assert "FILE=SHARE" in capsys.readouterr().err
    assert main(["train", "mix", f"{tmp_path}/b.gguf=1", "--out", out]) != 0
    assert "b.gguf: no such file" in capsys.readouterr().err
