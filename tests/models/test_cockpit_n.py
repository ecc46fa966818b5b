"""Our own model's tokenizer and weights against those of the stock base they are made from; the adapter is a test's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS
from cockpitd.models import vocabulary
from cockpitd.models.derive import Parts, derive
from cockpitd.models.gguf_body import Body
from cockpitd.models.progress import Silent
from cockpitd.paths import models_dir
from tests.models import tiny_gemma
from tests.models.llama_raw import Llama, divergence

pytestmark = [pytest.mark.engine, pytest.mark.slow]

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
SENTENCES = ("turn on the reading light\n", "打开天窗和座椅通风\n", "navigate to the nearest petrol station\n")


@pytest.fixture(scope="module")
def base(models: Path) -> Path:
    found = models / "gemma3-270m" / "gemma3-270m-Q4_K_M.gguf"
    if not found.is_file():
        pytest.skip(f"{found} is not there; run `cockpitd models fetch`")
    return found


@pytest.fixture(scope="module")
def parts(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """A LoRA of rank 4 for all matrices, too weak to make nonsense and strong enough to be seen."""
    body = Body(base)
    made = {}
    for seed, tensor in enumerate(body.header.tensors):
        if tensor.name.startswith("blk.") and len(tensor.shape) == 2:
            inner, outer = tensor.shape
            made[f"{tensor.name}.lora_a"] = ("F16", tiny_gemma.numbers_like((inner, 4), seed) / np.float32(16))
            made[f"{tensor.name}.lora_b"] = ("F16", tiny_gemma.numbers_like((4, outer), 1000 + seed) / np.float32(8))
    adapter = tiny_gemma.write(tmp_path_factory.mktemp("lora") / "lora.gguf", tiny_gemma.ADAPTER, made)
    listed = vocabulary.read_list(models_dir() / "cockpit-n" / "vocabulary.txt")
    return Parts(base, "b" * 64, adapter, listed, "cockpit-n", "F16")


@pytest.fixture(scope="module")
def merged(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    out = tmp_path_factory.mktemp("merged") / "merged.gguf"
    derive(parts, out, Silent())
    llama = Llama(out)
    yield llama
    llama.close()
    out.unlink()


@pytest.fixture(scope="module")
def stock(parts: Parts, base: Path) -> Iterator[Llama]:
    llama = Llama(base, parts.adapter)
    yield llama
    llama.close()


def test_it_expects_what_the_stock_file_with_the_adapter_expects(parts: Parts, merged: Llama, stock: Llama) -> None:
    known = vocabulary.Vocabulary.of(Body(parts.base).values)
    kept = known.kept(parts.tokens or ())
    assert len(kept) == merged.tokens < 55_000
    for text in SENTENCES:
        expected = stock.logits(stock.encode(text, first=True))[kept]
        found = merged.logits(merged.encode(text, first=True))
        assert expected.argmax() == found.argmax()
        # llama.cpp rounds what goes into a matrix of Q5_0 to eight bits and not what goes into one of half precision.
        assert divergence(expected, found) < 0.05


def test_it_writes_the_same(merged: Llama, stock: Llama) -> None:
    assert merged.greedy(SENTENCES[0], 8) == stock.greedy(SENTENCES[0], 8)


def test_what_the_cockpit_says_is_cut_as_the_stock_file_cuts_it(
    merged: Llama, stock: Llama, catalogue: Catalogue
) -> None:
    spoken = [shot.say for spec in catalogue.actions.values() for lang in LANGS for shot in spec.examples[lang]]
    answers = [json.dumps([{"action": name, "parameters": {}}]) for name in catalogue.actions]
    assert len(spoken) > 500
    for text in (*spoken, *answers, *SENTENCES):
        assert merged.pieces(merged.encode(text)) == stock.pieces(stock.encode(text)), text


def test_what_is_taught_is_cut_as_the_stock_file_cuts_it(merged: Llama, stock: Llama, catalogue: Catalogue) -> None:
    patterns = models_dir() / "cockpit-n" / "data" / "patterns"
    if not patterns.is_dir():
        pytest.skip("the patterns come with a checkout only")
    from cockpitd.training import data

    made = data.generate(catalogue, data.Recipe(seed=2, count=1_000), ())  # other rows than the list was made from
    assert len(made.rows) > 700
    texts = [f"{row.text}\n{row.answer}\n" for row in made.rows]
    finer = [text for text in texts if merged.pieces(merged.encode(text)) != stock.pieces(stock.encode(text))]
    assert len(finer) <= len(texts) * 0.01, finer


def test_real_sentences_are_hardly_ever_cut_finer(merged: Llama, stock: Llama) -> None:
    lines = [line for path in sorted(RECORDINGS.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    spoken = sorted({text for line in lines if (text := json.loads(line).get("text"))})
    finer = [text for text in spoken if merged.pieces(merged.encode(text)) != stock.pieces(stock.encode(text))]
    assert len(spoken) > 100
    assert len(finer) <= len(spoken) * 0.03, finer
    assert all(merged.decode(merged.encode(text)) == text for text in spoken)


@pytest.mark.parametrize(
    "text", ["Привет, как дела?", "سلام", "打开🚗的大灯🔦", "na\u0303o", "한국어", "  a\t\tb\n\n\nc  ", "𠮷野家"]
)
def test_the_rest_of_the_world_is_written_in_bytes(merged: Llama, text: str) -> None:
    assert merged.decode(merged.encode(text)) == text


def test_nothing_is_ever_lost(merged: Llama) -> None:
    mixed = st.sampled_from(
        [*"打开天窗把空调调到二十度", "🚗", "😀", "é", "я", "ع", " ", "  ", "\n", *"turn it on, 22°C"]
    )
    anything = st.characters(codec="utf-8", exclude_characters="▁\0")

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.one_of(mixed, anything), max_size=60).map("".join))
    def check(text: str) -> None:
        assert merged.decode(merged.encode(text)) == text

    check()


def test_another_type_is_near_it(parts: Parts, merged: Llama, tmp_path: Path) -> None:
    derive(replace(parts, type="Q8_0"), tmp_path / "q8.gguf", Silent())
    other = Llama(tmp_path / "q8.gguf")
    try:
        tokens = merged.encode(SENTENCES[0], first=True)
        expected, found = merged.logits(tokens), other.logits(tokens)
        assert np.abs(expected - found).mean() < 0.5
        assert divergence(expected, found) < 0.05
    finally:
        other.close()
