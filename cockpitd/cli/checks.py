"""What `cockpitd doctor` looks at, one function a part of the machine; nothing is changed or started."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cockpitd import catalogue
from cockpitd.config import Config
from cockpitd.errors import CockpitError
from cockpitd.models import catalog, store

GIB = 1024**3
SPARE_DISK_GIB = 1.0
OVERHEAD_MIB = 300
"""The daemon itself and the three children's interpreters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    part: str
    state: Literal["ok", "missing", "note"]
    """`note`: cockpitd runs without it, and the text says what then is different."""
    text: str
    remedy: str = ""


Check = Callable[[Config], Iterator[Finding]]


def python(_config: Config) -> Iterator[Finding]:
    """The interpreter."""
    text = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    good = sys.version_info >= (3, 11) and sys.platform == "linux"
    yield Finding(
        "python", "ok" if good else "missing", text, "" if good else "Linux and Python 3.11 or newer are needed"
    )


def libraries(config: Config) -> Iterator[Finding]:
    """The libraries behind the engines in use."""
    wanted = [("llama-cpp-python", "llama_cpp", config.llm.engine != "none", "")]
    wanted += [("llguidance", "llguidance", config.llm.engine != "none", "")]
    wanted += [("vosk", "vosk", config.stt.engine in ("vosk", "auto"), "")]
    wanted += [("faster-whisper", "faster_whisper", config.stt.engine in ("whisper", "auto"), "whisper")]
    wanted += [("pyttsx3", "pyttsx3", config.tts.engine in ("pyttsx3", "auto"), "")]
    wanted += [("espeakng-loader", "espeakng_loader", config.tts.engine in ("pyttsx3", "auto"), "")]
    wanted += [("piper-tts", "piper", config.tts.engine in ("piper", "auto"), "piper")]
    for distribution, module, used, extra in wanted:
        if not used:
            yield Finding(distribution, "note", "not used by this configuration")
        elif find_spec(module) is None:
            package = f"cockpitd[{extra}]" if extra else distribution
            yield Finding(distribution, "missing", "not installed", f"pip install '{package}'")
        else:
            yield Finding(distribution, "ok", metadata.version(distribution))


def models(config: Config) -> Iterator[Finding]:
    """The model of every engine in use."""
    wanted = [] if config.llm.engine == "none" else [("llm model", config.llm.model)]
    if config.stt.engine in ("auto", "whisper"):
        wanted += [("stt model", config.stt.model)]
    if config.stt.engine in ("auto", "vosk"):
        wanted += [(f"stt model {lang}", name) for lang, name in config.stt.vosk.items()]
    if config.tts.engine in ("auto", "piper"):
        wanted += [("tts voice en", "piper-joe")]
    for part, name in wanted:
        try:
            yield Finding(part, "ok", f"{name}: {store.locate(config.model_dir, name)}")
        except CockpitError as exc:
            yield Finding(part, "missing", f"{name} [{exc.code}]", exc.message)


def sound(config: Config) -> Iterator[Finding]:
    """The sound device, if the configuration wants one."""
    wanted = config.audio.source == "microphone" or config.tts.player in ("auto", "sounddevice")
    if not wanted:
        yield Finding("sound", "note", "not used by this configuration")
        return
    needed: Literal["missing", "note"] = "missing" if _sound_is_required(config) else "note"
    if ctypes.util.find_library("portaudio") is None:
        yield Finding(
            "sound", needed, "PortAudio is not installed; replies are timed, not heard", "apt install libportaudio2"
        )
        return
    devices = _devices()
    if devices:
        yield Finding("sound", "ok", ", ".join(devices[:4]))
    else:
        yield Finding(
            "sound", needed, "no sound device; replies are timed, not heard", "see `aplay -l` and `pactl info`"
        )


def _devices() -> list[str]:
    try:
        import sounddevice

        return [str(device["name"]) for device in sounddevice.query_devices()]
    except OSError:  # PortAudio is there but does not load
        return []


def _sound_is_required(config: Config) -> bool:
    return config.audio.source == "microphone" or config.tts.player == "sounddevice"


def socket_place(config: Config) -> Iterator[Finding]:
    """Where the Unix socket will be, and whether a daemon is there already."""
    path = config.socket.path
    if path.is_socket() and _answers(path):
        yield Finding("socket", "ok", f"{path}: a daemon is listening")
        return
    parent = next(folder for folder in path.parents if folder.exists())
    if parent.stat().st_mode & 0o222 and os.access(parent, os.W_OK):  # root may do anything, except in /proc
        yield Finding("socket", "ok", f"{path}: can be made")
    else:
        yield Finding("socket", "missing", f"{path}: {parent} is not writable for uid {os.getuid()}", "set socket.path")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def systemd(_config: Config) -> Iterator[Finding]:
    """Whether this machine's services are systemd's."""
    if Path("/run/systemd/system").is_dir():
        yield Finding("systemd", "ok", "running; units are in systemd/")
    else:
        yield Finding("systemd", "note", "this machine was not booted with systemd; `cockpitd run` works without")


def actions(config: Config) -> Iterator[Finding]:
    """The action files."""
    examined = catalogue.examine(None, config.actions)
    count = len(examined.catalogue.actions)
    if examined.problems:
        text = f"{count} good, {len(examined.problems)} problems; first: {examined.problems[0]}"
        yield Finding("actions", "missing", text, "cockpitd actions lint")
    else:
        yield Finding("actions", "ok", f"{count} actions, {len(examined.catalogue.signals)} signals")


def disk(config: Config) -> Iterator[Finding]:
    """Room for models and journal."""
    for part, path in (("disk, models", config.model_dir), ("disk, state", config.state_dir)):
        place = next(folder for folder in (path, *path.parents) if folder.exists())
        free = shutil.disk_usage(place).free / GIB
        state: Literal["ok", "missing"] = "ok" if free >= SPARE_DISK_GIB else "missing"
        yield Finding(part, state, f"{free:.1f} GiB free for {path}", "" if state == "ok" else "free some space")


def memory(config: Config) -> Iterator[Finding]:
    """Whether the chosen models fit."""
    known = catalog.known(config.model_dir)
    names = {config.llm.model, config.stt.model, "piper-joe"}
    needed = OVERHEAD_MIB + sum(model.memory_mib for name, model in known.items() if name in names)
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) // 1024
    state: Literal["ok", "missing"] = "ok" if free >= needed else "missing"
    text = f"{free} MiB available, about {needed} MiB needed"
    yield Finding("memory", state, text, "" if state == "ok" else "choose smaller models, or `engine: none` for some")


CHECKS: tuple[Check, ...] = (python, libraries, models, sound, socket_place, systemd, actions, disk, memory)
