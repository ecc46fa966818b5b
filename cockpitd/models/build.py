"""Building a derived model of the catalogue: base fetched, parts checked, made aside, one rename; no weight is read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpitd import paths
from cockpitd.errors import ModelError
from cockpitd.models import derive, requantize, vocabulary
from cockpitd.models.catalog import Catalog, Model, Recipe
from cockpitd.models.derive import Parts
from cockpitd.models.fetch import fetch
from cockpitd.models.install import alone, aside, need_space, swap_in, told_by_name
from cockpitd.models.progress import Progress, Silent
from cockpitd.models.store import directory, sha256, verify, write_stamp

TYPES = (*derive.TYPES, *requantize.TYPES)
_F16_TIMES = 4
"""The half-precision file that llama.cpp quantizes from, at most so many times the derived one."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What is built instead of the model as the catalogue has it."""

    type: str = ""
    adapter: Path | None = None
    prune: bool = True


@dataclass(frozen=True, slots=True)
class Maker:
    """Where everything lies that a build needs."""

    known: Catalog
    model_dir: Path
    progress: Progress
    pip_options: Sequence[str] = ()
    share: Path | None = None
    """Directory of the adapters and lists of tokens; None for those that ship with cockpitd."""

    def install(self, model: Model) -> bool:
        """Build a model into its place unless it is there and whole; False when nothing had to be done."""
        recipe = _recipe(model)
        with told_by_name(model.name, self.model_dir), alone(model.name, self.model_dir, self.progress):
            if _sha256(model) and verify(self.model_dir, model, trust_stamp=True, progress=self.progress) is None:
                return False
            parts = self._parts(model, recipe, Variant())
            self._check(parts.adapter, recipe)
            with aside(model.name, self.model_dir) as place:
                need_space(model.name, self.model_dir, model.size)
                fresh = place / "files"
                fresh.mkdir()
                derive.derive(parts, fresh / model.entry, self.progress)
                self._lay_beside(model, recipe, fresh)
                _compare(model, fresh)
                write_stamp(fresh, model)
                swap_in(fresh, directory(self.model_dir, model), place / "old")
        return True

    def write(self, model: Model, variant: Variant, out: Path) -> str:
        """Write a variant of a model to a file anywhere and return its sha256; nothing is pinned."""
        parts = self._parts(model, _recipe(model), variant)
        with told_by_name(out.name, out.parent):
            out.parent.mkdir(parents=True, exist_ok=True)
            need_space(model.name, out.parent, _F16_TIMES * (model.size or 0))
            with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
                fresh = Path(place) / out.name
                if parts.type in requantize.TYPES:
                    whole = Path(place) / "whole.gguf"
                    derive.derive(_as(parts, "F16"), whole, self.progress)
                    self.progress.note(f"quantizing to {parts.type} with llama.cpp")
                    requantize.requantize(whole, fresh, parts.type)
                else:
                    derive.derive(parts, fresh, self.progress)
                fresh.replace(out)
        return sha256(out, Silent())

    def adapter(self, model: Model) -> Path:
        """Tell where the adapter of a model lies."""
        return self._share / _recipe(model).adapter

    @property
    def _share(self) -> Path:
        return self.share or paths.models_dir()

    def _parts(self, model: Model, recipe: Recipe, variant: Variant) -> Parts:
        """Collect what the model is made of; the base is fetched when it is not here."""
        adapter = variant.adapter or self.adapter(model)
        if not adapter.is_file():
            raise ModelError(
                "model-missing",
                f"{adapter} is not there, so {model.name} cannot be built; it comes with a release of cockpitd, "
                "or is made with `cockpitd train`",
            )
        base = self.known[recipe.base]
        fetch(base, self.model_dir, self.progress, self.pip_options)
        listed = vocabulary.read_list(self._share / recipe.vocabulary) if variant.prune else None
        return Parts(
            base=directory(self.model_dir, base) / base.entry,
            base_sha256=_sha256(base),
            adapter=adapter,
            tokens=listed,
            name=model.name,
            type=variant.type or recipe.type,
        )

    def _check(self, adapter: Path, recipe: Recipe) -> None:
        found = sha256(adapter, Silent())
        if recipe.adapter_sha256 is not None and found != recipe.adapter_sha256:
            raise ModelError(
                "model-checksum",
                f"{adapter} has sha256 {found[:12]}… instead of {recipe.adapter_sha256[:12]}…; "
                "give --out FILE to build with it all the same",
            )

    def _lay_beside(self, model: Model, recipe: Recipe, into: Path) -> None:
        """Copy what goes with the weights: our own notice, and the base's licence."""
        homes = ((self._share / recipe.adapter).parent, directory(self.model_dir, self.known[recipe.base]))
        for file in model.files:
            if file.path == model.entry:
                continue
            found = next((home / file.path for home in homes if (home / file.path).is_file()), None)
            if found is None:
                raise ModelError("model-missing", f"{model.name}: neither {homes[0]} nor {homes[1]} has {file.path}")
            shutil.copyfile(found, into / file.path)


def _recipe(model: Model) -> Recipe:
    if model.recipe is None:
        raise ModelError("model-kind", f"{model.name} is not built from another model; see `cockpitd models list`")
    return model.recipe


def _sha256(model: Model) -> str:
    """Tell what a model's weights must be; empty when the catalogue does not say."""
    return (model.weights.sha256 or "") if model.weights else ""


def _as(parts: Parts, kind: str) -> Parts:
    return Parts(parts.base, parts.base_sha256, parts.adapter, parts.tokens, parts.name, kind)


def _compare(model: Model, place: Path) -> None:
    """Refuse what is not the file that the catalogue names."""
    for file in model.files:
        found = sha256(place / file.path, Silent())
        if file.sha256 is not None and found != file.sha256:
            raise ModelError(
                "model-checksum",
                f"{model.name}: {file.path} as built has sha256 {found[:12]}… instead of {file.sha256[:12]}…; "
                "this cockpitd, its adapter and its catalogue do not belong together",
            )
