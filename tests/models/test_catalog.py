"""The model catalogue that ships, and what a broken one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd.errors import CatalogueError
from cockpitd.models import catalog
from cockpitd.models.catalog import Model
from cockpitd.models.store import pullable

SHIPPED = catalog.load()


def test_the_defaults_are_one_model_of_each_role() -> None:
    assert {model.role: name for name, model in SHIPPED.items() if model.default} == {
        "llm": "cockpit-n",
        "stt": "whisper-base",
        "tts": "piper-joe",
    }


@pytest.mark.parametrize("model", [model for model in SHIPPED.values() if model.source == "pypi"], ids=lambda m: m.name)
def test_a_fetchable_model_is_pinned_to_the_last_byte(model: Model) -> None:
    modules = {package.name.replace("-", "_") for package in model.packages}
    for file in model.files:
        assert file.size is not None
        assert file.sha256 is not None
        assert {part.split("/")[0] for part in file.parts} <= modules
    assert {part.split("/")[0] for file in model.files for part in file.parts} == modules


@pytest.mark.parametrize("model", [model for model in SHIPPED.values() if model.source == "hub"], ids=lambda m: m.name)
def test_a_model_that_cannot_be_fetched_says_how_to_come_by_it(model: Model) -> None:
    assert model.hint
    known = bool(model.archive or (model.size and all(file.sha256 for file in model.files)))
    assert known != ("size and sha256 unknown" in model.hint)
    assert pullable(model) == known


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: {a: {title: A}}", "models.a.role"),
        ("models: [a]", "not a model catalogue"),
        ("models: {a: [", "not a model catalogue"),
        ("", "not a model catalogue"),
    ],
)
def test_a_broken_catalogue_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=told) as caught:
        catalog.load(path)
    assert caught.value.code == "models-catalog"
    assert str(path) in caught.value.message


def test_a_file_cannot_be_laid_outside_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    entry = (
        "{title: A, role: llm, tier: n, default: false, licence: x, memory_mib: 1, source: hub, entry: ., files: [%s]}"
    )
    for escape in ("../x", "/x", "a/../../x"):
        path.write_text(f"models: {{a: {entry % f'{{path: {escape}}}'}}}", encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"models\.a\.files\.0\.path"):
            catalog.load(path)


def test_every_tier_of_the_cars_has_a_language_model() -> None:
    assert {model.tier for model in SHIPPED.values() if model.role == "llm"} >= {"n", "s", "m", "l"}
