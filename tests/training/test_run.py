"""What a run refuses before it takes hours: no data, or an adapter of another shape to go on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

WHY = "needs the extra `train` (torch, transformers, peft), which the default test environment leaves out for its size"
torch = pytest.importorskip("torch", reason=WHY)
pytest.importorskip("transformers", reason=WHY)
pytest.importorskip("peft", reason=WHY)

from cockpitd.domain.actions import Catalogue  # noqa: E402 (after the skip)
from cockpitd.errors import ConfigError  # noqa: E402
from cockpitd.training.adapter import Origin, save  # noqa: E402
from cockpitd.training.run import Files, factors, train  # noqa: E402
from cockpitd.training.tune import Recipe  # noqa: E402

NAME = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight"
ORIGIN = Origin(taught=("CLIMATE_ON",), data="ab" * 32, recipe="{}", alpha=8.0)


def test_no_rows_no_run(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError, match=r"train\.jsonl: not there; `cockpitd train data"):
        train(Files(tmp_path / "data", tmp_path / "base.gguf", tmp_path / "out"), Recipe(), catalogue, print)


def test_it_goes_on_from_an_adapter_of_its_shape_only(tmp_path: Path) -> None:
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    save({NAME: values}, ORIGIN, tmp_path / "a.gguf")
    assert factors(tmp_path / "a.gguf", {NAME: torch.zeros(2, 4)})[NAME].tolist() == values.tolist()
    with pytest.raises(ConfigError, match="rank") as caught:
        factors(tmp_path / "a.gguf", {NAME: torch.zeros(4, 4)})
    assert caught.value.code == "train-other-adapter"
