"""Small real engines that the worker tests run in real child processes; each misbehaves in its own way."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cockpitd.adapters.worker import CallCancelled
from cockpitd.errors import EngineError, ModelError

Answer = tuple[Mapping[str, Any], bytes]


class Stream:
    """Counts bytes and reports every tenth block."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params, self._bytes, self._blocks = params, 0, 0

    def feed(self, block: bytes) -> list[dict[str, Any]]:
        if block == b"crash":
            os._exit(3)
        if block == b"raise":
            raise EngineError("stt-wrong-rate", "the block has a wrong sample rate")
        self._bytes += len(block)
        self._blocks += 1
        return [{"bytes": self._bytes}] if self._blocks % 10 == 0 else []

    def finish(self) -> dict[str, Any]:
        if self._params.get("hang"):
            threading.Event().wait()
        return {"bytes": self._bytes, "blocks": self._blocks, "method": self._params["method"]}


class Engine:
    """One method per kind of behaviour."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._kept: list[bytes] = []

    def handle(self, method: str, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        found: Answer = getattr(self, method)(params, payload, cancelled)
        return found

    def open_stream(self, params: Mapping[str, Any]) -> Stream:
        return Stream(params)

    def close(self) -> None:
        if "farewell" in self._settings:
            Path(self._settings["farewell"]).write_text("closed", encoding="utf-8")

    def echo(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        return {"params": dict(params), "pid": os.getpid(), "parent": os.getppid()}, payload

    def noisy(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        os.write(1, b"\x00\x00\x00\x05native chatter " * 20_000)
        sys.stdout.write("python chatter\n")
        sys.stdout.flush()
        return {"ok": True}, b""

    def polite(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        """Never ends by itself; obeys a cancel."""
        self._touch(params)
        while not cancelled():
            time.sleep(0.002)  # stands for one step of native work
        raise CallCancelled

    def deaf(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        """Never ends, whatever it is told."""
        self._touch(params)
        threading.Event().wait()
        raise AssertionError

    def crash(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        sys.stderr.write("GGML_ASSERT: something native went wrong\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGABRT)
        raise AssertionError

    def fail(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        if params.get("coded"):
            raise EngineError("llm-malformed", "the model wrote no JSON")
        raise ValueError("line one\n   line two")

    def unserialisable(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        return {"oops": object()}, b""

    def hoard(self, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        self._kept.append(b"x" * int(params["bytes"]))
        return {"pid": os.getpid()}, b""

    def _touch(self, params: Mapping[str, Any]) -> None:
        """Tell the test, which waits at the other end of a named pipe, that the call is under way."""
        if "fifo" in params:
            Path(params["fifo"]).write_text(str(os.getpid()), encoding="utf-8")


def build(settings: Mapping[str, Any]) -> Engine:
    """The factory."""
    if "model" in settings and not Path(settings["model"]).exists():
        raise ModelError("model-missing", f"{settings['model']}: no such model; run `cockpitd models pull`")
    if settings.get("broken"):
        raise RuntimeError("the library is not what it was")
    if "crash_while" in settings and Path(settings["crash_while"]).exists():
        os._exit(7)
    if settings.get("never_ready"):
        threading.Event().wait()
    return Engine(settings)
