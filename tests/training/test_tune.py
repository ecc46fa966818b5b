"""The training loop on a Gemma of a few thousand weights: it learns, it goes on where it was cut, it stops early."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

WHY = "needs the extra `train` (torch, transformers, peft), which the default test environment leaves out for its size"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)
pytest.importorskip("peft", reason=WHY)

from cockpitd.training.tune import CHECKPOINT, METRICS, Example, Recipe, Trainer  # noqa: E402 (after the skip)

pytestmark = pytest.mark.filterwarnings("ignore")
RECIPE = Recipe(rank=4, alpha=8.0, epochs=4.0, batch=4, learning_rate=2e-2, look_every=6, average=2, replay=8)
LESSONS = [Example((2, word, 50, 61, 60), 3) for word in range(3, 27)]
"""A random base cannot be bent far: whatever the word, the answer is the same."""


def base() -> Any:
    config = transformers.Gemma3TextConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, sliding_window=32,
    )  # fmt: skip
    torch.manual_seed(7)
    return transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16, attn_implementation="eager")


def run(where: Path, recipe: Recipe = RECIPE) -> dict[str, Any]:
    where.mkdir(exist_ok=True)
    return Trainer(base(), recipe, where, lambda _: None).train(LESSONS, LESSONS[:8])


def looks(where: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (where / METRICS).read_text(encoding="utf-8").splitlines()]


def test_it_learns_what_it_is_shown(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, epochs=20.0))
    seen = looks(tmp_path)
    assert seen[-1]["validation_loss"] < seen[0]["validation_loss"]
    assert seen[-1]["validation_exact"] == 1.0


def test_a_run_that_was_cut_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    cut = tmp_path / "cut"
    cut.mkdir()

    class CutError(Exception):
        pass

    def stop_at_the_second_look(line: str) -> None:
        if line.startswith("step    12"):
            raise CutError

    with pytest.raises(CutError):
        Trainer(base(), RECIPE, cut, stop_at_the_second_look).train(LESSONS, LESSONS[:8])
    assert (cut / CHECKPOINT).is_file()
    resumed = run(cut)
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_mistakes_are_learnt_again(tmp_path: Path) -> None:
    trainer = Trainer(base(), RECIPE, tmp_path, lambda _: None)
    trainer.train(LESSONS, LESSONS[:8])
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)["run"]
    assert 0 < state["given"] < state["step"]


def test_it_stops_when_validation_gets_no_better(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, epochs=50.0, patience=1, learning_rate=0.5))
    assert looks(tmp_path)[-1]["step"] < looks(tmp_path)[-1]["of"]
