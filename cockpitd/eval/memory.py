"""Peak memory of the daemon and of every engine process, from /proc; Linux only, zero elsewhere."""

from __future__ import annotations

import os
from pathlib import Path


def peak_bytes() -> dict[str, int]:
    """Process name and pid -> peak resident bytes (VmHWM), for this process and all its descendants."""
    found: dict[str, int] = {}
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        peak = _peak(pid)
        if peak:
            found[f"{_label(pid)} ({pid})"] = peak
        waiting += _children(pid)
    return found


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def _label(pid: int) -> str:
    """The process's own name; engine processes are called after their adapter."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "process"
