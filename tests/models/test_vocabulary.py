"""Which tokens a derived model keeps, and what becomes of the tokenizer's tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cockpitd.errors import ModelError
from cockpitd.models import gguf_write, vocabulary
from cockpitd.models.gguf_body import Body
from cockpitd.models.vocabulary import BYTE, NORMAL, Vocabulary
from cockpitd.paths import models_dir
from cockpitd.training.merges import Merger
from tests.models import tiny_gemma


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Body:
    return Body(tiny_gemma.model(tmp_path_factory.mktemp("gemma") / "tiny.gguf"))


@pytest.mark.parametrize(
    "token", ["<bos>", "<end_of_turn>", "<0xD0>", "\n\n", "  ", "▁the", "hello", "打开", "光", "é"]
)
def test_the_rule_keeps(tiny: Body, token: str) -> None:
    known = Vocabulary.of(tiny.values)
    assert known.tokens.index(token) in known.by_rule()


@pytest.mark.parametrize(
    "token", ["<unused0>", "<mask>", "[multimodal]", "<table>", "на", "н", "▁при", "ب", "🚗", "中а"]
)
def test_the_rule_drops(tiny: Body, token: str) -> None:
    known = Vocabulary.of(tiny.values)
    assert known.tokens.index(token) not in known.by_rule()


def test_rare_words_are_dropped() -> None:
    count = vocabulary.COMMON_WORDS
    known = Vocabulary((*(f"w{'a' * (place % 9)}" for place in range(count)), "rare", "x1"), (NORMAL,) * (count + 2))
    kept = known.by_rule()
    assert count - 1 in kept
    assert count not in kept
    assert Vocabulary(("x1",), (NORMAL,)).by_rule() == {0}  # a mark or a mixture, when it is among the very commonest


def test_the_list_adds_to_the_rule_and_the_order_stays(tiny: Body) -> None:
    known = Vocabulary.of(tiny.values)
    kept = known.kept(["на", "naï"])
    names = [known.tokens[place] for place in kept]
    assert {"на", "naï"} <= set(names)
    assert "при" not in names
    assert (np.diff(kept) > 0).all()


def test_a_list_for_another_base_is_refused(tiny: Body) -> None:
    with pytest.raises(ModelError, match="names 'zebra', which the base has not"):
        Vocabulary.of(tiny.values).kept(["zebra"])


def test_all_tables_are_cut_alike_and_the_special_numbers_follow(tiny: Body) -> None:
    kept = Vocabulary.of(tiny.values).kept([])
    cut = vocabulary.pruned(tiny.values, kept)
    tokens = [token.decode() for token in cut["tokenizer.ggml.tokens"].texts()]
    kinds, scores = cut["tokenizer.ggml.token_type"].numbers(), cut["tokenizer.ggml.scores"].numbers()
    assert len(tokens) == len(kinds) == len(scores) == len(kept)
    assert tokens.count("<0xD0>") == 1
    assert sum(kinds == BYTE) == 256
    assert scores[tokens.index("hello")] == tiny.values["tokenizer.ggml.scores"].numbers()[kept[tokens.index("hello")]]
    end = int.from_bytes(cut["tokenizer.ggml.eos_token_id"].data, "little")
    assert tokens[end] == "<end_of_turn>"
    assert cut["tokenizer.ggml.add_space_prefix"] == tiny.values["tokenizer.ggml.add_space_prefix"]


def test_a_special_token_that_is_not_kept_is_an_error(tmp_path: Path) -> None:
    odd = Body(tiny_gemma.model(tmp_path / "odd.gguf", changes={"tokenizer.ggml.mask_token_id": gguf_write.number(4)}))
    with pytest.raises(ModelError, match=r"mask_token_id names token 4, which is not kept"):
        vocabulary.pruned(odd.values, Vocabulary.of(odd.values).kept([]))


def test_another_sort_of_tokenizer_is_refused(tmp_path: Path) -> None:
    odd = Body(tiny_gemma.model(tmp_path / "odd.gguf", changes={"tokenizer.ggml.model": gguf_write.text("gpt2")}))
    with pytest.raises(ModelError, match="can be pruned"):
        Vocabulary.of(odd.values)


def test_the_list_that_ships_is_sound() -> None:
    listed = vocabulary.read_list(models_dir() / "cockpit-n" / "vocabulary.txt")
    assert 1_000 < len(listed) == len(set(listed)) < 20_000
    assert all(listed)


def test_a_list_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"\xff\xfe\n")
    with pytest.raises(ModelError, match="cannot be read"):
        vocabulary.read_list(tmp_path / "list")
    with pytest.raises(ModelError, match="cannot be read"):
        vocabulary.read_list(tmp_path / "none")


def test_what_is_needed_and_not_kept_by_the_rule_is_listed_with_the_commonest_first(tiny: Body) -> None:
    known = Vocabulary.of(tiny.values)
    merger = Merger.of(known)
    passed = {token for word in merger.words("hello naïnaï при\nв") for token in merger.passed(word)}
    assert vocabulary.beyond_rule(known, passed) == ("пр", "при", "▁при", "naï", *"рпив")


def test_merging_passes_through_every_stage() -> None:
    merger = Merger({token: place for place, token in enumerate(["ab", "abc", "cd", "a", "b", "c", "d"])})
    assert merger.cut("abcd") == ["abc", "d"]
    assert {merger.ranks[piece] for piece in ("ab", "abc")} <= merger.passed("abcd")
    assert merger.cut("xab") == ["x", "ab"]
    assert list(merger.words("a b\n\nc  d")) == ["a", "▁b", "c", "d"]
