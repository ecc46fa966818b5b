"""The memory of this device and of its GPU, as the kernel and the driver tell; nothing about any model."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_GPU_LIBRARIES = ("libggml-cuda*", "libggml-vulkan*", "libggml-hip*", "libggml-sycl*")
_ASK_GPU = ("--query-gpu=memory.free", "--format=csv,noheader,nounits")
_ASK_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Device:
    """What there is to hold a model."""

    memory_bytes: int
    gpu_free_bytes: int = 0
    can_offload: bool = False
    """The installed llama.cpp was built for a GPU."""
    bytes_per_s: float = 0.0
    """At which llama.cpp reads weights here; 0 when that is not known, and then no model is too slow."""


def this_device() -> Device:
    """Look at this device."""
    return Device(_memory(Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")), _gpu_free(), _can_offload())


def _memory(meminfo: Path, limit: Path) -> int:
    """All memory, or what the service may use of it when that is less."""
    total = re.search(r"^MemTotal:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    found = int(total[1]) * 1024 if total else 0
    try:
        allowed = limit.read_text(encoding="ascii").strip()
    except OSError:
        return found  # no control groups here
    return min(found, int(allowed)) if allowed.isdigit() else found


def _gpu_free() -> int:
    """Free bytes of the first GPU; 0 where no driver answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        answer = subprocess.run(  # noqa: S603 (the driver's own program, found on PATH; no shell)
            [program, *_ASK_GPU], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    first = answer.split("\n")[0].strip()
    return int(first) * 1024 * 1024 if first.isdigit() else 0


def _can_offload() -> bool:
    """Tell from the libraries beside llama-cpp-python; they are not loaded."""
    spec = find_spec("llama_cpp")
    folders = [Path(place) / "lib" for place in (spec.submodule_search_locations or ())] if spec else []
    return any(any(folder.glob(pattern)) for folder in folders for pattern in _GPU_LIBRARIES)
