"""A real systemd as PID 1 in a throw-away container over this machine's own root; nothing outside it is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
CGROUPS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
TARGET = "[Unit]\nRequires=basic.target dbus.service\nAfter=basic.target dbus.service\n"
SYSTEM_PYTHON = "/usr/bin/python3"


def why_not() -> str:
    """Say what keeps this machine from running a container, or nothing."""
    if os.geteuid() != 0:
        return "needs root, to boot a container"
    missing = [name for name in ("systemd-nspawn", "nsenter", "dbus-daemon", "pgrep") if shutil.which(name) is None]
    if missing:
        return f"needs {', '.join(missing)}: apt-get install systemd-container dbus"
    if not any((cgroup / "cgroup.procs").exists() for cgroup in CGROUPS):
        return "needs a cgroup hierarchy"
    version = "import sys; print(sys.version_info[:2])"
    found = subprocess.run([SYSTEM_PYTHON, "-c", version], capture_output=True, text=True, check=False).stdout.strip()
    if found != str(sys.version_info[:2]):
        return f"needs {SYSTEM_PYTHON} of version {sys.version_info[:2]}, it is {found or 'missing'}"
    return ""


def until(true: Callable[[], bool], what: str) -> None:
    """Ask again and again: each question is a process of its own, which is pause enough."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what}")


@dataclass
class Container:
    """A booted container."""

    leader: int
    """Process id of its systemd, as seen from outside."""

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command inside and return what it printed."""
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command]
        done = subprocess.run(enter + clean, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def show(self, unit: str, prop: str) -> str:
        """Return a property of a unit."""
        return self.run("systemctl", "show", unit, f"--property={prop}", "--value")

    def journal(self, *arguments: str) -> str:
        """Return the journal of the service."""
        return self.run("journalctl", "--unit=cockpitd.service", "--output=cat", "--no-pager", *arguments, check=False)

    def outside(self, path: str) -> Path:
        """Return the path by which we reach a file of the container."""
        return Path(f"/proc/{self.leader}/root{path}")


@contextmanager
def booted(folder: Path, files: dict[str, Path]) -> Iterator[Container]:
    """Boot with these files bound in read-only, and power off at the end."""
    root = folder / "root"
    root.mkdir()
    target = folder / "ci.target"
    target.write_text(TARGET, encoding="utf-8")
    binds = [f"--bind-ro={source}:{place}" for place, source in files.items()]
    subprocess.run(["mount", "--bind", "/", root], check=True)  # systemd-nspawn refuses / itself
    cgroups = [cgroup / f"cockpitd-test-{os.getpid()}" for cgroup in CGROUPS if (cgroup / "cgroup.procs").exists()]
    log = (folder / "nspawn.log").open("wb")
    try:
        with log, _nspawn(root, [f"--bind-ro={target}:/etc/systemd/system/ci.target", *binds], cgroups, log) as process:
            container = Container(_leader(process))
            until(lambda: container.run("systemctl", "is-system-running", check=False) == "running", "the boot")
            try:
                yield container
            finally:
                container.run("systemctl", "poweroff", check=False)
                process.wait(PATIENCE_S)
    except AssertionError as exc:
        exc.add_note((folder / "nspawn.log").read_text(errors="replace")[-2_000:])
        raise
    finally:
        subprocess.run(["umount", root], check=True)
        for cgroup in cgroups:
            for inner, _, _ in os.walk(cgroup, topdown=False):
                Path(inner).rmdir()


@contextmanager
def _nspawn(root: Path, binds: list[str], cgroups: list[Path], log: object) -> Iterator[subprocess.Popen[bytes]]:
    """Start the container in a control group of its own: its parts become children of the group it is started in."""
    for cgroup in cgroups:
        cgroup.mkdir()
    join = "".join(f"echo $$ >{cgroup}/cgroup.procs; " for cgroup in cgroups)
    flags = ["-q", "-D", str(root), "--volatile=overlay", "--register=no", "--keep-unit", "--link-journal=no"]
    flags += [f"--uuid={uuid.uuid4().hex}", "--private-network", "--console=pipe"]
    flags += ["--system-call-filter=bpf", "--capability=CAP_BPF,CAP_NET_ADMIN"]
    process = subprocess.Popen(
        ["/bin/sh", "-c", f'{join}exec systemd-nspawn "$@"', "nspawn", *flags, *binds, "-b", "systemd.unit=ci.target"],
        stdin=subprocess.DEVNULL,
        stdout=log,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
        env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _leader(process: subprocess.Popen[bytes]) -> int:
    found: list[str] = []

    def look() -> bool:
        assert process.poll() is None, "systemd-nspawn ended"
        listed = ["pgrep", "-P", str(process.pid), "-x", "systemd"]
        found[:] = subprocess.run(listed, capture_output=True, text=True, check=False).stdout.split()
        return bool(found)

    until(look, "systemd in the container")
    return int(found[0])


def installation(folder: Path) -> dict[str, Path]:
    """Lay out /opt/cockpitd from this checkout and the packages this test runs with, for the machine's own Python."""
    launcher = folder / "cockpitd"
    path = "/opt/cockpitd/source:/opt/cockpitd/packages"
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {SYSTEM_PYTHON} -m cockpitd "$@"\n', encoding="utf-8")
    launcher.chmod(0o755)
    units = ROOT / "systemd"
    return {
        "/opt/cockpitd/bin/cockpitd": launcher,
        "/opt/cockpitd/source": ROOT,
        "/opt/cockpitd/packages": Path(sysconfig.get_path("purelib")),
        "/etc/systemd/system/cockpitd.service": units / "cockpitd.service",
        "/etc/systemd/system/cockpitd.socket": units / "cockpitd.socket",
        "/usr/lib/sysusers.d/cockpitd.conf": units / "cockpitd.sysusers.conf",
    }
