"""What every way of installing a model shares: one at a time, room on the disk, files aside, one rename at the end."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cockpitd.errors import ModelError
from cockpitd.models.progress import MIB, Progress

SPARE_BYTES = 64 * MIB
"""Left free on the disk besides what the model needs."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk, the user's quota of it, or the process's limit is used up."""


@contextmanager
def alone(name: str, model_dir: Path, progress: Progress) -> Iterator[None]:
    """Hold the model's lock: a second process waits here and then finds the work done."""
    model_dir.mkdir(parents=True, exist_ok=True)
    with (model_dir / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.note(f"another process is installing {name}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def told_by_name(name: str, model_dir: Path) -> Iterator[None]:
    """Turn what the file system refuses into one clear sentence."""
    try:
        yield
    except OSError as exc:
        if exc.errno in FULL:
            raise ModelError("model-no-space", f"{model_dir}: the disk filled up while installing {name}") from exc
        raise ModelError(
            "model-download", f"{exc.filename or model_dir}: {exc.strerror}; {name} not installed"
        ) from exc


@contextmanager
def aside(name: str, model_dir: Path) -> Iterator[Path]:
    """Give a fresh directory beside the model's place; it goes away afterwards, with whatever is left in it."""
    place = model_dir / f".{name}.partial"
    shutil.rmtree(place, ignore_errors=True)  # what a killed process left
    try:
        place.mkdir()
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def need_space(name: str, model_dir: Path, size: int) -> None:
    """Refuse before anything is written when so many bytes do not fit."""
    needed = size + SPARE_BYTES
    free = shutil.disk_usage(model_dir).free
    if free < needed:
        raise ModelError(
            "model-no-space",
            f"{model_dir}: {name} needs {needed // MIB} MiB to install and {free // MIB} MiB are free; "
            "free some, or set model_dir or COCKPITD_MODELS to another disk",
        )


def swap_in(fresh: Path, place: Path, old: Path) -> None:
    """Move the finished directory into its place; one that stood there goes aside, to be cleared afterwards."""
    _open_to_all(fresh)
    sync(fresh)
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    sync(place.parent)


def _open_to_all(place: Path) -> None:
    """Let everybody read: models installed by root serve a daemon that runs as its own user."""
    for path in (place, *place.rglob("*")):
        linked = path.is_file() and path.stat().st_nlink > 1  # a hard link is the user's own file as well
        if not linked:
            path.chmod(0o755 if path.is_dir() else 0o644)


def sync(path: Path) -> None:
    """Make a rename or a new name in this directory survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
