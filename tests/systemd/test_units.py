"""The unit files: systemd itself finds no fault in them, and the offline and hardening promises stand in them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
EXPOSURE_LIMIT = 20
"""Tenths of systemd's exposure level; 20 is "OK", we stand at 9."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def with_program(folder: Path) -> Path:
    """Copy the units with a program that exists here: a missing one is a fault to `verify`."""
    for name in ("cockpitd.service", "cockpitd.socket"):
        text = (SYSTEMD / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("/opt/cockpitd/bin/cockpitd", sys.executable), encoding="utf-8")
    return folder


@needs_systemd
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    command = ["systemd-analyze", "verify", "--recursive-errors=yes", "./cockpitd.service", "./cockpitd.socket"]
    found = subprocess.run(command, cwd=with_program(tmp_path), capture_output=True, text=True, check=False)
    ours = [line for line in found.stderr.splitlines() if "cockpitd" in line]
    assert (found.returncode, ours) == (0, []), found.stderr


@needs_systemd
def test_systemd_finds_a_fault_when_there_is_one(tmp_path: Path) -> None:
    """Hold the check above to its word: an unknown key must fail it."""
    service = with_program(tmp_path) / "cockpitd.service"
    service.write_text(
        service.read_text(encoding="utf-8").replace("NoNewPrivileges=", "NoNewPrivilege="), encoding="utf-8"
    )
    command = ["systemd-analyze", "verify", "--recursive-errors=yes", "./cockpitd.service", "./cockpitd.socket"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


@needs_systemd
def test_the_exposure_is_low(tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager"]
    folder = with_program(tmp_path)
    found = subprocess.run([*command, "./cockpitd.service"], cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def service() -> dict[str, str]:
    lines = (SYSTEMD / "cockpitd.service").read_text(encoding="utf-8").partition("[Service]")[2].splitlines()
    return dict(reversed([line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("Restart", "on-failure"),
        ("DynamicUser", "yes"),
        ("PrivateNetwork", "yes"),
        ("RestrictAddressFamilies", "AF_UNIX"),
        ("IPAddressDeny", "any"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("SystemCallErrorNumber", "EPERM"),
    ],
)
def test_promises_stand_in_the_service(key: str, value: str) -> None:
    assert service()[key] == value


def test_the_runtime_directory_is_not_the_socket_s() -> None:
    """Systemd removes a runtime directory when the service stops; the socket in it would go with it."""
    listen = re.search(r"ListenStream=(/run/.*)", (SYSTEMD / "cockpitd.socket").read_text(encoding="utf-8"))
    assert listen
    assert str(Path(listen[1]).parent) != "/run/" + service()["RuntimeDirectory"]


@pytest.mark.parametrize("example", ["gpu.conf", "pulseaudio.conf"])
@needs_systemd
def test_examples_fit_the_service(tmp_path: Path, example: str) -> None:
    folder = with_program(tmp_path)
    (folder / "cockpitd.service.d").mkdir()
    shutil.copy(SYSTEMD / example, folder / "cockpitd.service.d")
    command = ["systemd-analyze", "verify", "--recursive-errors=yes", "./cockpitd.service", "./cockpitd.socket"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
