"""The child's side: a reader thread for frames, the main thread for the engine; nothing about any particular engine.

Run as `python -m cockpitd.adapters.worker.child FD PARENT_PID`. Messages in: `build call open feed finish cancel ping`;
messages out: `ready failed result event error pong`.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from cockpitd.adapters.worker import frames
from cockpitd.adapters.worker.engine import CallCancelled, WorkerEngine, WorkerStream
from cockpitd.errors import CockpitError

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_ORPHAN_GRACE_S = 0.25

Message = tuple[dict[str, Any], bytes]


class Inbox:
    """Work waiting for the main thread; cancelled work that has not begun is taken out by the reader at once."""

    def __init__(self) -> None:
        self._cond = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._cancelled: set[int] = set()
        self._live: set[int] = set()
        self._closed = False

    def put(self, message: Message) -> None:
        """Queue one request."""
        with self._cond:
            if message[0]["kind"] in ("call", "open"):
                self._live.add(message[0]["id"])
            self._waiting.append(message)
            self._cond.notify()

    def cancel(self, ident: int, interrupt: Callable[[], None]) -> bool:
        """Mark a request as unwanted; True when it was only waiting, so the reader must answer for it.

        `interrupt` is called under the lock that `done` needs, so it can never hit the next request.
        """
        with self._cond:
            if ident not in self._live:
                return False
            mine = [message for message in self._waiting if message[0]["id"] == ident]
            if any(message[0]["kind"] in ("call", "open") for message in mine):
                self._waiting = deque(message for message in self._waiting if message[0]["id"] != ident)
                self._live.discard(ident)
                return True
            self._cancelled.add(ident)
            interrupt()
            self._waiting = deque(message for message in self._waiting if message[0]["id"] != ident)
            self._waiting.append(({"kind": "drop", "id": ident}, b""))
            self._cond.notify()
            return False

    def take(self) -> Message | None:
        """Wait for the next request; None when the parent is gone."""
        with self._cond:
            while not self._waiting and not self._closed:
                self._cond.wait()
            return None if self._closed else self._waiting.popleft()

    def is_cancelled(self, ident: int) -> bool:
        """Tell whether the caller gave up on a request."""
        return self._closed or ident in self._cancelled

    def done(self, ident: int) -> None:
        """Forget a request that was answered."""
        with self._cond:
            self._cancelled.discard(ident)
            self._live.discard(ident)

    def close(self) -> None:
        """Wake the main thread for the last time."""
        with self._cond:
            self._closed = True
            self._cond.notify()


class Child:
    """One engine and the socket to its parent."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._write_lock = threading.Lock()
        self._inbox = Inbox()
        self._streams: dict[int, WorkerStream] = {}
        self._ended = threading.Event()

    def main(self) -> None:
        """Build the engine, then answer until the parent hangs up."""
        first = self._receive()
        if first is None:
            return
        _call_ourselves(first[0]["factory"])
        try:
            engine = _load(first[0]["factory"])(first[0]["settings"])
        except Exception as exc:  # noqa: BLE001 (worker loop: whatever a library raises must reach the parent as a sentence)
            self._send({"kind": "failed", **_describe(exc)})
            return
        interrupt = getattr(engine, "interrupt", _nothing)
        threading.Thread(target=self._read_forever, args=(interrupt,), daemon=True).start()
        self._send({"kind": "ready"})
        while (message := self._inbox.take()) is not None:
            self._answer(engine, *message)
        close = getattr(engine, "close", None)
        if close is not None:
            close()
        self._ended.set()

    def _answer(self, engine: WorkerEngine, head: dict[str, Any], payload: bytes) -> None:
        ident = head["id"]
        try:
            final = self._perform(engine, head, payload)
        except CallCancelled:
            final = {"kind": "error", "code": "cancelled", "message": "the caller gave up"}, b""
        except Exception as exc:  # noqa: BLE001 (worker loop: a failed call must not end the engine)
            final = {"kind": "error", **_describe(exc)}, b""
        if final is not None:
            self._streams.pop(ident, None)
            self._inbox.done(ident)
            self._send({**final[0], "id": ident}, final[1])

    def _perform(self, engine: WorkerEngine, head: dict[str, Any], payload: bytes) -> Message | None:
        """Do one piece of work; the answer that ends the request, or None when it goes on."""
        ident, kind = head["id"], head["kind"]
        match kind:
            case "call":
                data, out = engine.handle(
                    head["method"], head["params"], payload, lambda: self._inbox.is_cancelled(ident)
                )
                return {"kind": "result", "data": data}, out
            case "open":
                opener: Callable[[Mapping[str, Any]], WorkerStream] = getattr(engine, "open_stream")  # noqa: B009 (optional method)
                self._streams[ident] = opener({**head["params"], "method": head["method"]})
            case "feed" if ident in self._streams:
                found = self._streams[ident].feed(payload)
                self._send({"kind": "event", "id": ident, "data": found})
            case "finish" if ident in self._streams:
                return {"kind": "result", "data": self._streams[ident].finish()}, b""
            case "drop" if ident in self._streams:
                raise CallCancelled
            case _:
                pass  # left over from a request that already ended with an error
        return None

    def _read_forever(self, interrupt: Callable[[], None]) -> None:
        while True:
            message = self._receive()
            if message is None:
                break
            head = message[0]
            if head["kind"] == "ping":
                self._send({"kind": "pong"})
            elif head["kind"] == "cancel":
                if self._inbox.cancel(head["id"], interrupt):
                    self._send({"kind": "error", "id": head["id"], "code": "cancelled", "message": "never begun"})
            else:
                self._inbox.put(message)
        self._inbox.close()
        if not self._ended.wait(_ORPHAN_GRACE_S):
            os._exit(0)  # the engine is deep in native code and nobody is left to answer to

    def _receive(self) -> Message | None:
        prefix = self._exactly(frames.PREFIX.size)
        if prefix is None:
            return None
        head_size, payload_size = frames.lengths(prefix)
        head, payload = self._exactly(head_size), self._exactly(payload_size)
        return None if head is None or payload is None else (frames.header(head), payload)

    def _exactly(self, count: int) -> bytes | None:
        buffer = bytearray(count)
        view, have = memoryview(buffer), 0
        while have < count:
            try:
                got = self._sock.recv_into(view[have:])
            except OSError:
                return None
            if got == 0:
                return None
            have += got
        return bytes(buffer)

    def _send(self, head: Mapping[str, Any], payload: bytes = b"") -> None:
        try:
            data = frames.encode(head, payload)
        except (TypeError, ValueError) as exc:
            data = frames.encode({"kind": "error", "id": head.get("id"), **_describe(exc)})
        try:
            with self._write_lock:
                self._sock.sendall(data)
        except OSError:
            self._inbox.close()


def _nothing() -> None:
    """Stand in for the `interrupt` an engine need not have."""


def _describe(exc: BaseException) -> dict[str, str]:
    """One clean line about a failure; an empty code lets the parent name it after the port."""
    if isinstance(exc, CockpitError):
        return {"code": exc.code, "message": exc.message}
    line = " ".join(str(exc).split())[:300]
    return {"code": "", "message": f"{type(exc).__name__}: {line}" if line else type(exc).__name__}


def _load(factory: str) -> Callable[[Mapping[str, Any]], WorkerEngine]:
    module, _, name = factory.partition(":")
    found: Callable[[Mapping[str, Any]], WorkerEngine] = getattr(importlib.import_module(module), name)
    return found


def _die_with(parent_pid: int) -> None:
    """Ask the kernel to kill us when the parent ends; the socket's end of file is the second line of defence."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(0)


def _call_ourselves(factory: str) -> None:
    """Show the adapter's name in `top` and `ps` (at most 15 bytes)."""
    name = factory.partition(":")[0].rpartition(".")[2]
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def run(fd: int, parent_pid: int) -> None:
    """Serve one parent over an inherited socket, then leave without running native destructors (some hang)."""
    _die_with(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the parent's business
    with socket.socket(fileno=fd) as sock:
        Child(sock).main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]))
