"""How fast a model will be: what it reads a token, the deadline, and the default model held against its prediction."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cockpitd.cli.main import main
from cockpitd.models import fit, gguf, speed
from cockpitd.models.catalog import load
from cockpitd.models.device import Device
from cockpitd.models.inspect import shape_of
from cockpitd.models.memory import GB
from cockpitd.models.speed import Work, from_header
from tests.models import ggufs

OUTPUT = ("output.weight", (256, 4), ggufs.Q4_K, 4 * 144)
LAYER = ("blk.0.ffn_up.weight", (256, 8), ggufs.Q4_K, 8 * 144)
EXPERTS = ("blk.0.ffn_up_exps.weight", (256, 8, 4), ggufs.Q4_K, 32 * 144)
NORM = 256

THREE_TIMES = 3.0
"""The memory is shared with whatever else runs; on an idle machine the two are closer."""

DECODING = """
import json, sys, time
from cockpitd.adapters.llama_decode import LlamaEngine

engine, tokens, took = LlamaEngine(json.load(sys.stdin)), 12, []
for _ in range(3):
    began = time.process_time()  # of one thread that never waits: what others take of the processor does not count
    engine.handle("speed", {"text": "Go", "tokens": tokens}, b"", lambda: False)
    took.append((time.process_time() - began) / tokens)
print(min(took))
"""


def work(path: Path, *tensors: tuple[str, tuple[int, ...], int, int], **values: tuple[str, object]) -> Work:
    told = {**ggufs.LLAMA, **{f"llama.{key}": value for key, value in values.items()}}
    ggufs.write(path, ggufs.gguf(told, (*ggufs.TENSORS, *tensors)))
    header = gguf.read(path)
    return from_header(header, shape_of(path, header))


def test_the_table_is_read_only_where_it_is_the_output_too(tmp_path: Path) -> None:
    tied = work(tmp_path / "tied.gguf", LAYER)
    assert (tied.layers, tied.output) == (8 * 144 + NORM, 4 * 144)
    untied = work(tmp_path / "untied.gguf", LAYER, OUTPUT)
    assert (untied.layers, untied.output) == (tied.layers, 4 * 144)
    assert tied.cache == 2 * 2 * 32 * 2 * speed.USUAL_CONTEXT
    assert tied.token == tied.layers + tied.output + tied.cache


def test_experts_that_are_not_asked_are_not_read(tmp_path: Path) -> None:
    some = work(tmp_path / "e.gguf", EXPERTS, expert_count=("u32", 4), expert_used_count=("u32", 1))
    assert some.layers == 8 * 144 + NORM


def test_an_answer_is_tokens_written_and_tokens_read() -> None:
    assert speed.tokens_per_s(Work(60, 30, 10), 1_000) == 10
    assert speed.answer_ms(Work(60, 30, 10), 1_000) == pytest.approx(1000 * (20 * 100 + 40 * 0.2 * 60) / 1_000)


def test_the_probe_finds_a_plausible_memory() -> None:
    began = time.perf_counter()
    assert GB / 10 < speed.probe(2) < 2_000 * GB
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("gigabytes_per_s", "chosen"),
    [
        (0, "qwen2.5-7b-instruct"),
        (2, None),
        (20, "gemma3-270m"),
        (45, "qwen2.5-1.5b-instruct"),
        (300, "qwen2.5-7b-instruct"),
    ],
)
def test_the_largest_model_that_answers_in_time_is_chosen(
    tmp_path: Path, gigabytes_per_s: float, chosen: str | None
) -> None:
    known = load()
    names = "gemma3-270m", "qwen2.5-1.5b-instruct", "qwen2.5-3b-instruct", "qwen2.5-7b-instruct"
    base = known["gemma3-270m"].model_copy(update={"default": True})
    found = [fit.examine(name, {**known, "gemma3-270m": base}, tmp_path, 4096) for name in names]
    here = Device(24 * GB, bytes_per_s=gigabytes_per_s * GB)
    best = fit.choose(found, here)
    assert (best.label if best else None) == chosen
    late = fit.fastest(found, here)
    assert late is not None
    assert late.label == "gemma3-270m"


def test_what_lies_on_a_gpu_is_not_judged_by_this_memory(tmp_path: Path) -> None:
    path = ggufs.write(tmp_path / "mine.gguf", ggufs.gguf())
    found = fit.examine(str(path), load(), tmp_path, 4096)
    slow = Device(8 * GB, gpu_free_bytes=GB, bytes_per_s=1_000)
    assert not fit.in_time(found, slow)
    assert fit.in_time(found, Device(8 * GB, gpu_free_bytes=GB, can_offload=True, bytes_per_s=1_000))


def test_the_command_says_who_is_too_slow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["models", "--model-dir", str(tmp_path), "fit", "--memory", "16"]
    big, small = "Qwen2.5-7B-Instruct-AWQ", "Tiny-1-100M-Instruct-AWQ"
    assert main([*options, "--bandwidth", "20", big, small]) == 0
    out = capsys.readouterr().out
    assert "too slow: an answer would take about 12.2 s" in out
    assert "fits, about 0.17 s an answer" in out
    assert f"Best here: llm: {{model: {small}, gpu_layers: 0}}" in out
    assert main([*options, "--bandwidth", "20", big]) == 0
    assert f"None of them answers in time here; the fastest is {big}, with about 12.2 s" in capsys.readouterr().out


@pytest.mark.engine
def test_the_default_model_writes_about_as_fast_as_its_memory_foretells(models: Path) -> None:
    path = models / "gemma3-270m" / "gemma3-270m-Q4_K_M.gguf"
    if not path.is_file():
        pytest.skip(f"{path} is not installed; run `cockpitd models fetch`")
    header = gguf.read(path)
    foretold = speed.tokens_per_s(from_header(header, shape_of(path, header)), speed.probe(1) * speed.SHARE)
    settings = {
        "model": str(path),
        "context": 512,
        "threads": 1,
        "gpu_layers": 0,
        "prefixes": [],
        "grammar": 'start: "x"',
    }
    ran = subprocess.run(
        [sys.executable, "-c", DECODING], input=json.dumps(settings), capture_output=True, text=True, check=True,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
    )  # fmt: skip
    assert 1 / THREE_TIMES < foretold * float(ran.stdout) < THREE_TIMES
