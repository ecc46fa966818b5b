"""Models the user adds and removes: checked, laid into place, and registered in the model directory's own catalogue."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from cockpitd.errors import ModelError
from cockpitd.models import catalog, gguf, memory, naming, safetensors
from cockpitd.models.catalog import OWN, Model, ModelFile
from cockpitd.models.inspect import shape_of
from cockpitd.models.install import alone, aside, need_space, swap_in, sync, told_by_name
from cockpitd.models.progress import MIB, Progress
from cockpitd.models.store import BLOCK, directory, sha256, write_stamp

SUFFIX = ".gguf"
_NAME = re.compile(r"\w[\w.+-]*", re.ASCII)
_CONTEXT = 4096
_HEADING = "# Models added by `cockpitd models add` and `pull`; changed by `rm`.\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says of a model that is added."""

    name: str
    sha256: str = ""
    """What it must be; empty takes the file as it is."""
    licence: str = ""
    url: str = ""
    link: bool = False
    """Share the file's blocks instead of copying them."""


def check_name(name: str) -> None:
    """Refuse a name that is taken by cockpitd's own catalogue or cannot name a directory."""
    if _NAME.fullmatch(name) is None or name == OWN:
        raise ModelError("model-name", f"{name[:80]!r} cannot name a model: letters, digits and . _ + - only")
    if name in catalog.load():
        raise ModelError("model-name", f"{name} is a model cockpitd knows; choose another name")


def add(file: Path, wanted: Wanted, model_dir: Path, progress: Progress) -> Model:
    """Install a GGUF from a file and register it; nothing is left when it is not right."""
    check_name(wanted.name)
    entry = describe(file, wanted, file.stem)
    with told_by_name(wanted.name, model_dir), alone(wanted.name, model_dir, progress):
        need_space(wanted.name, model_dir, 0 if wanted.link else file.stat().st_size)
        with aside(wanted.name, model_dir) as place:
            (place / "files").mkdir()
            found = _lay(file, place / "files" / entry.entry, wanted, progress)
            return finish(entry, found, wanted, place, model_dir, progress)


def describe(file: Path, wanted: Wanted, stem: str) -> Model:
    """Read a model's header into a catalogue entry; whatever the language model engine cannot run is refused."""
    if file.suffix == safetensors.SUFFIX:
        lacking = safetensors.read(file).lacking
        also = f", and {' and '.join(lacking)} are not beside it" if lacking else ""
        raise ModelError(
            "model-kind", f"{file}: safetensors hold weights only{also}; convert it to GGUF on a connected machine"
        )
    header = gguf.read(file)
    shape = shape_of(file, header)
    if shape.kind == "adapter" or shape.parts > 1:
        what = "a LoRA adapter" if shape.kind == "adapter" else f"one of {shape.parts} parts of a model"
        raise ModelError("model-kind", f"{file}: {what}; only a whole model can be added")
    name = naming.parse(stem) or naming.parse(wanted.name)
    billions = name.billions if name is not None and name.billions is not None else header.parameters / memory.GB
    return Model(
        name=wanted.name,
        title=shape.title or wanted.name,
        role="llm",
        tier=memory.tier_of(billions),
        default=False,
        licence=wanted.licence or shape.licence or "unknown",
        memory_mib=round(memory.from_file(header, shape, _CONTEXT).total / MIB),
        source="own",
        entry=entry_name(stem, wanted.name),
        files=(),
    )


def entry_name(stem: str, name: str) -> str:
    """The file's own name, which tells by the naming rule, or the model's where that one is odd."""
    return f"{stem if _NAME.fullmatch(stem) else name}{SUFFIX}"


def finish(entry: Model, found: str, wanted: Wanted, place: Path, model_dir: Path, progress: Progress) -> Model:
    """Move a checked file from aside into its place and register it."""
    size = (place / "files" / entry.entry).stat().st_size
    file = ModelFile(path=entry.entry, size=size, sha256=found, url=wanted.url)
    model = entry.model_copy(update={"files": (file,)})
    write_stamp(place / "files", model)
    swap_in(place / "files", directory(model_dir, model), place / "old")
    _register(model_dir, {model.name: model}, progress)
    return model


def remove(name: str, model_dir: Path, progress: Progress, *, force: bool) -> None:
    """Delete an installed model; the defaults only when forced."""
    model = catalog.known(model_dir).get(name)
    if model is None:
        raise ModelError("model-unknown", f"{name}: no such model; see `cockpitd models list`")
    if model.default and not force:
        raise ModelError("model-default", f"{name} is what cockpitd starts with; --force removes it all the same")
    place = directory(model_dir, model)
    if not place.exists() and model.source != "own":
        raise ModelError("model-missing", f"{name} is not installed in {model_dir}")
    with told_by_name(name, model_dir), alone(name, model_dir, progress):
        with aside(name, model_dir) as old:
            if place.exists():
                place.rename(old / "old")  # gone at once, though deleting takes its time
        for part in parts(name, model_dir):
            part.unlink(missing_ok=True)
        if model.source == "own":
            _register(model_dir, {name: None}, progress)


def parts(name: str, model_dir: Path) -> list[Path]:
    """Unfinished downloads of a model."""
    pattern = re.compile(rf"\.{re.escape(name)}-[0-9a-f]{{12}}\.part")
    return [path for path in model_dir.iterdir() if pattern.fullmatch(path.name)]


def _lay(file: Path, target: Path, wanted: Wanted, progress: Progress) -> str:
    """Link or copy the file; return its sha256, which is what was wanted if anything was."""
    progress.begin(f"adding {wanted.name}", file.stat().st_size)
    if wanted.link and file.stat().st_dev == target.parent.stat().st_dev:
        os.link(file.resolve(), target)
        found = sha256(target, progress)
    else:
        found = _copy(file, target, progress)
    progress.end()
    if wanted.sha256 and found != wanted.sha256:
        raise ModelError("model-checksum", f"{file} has sha256 {found[:12]}… instead of {wanted.sha256[:12]}…")
    return found


def _copy(file: Path, target: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as source, target.open("wb") as out:
        while block := source.read(BLOCK):
            out.write(block)
            digest.update(block)
            progress.advance(len(block))
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _register(model_dir: Path, changes: Mapping[str, Model | None], progress: Progress) -> None:
    """Write the user's catalogue anew with some entries set or taken out."""
    path = model_dir / OWN
    with alone(OWN, model_dir, progress):
        entries = {**(catalog.load(path) if path.is_file() else {}), **changes}
        models = {
            name: model.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
            for name, model in entries.items()
            if model is not None
        }
        fresh = path.with_name(f".{OWN}.{os.getpid()}")
        fresh.write_text(_HEADING + yaml.safe_dump({"models": models}, allow_unicode=True, sort_keys=False), "utf-8")
        fresh.replace(path)
        sync(model_dir)
