"""Pulling a model from the network: part file, check, one rename; the command line imports it and the daemon never."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import BadZipFile, ZipFile

from cockpitd.errors import ModelError
from cockpitd.models import catalog, own, web
from cockpitd.models.catalog import Archive, Model, ModelFile
from cockpitd.models.install import alone, aside, need_space, swap_in, told_by_name
from cockpitd.models.own import Wanted
from cockpitd.models.progress import Progress
from cockpitd.models.store import directory, remedy, sha256, verify, write_stamp

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNPACKED_TIMES = 3
"""An archive of a speech model needs up to so many times its size, itself included."""


def pull(model: Model, model_dir: Path, progress: Progress) -> bool:
    """Install a model of the catalogue from the address it names; False when it is there and whole."""
    source = model.archive or model.files[0]
    if not source.url or not source.sha256:
        raise ModelError(
            "model-url",
            f"{model.name}: no address and sha256 are known; {remedy(model_dir, model)}, "
            "or pull a URL with --sha256 and --name",
        )
    with told_by_name(model.name, model_dir), alone(model.name, model_dir, progress):
        if verify(model_dir, model, trust_stamp=True, progress=progress) is None:
            return False
        size = (source.size or 0) * (_UNPACKED_TIMES if model.archive else 1)
        need_space(model.name, model_dir, size - sum(part.stat().st_size for part in own.parts(model.name, model_dir)))
        part = _obtain(model.name, source, model_dir, progress)
        with aside(model.name, model_dir) as place:
            if model.archive is not None:
                _unpack(part, place)
            else:
                target = place / "files" / model.files[0].path
                target.parent.mkdir(parents=True)
                part.rename(target)
            for file in model.files:
                if not (place / "files" / file.path).is_file():
                    raise ModelError("model-kind", f"{model.name}: what came holds no {file.path}")
            write_stamp(place / "files", model)
            swap_in(place / "files", directory(model_dir, model), place / "old")
    part.unlink(missing_ok=True)
    return True


def pull_url(url: str, wanted: Wanted, model_dir: Path, progress: Progress) -> Model:
    """Install a GGUF from any address and register it under its name."""
    if _SHA256.fullmatch(wanted.sha256) is None:
        raise ModelError("model-unpinned", "give --sha256 with its 64 hexadecimal digits: nothing unchecked is loaded")
    web.check(url)
    stem = Path(unquote(urlsplit(url).path)).stem
    name = wanted.name or stem.lower()
    wanted = Wanted(name, wanted.sha256, wanted.licence, url)
    own.check_name(name)
    source = ModelFile(path=own.entry_name(stem, name), sha256=wanted.sha256, url=url)
    with told_by_name(name, model_dir), alone(name, model_dir, progress):
        there = catalog.known(model_dir).get(name)
        same = there is not None and there.files[0].sha256 == wanted.sha256
        if there is not None and same and verify(model_dir, there, trust_stamp=True, progress=progress) is None:
            return there
        part = _obtain(name, source, model_dir, progress)
        entry = _describe(part, wanted, stem)
        with aside(name, model_dir) as place:
            (place / "files").mkdir()
            part.rename(place / "files" / source.path)
            return own.finish(entry, wanted.sha256, wanted, place, model_dir, progress)


def _describe(part: Path, wanted: Wanted, stem: str) -> Model:
    try:
        return own.describe(part, wanted, stem)
    except ModelError:
        part.unlink()  # it is what was asked for, and of no use
        raise


def _obtain(name: str, source: ModelFile | Archive, model_dir: Path, progress: Progress) -> Path:
    """Bring the part file to its end and check it; one with the wrong content is deleted."""
    wanted = source.sha256 or ""
    part = model_dir / f".{name}-{wanted[:12]}.part"
    if source.size is not None and part.is_file() and part.stat().st_size > source.size:
        part.unlink()
    web.download(source.url, part, source.size, progress, f"pulling {name}")
    progress.begin(f"checking {name}", part.stat().st_size)
    found = sha256(part, progress)
    progress.end()
    if found != wanted:
        part.unlink()
        raise ModelError(
            "model-checksum", f"{name}: what came has sha256 {found[:12]}… instead of {wanted[:12]}…; it is deleted"
        )
    return part


def _unpack(archive: Path, place: Path) -> None:
    """Unpack a zip file; a single directory in it is taken for the model's own."""
    try:
        with ZipFile(archive) as zipped:
            zipped.extractall(place / "unpacked")  # members that climb out of it are laid inside
    except BadZipFile as exc:
        raise ModelError("model-kind", f"{archive}: not a zip file ({exc})") from exc
    found = list((place / "unpacked").iterdir())
    whole = found[0] if len(found) == 1 and found[0].is_dir() else place / "unpacked"
    whole.rename(place / "files")
