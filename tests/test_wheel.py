"""The wheel as a user installs it: it carries the shared files, and runs far away from any checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, laid out as pip would."""
    out, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-c", BUILD, str(out)], cwd=ROOT, check=True, capture_output=True)
    with ZipFile(next(out.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return site


def run(site: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-P", "-m", "cockpitd", *words]
    return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, check=True).stdout


def test_it_carries_every_shared_file(unpacked: Path) -> None:
    here = {path.relative_to(ROOT) for path in (ROOT / "schemas").rglob("*.yaml")} | {Path("models/catalog.yaml")}
    there = {path.relative_to(unpacked / "cockpitd/_share") for path in (unpacked / "cockpitd/_share").rglob("*.yaml")}
    assert here == there  # training data stays in the checkout
    for path in (path for path in (ROOT / "models" / "cockpit-n").iterdir() if path.is_file()):
        assert (unpacked / "cockpitd/_share" / path.relative_to(ROOT)).is_file(), f"{path} is not in the wheel"
    assert (unpacked / "cockpitd/py.typed").is_file()


def test_it_reads_its_own_files_and_no_checkout(unpacked: Path) -> None:
    program = "import cockpitd.paths; print(cockpitd.paths.share_dir())"
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=unpacked, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(unpacked / "cockpitd/_share")


def test_its_commands_work(unpacked: Path) -> None:
    assert "CLIMATE_SET_TEMPERATURE" in run(unpacked, "actions", "list")
    assert "gemma3-270m" in run(unpacked, "models", "list")
