"""Memory: the rule of thumb, the figure from the file, and both against what the loaded default model really takes."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.actions import Catalogue
from cockpitd.models import gguf, memory
from cockpitd.models.inspect import shape_of
from cockpitd.models.memory import GB, MIB, Prediction
from cockpitd.nlu.decode import grammar
from cockpitd.nlu.prompt import PromptBook

TOLERANCE = 0.10
"""Of the resident memory of the engine's process after its first answer."""

ENGINE = """
import json, sys
from pathlib import Path
from cockpitd.adapters.llama_decode import LlamaEngine

settings, prompt = json.load(sys.stdin)
engine = LlamaEngine(settings)
engine.handle("propose", prompt, b"", lambda: False)
print(Path("/proc/self/status").read_text())
"""


@pytest.mark.parametrize(
    ("billions", "bits", "gigabytes"), [(1.5, 16, 3.0), (1.5, 8, 1.5), (1.5, 4, 0.75), (7, 16, 14), (7, 4, 3.5)]
)
def test_weights_by_the_rule_are_parameters_times_two_one_or_a_half(
    billions: float, bits: int, gigabytes: float
) -> None:
    assert memory.rule_weights(billions, bits) == round(gigabytes * GB)


@pytest.mark.parametrize(
    ("billions", "in_use"), [(1.5, (4, 2, 1)), (3, (8, 4, 2)), (7, (16, 8, 5)), (13, (32, 16, 10))]
)
def test_what_a_model_takes_in_practice_is_not_foretold_too_low(
    billions: float, in_use: tuple[float, float, float]
) -> None:
    for bits, gigabytes in zip((16, 8, 4), in_use, strict=True):
        total = memory.from_rule(billions, bits).total
        assert gigabytes * GB <= total <= gigabytes * GB * 1.4


def test_a_known_file_size_counts_more_than_the_rule() -> None:
    assert memory.from_rule(1.5, 4, 2 * GB).total > 2 * GB > memory.from_rule(1.5, 4).total


@pytest.mark.parametrize(
    ("billions", "tier"), [(0.27, "n"), (0.5, "n"), (1.5, "s"), (3, "m"), (4, "m"), (7, "l"), (8, "l"), (13, "x")]
)
def test_a_model_has_a_tier(billions: float, tier: str) -> None:
    assert memory.tier_of(billions) == tier


@pytest.mark.parametrize(("gigabytes", "tier"), [(4, "m"), (7.9, "m"), (8, "l"), (31, "l"), (32, "x"), (64, "x")])
def test_a_device_has_a_largest_tier(gigabytes: float, tier: str) -> None:
    assert memory.largest_tier(round(gigabytes * GB)) == tier


WHOLE = Prediction(weights=18 * 20 * MIB, cache=18 * 2 * MIB, overhead=100 * MIB, source="file")


@pytest.mark.parametrize(("free_mib", "layers"), [(0, 0), (100, 0), (100 + 22 * 5, 5), (100 + 22 * 18, 18), (9999, 18)])
def test_as_many_layers_go_to_the_gpu_as_fit_it(free_mib: int, layers: int) -> None:
    assert memory.gpu_layers(WHOLE, layers=17, gpu_free_bytes=free_mib * MIB) == layers


@given(
    st.integers(1, 1 << 40),
    st.integers(0, 1 << 36),
    st.integers(0, 1 << 32),
    st.integers(1, 200),
    st.integers(0, 1 << 40),
)
def test_what_goes_to_the_gpu_never_exceeds_it(weights: int, cache: int, overhead: int, layers: int, free: int) -> None:
    prediction = Prediction(weights, cache, overhead, "file")
    count = memory.gpu_layers(prediction, layers, free)
    assert 0 <= count <= layers + 1
    assert count == 0 or overhead + count * (weights + cache) / (layers + 1) <= free * (1 + 1e-9)


@pytest.mark.engine
@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere llama.cpp keeps repacked copies of more weights")
def test_the_default_model_takes_what_its_file_foretells(models: Path, catalogue: Catalogue) -> None:
    path, context = models / "gemma3-270m" / "gemma3-270m-Q4_K_M.gguf", 4096
    if not path.is_file():
        pytest.skip(f"{path} is not installed; run `cockpitd models fetch`")
    book = PromptBook(catalogue)
    settings = {"model": str(path), "context": context, "threads": 1, "gpu_layers": 0, "prefixes": [book.prefix("en")]}
    prompt = asdict(book.prompts("give me some fresh air", "en", "", 2)[0])
    given = json.dumps([{**settings, "grammar": grammar(catalogue)}, prompt])
    ran = subprocess.run([sys.executable, "-c", ENGINE], input=given, capture_output=True, text=True, check=True)
    resident = re.search(r"^VmRSS:\s+(\d+) kB", ran.stdout, re.MULTILINE)
    assert resident is not None
    header = gguf.read(path)
    foretold = memory.from_file(header, shape_of(path, header), context)
    assert foretold.total == pytest.approx(int(resident[1]) * 1024, rel=TOLERANCE)
    assert memory.rule_weights(0.27, 4) < foretold.weights  # its vocabulary is kept at 8 bits, which no rule knows
