"""Looking at installed models: missing, truncated, altered, whole, and hashed only once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cockpitd.errors import ModelError
from cockpitd.models import store
from cockpitd.models.catalog import Model
from cockpitd.models.progress import Silent
from tests.models.wheels import CARD, PIECES, tiny_model


class Counting(Silent):
    def __init__(self) -> None:
        self.steps: list[str] = []

    def begin(self, label: str, total: int) -> None:
        self.steps.append(f"{label} {total}")


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return tiny_model(tmp_path / "wheels")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The model laid into place by hand."""
    place = tmp_path / "tiny"
    (place / "doc").mkdir(parents=True)
    (place / "weights.bin").write_bytes(b"".join(PIECES))
    (place / "doc" / "CARD.md").write_bytes(CARD)
    return place


def fault_code(tmp_path: Path, model: Model, *, trust_stamp: bool = True) -> str:
    fault = store.verify(tmp_path, model, trust_stamp=trust_stamp)
    return "" if fault is None else fault.code


def test_a_whole_model_is_found(tmp_path: Path, home: Path, model: Model) -> None:
    assert store.look(tmp_path, model) is None
    assert store.locate(tmp_path, "tiny", {"tiny": model}) == home / "weights.bin"


def test_a_model_laid_there_by_hand_is_hashed_once(tmp_path: Path, home: Path, model: Model) -> None:
    first, second, third = Counting(), Counting(), Counting()
    assert store.verify(tmp_path, model, trust_stamp=True, progress=first) is None
    assert store.verify(tmp_path, model, trust_stamp=True, progress=second) is None
    assert store.verify(tmp_path, model, trust_stamp=False, progress=third) is None
    assert [len(each.steps) for each in (first, second, third)] == [1, 0, 1]


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path, home: Path, model: Model) -> None:
    (home / "doc" / "CARD.md").unlink()
    with pytest.raises(ModelError, match="run `cockpitd models fetch tiny`") as caught:
        store.locate(tmp_path, "tiny", {"tiny": model})
    assert caught.value.code == "model-missing"


def test_a_truncated_file_is_seen_at_every_start(tmp_path: Path, home: Path, model: Model) -> None:
    assert fault_code(tmp_path, model) == ""
    os.truncate(home / "weights.bin", 10)
    with pytest.raises(ModelError, match="10 bytes instead of") as caught:
        store.locate(tmp_path, "tiny", {"tiny": model})
    assert caught.value.code == "model-truncated"


def test_one_altered_byte_is_found_although_it_was_verified_before(tmp_path: Path, home: Path, model: Model) -> None:
    assert fault_code(tmp_path, model) == ""
    weights = home / "weights.bin"
    data = bytearray(weights.read_bytes())
    data[100] ^= 1
    weights.write_bytes(data)
    assert fault_code(tmp_path, model) == "model-checksum"


def test_a_damaged_stamp_only_costs_another_hash(tmp_path: Path, home: Path, model: Model) -> None:
    (home / store.STAMP).write_text("{", encoding="utf-8")
    assert fault_code(tmp_path, model) == ""


def test_a_path_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "mine.gguf"
    own.touch()
    assert store.locate(tmp_path, str(own), {}) == own
    assert store.locate(tmp_path, "mine.gguf", {}) == own
    with pytest.raises(ModelError, match="cockpitd models list") as caught:
        store.locate(tmp_path, "no-such-model", {})
    assert caught.value.code == "model-missing"


def test_a_model_no_index_has_is_told_with_where_to_lay_it(tmp_path: Path, model: Model) -> None:
    hub = model.model_copy(update={"source": "hub", "hint": "download it elsewhere"})
    with pytest.raises(ModelError, match="download it elsewhere and lay it in"):
        store.locate(tmp_path, "tiny", {"tiny": hub})
