"""The parent's end of one living child: its process, its socket and the requests on their way; no restart policy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpitd.adapters.worker import frames

_READ_LIMIT = 1 << 20
_STDERR_LINES = 8
_HANGUP_GRACE_S = 0.3
_TERM_GRACE_S = 0.3
_PAGE = os.sysconf("SC_PAGE_SIZE")

_ENV = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OMP_WAIT_POLICY": "passive",
}
"""Libraries that would look for a hub are told not to (the sandbox forbids it as well). OpenMP threads sleep at their
barriers: spinning ones made a busy two-core machine ten times slower."""

Message = tuple[dict[str, Any], bytes]


@dataclass(slots=True)
class Exchange:
    """One request under way and what came back for it."""

    ident: int
    answers: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    timer: asyncio.TimerHandle | None = None
    """Deadline of a stream, set when its last block was sent."""


class Link:
    """One child process. `serve()` lives as long as the child does and returns why it ended."""

    def __init__(self, name: str, grace_ms: int) -> None:
        self._name = name
        self._grace_s = grace_ms / 1000
        self._exchanges: dict[int, Exchange] = {}
        self._overdue: dict[int, asyncio.TimerHandle] = {}
        self._last_words: deque[str] = deque(maxlen=_STDERR_LINES)
        self._pong = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._count = 0
        self._why = ""
        self.doomed = False
        """True once it was killed: nothing more should be sent."""
        self.failure: dict[str, Any] = {}
        """What the child said of why it could not start."""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the model is loaded; its exception says why it never will be."""

    async def spawn(self, factory: str, settings: Mapping[str, Any], env: Mapping[str, str]) -> None:
        """Start the child and hand it its factory and settings."""
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-X", "faulthandler", "-m", "cockpitd.adapters.worker.child"),
                *(str(theirs.fileno()), str(os.getpid())),
                stdin=asyncio.subprocess.DEVNULL,
                # Native libraries print where they like; the protocol has a socket of its own that they cannot break.
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **_ENV, **env},
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=_READ_LIMIT)
        self._writer.write(frames.encode({"kind": "build", "factory": factory, "settings": dict(settings)}))

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def rss_bytes(self) -> int:
        """Resident memory of the child, 0 when it is gone."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
        return 0

    def busy(self) -> bool:
        """Tell whether any request is on its way."""
        return bool(self._exchanges or self._overdue)

    async def serve(self) -> str:
        """Read until the child ends, by itself or by `kill`; say why."""
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._listen())
                reading = group.create_task(self._read_frames())
                code = await self._process.wait()
                # What it wrote last is still on its way; a grandchild may hold the pipe open for ever.
                await asyncio.wait((listening, reading), timeout=self._grace_s)
                listening.cancel()
                reading.cancel()
            self._why = self._why or self._ending(code)
        finally:
            self._writer.close()
            self._give_up_all()
        return self._why

    def _give_up_all(self) -> None:
        lost = {"kind": "error", "code": "crashed", "message": self._why or "stopped"}
        for exchange in self._exchanges.values():
            exchange.answers.put_nowait((lost, b""))
        self._exchanges.clear()
        for timer in self._overdue.values():
            timer.cancel()
        self._overdue.clear()
        self._settled.set()
        self.ready.cancel()

    def begin(self) -> Exchange:
        """Open a request."""
        self._count += 1
        exchange = self._exchanges[self._count] = Exchange(self._count)
        return exchange

    async def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Write one message; waits when the child does not keep up."""
        self._writer.write(frames.encode(header, payload))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def abandon(self, exchange: Exchange, why: str) -> None:
        """Give a request up: the child must acknowledge within the grace time or it is killed. Never blocks."""
        if self._exchanges.pop(exchange.ident, None) is None:
            return  # already answered
        self._writer.write(frames.encode({"kind": "cancel", "id": exchange.ident}))
        loop = asyncio.get_running_loop()
        self._overdue[exchange.ident] = loop.call_later(self._grace_s, self.kill, why)
        self._settled.clear()

    async def settled(self) -> None:
        """Wait until no given-up request hangs over the child: it either let go or died."""
        await self._settled.wait()

    async def ping(self) -> None:
        """Ask for a sign of life and wait for it."""
        self._pong.clear()
        await self.send({"kind": "ping"})
        await self._pong.wait()

    def kill(self, why: str) -> None:
        """End the child and all it started, now."""
        self._why = self._why or why
        self.doomed = True
        self._signal(signal.SIGKILL)

    async def end(self) -> None:
        """Hang up, ask, insist; returns when the child is gone."""
        with contextlib.suppress(OSError):
            self._writer.close()
        for grace_s, number in ((_HANGUP_GRACE_S, signal.SIGTERM), (_TERM_GRACE_S, signal.SIGKILL)):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._process.wait()
            self._signal(number)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def _read_frames(self) -> None:
        try:
            while True:
                head_size, payload_size = frames.lengths(await self._reader.readexactly(frames.PREFIX.size))
                head = frames.header(await self._reader.readexactly(head_size))
                self._dispatch(head, await self._reader.readexactly(payload_size))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the child is ending; the process exit tells why
        except frames.FrameError as exc:
            self.kill(f"the {self._name} engine spoke out of turn: {exc}")

    def _dispatch(self, head: dict[str, Any], payload: bytes) -> None:
        kind, ident = head["kind"], head.get("id")
        if kind == "pong":
            self._pong.set()
        elif kind == "ready" and not self.ready.done():
            self.ready.set_result(None)
        elif kind == "failed":
            self._why = head["message"]
            self.failure = head
        elif ident in self._exchanges:
            self._exchanges[ident].answers.put_nowait((head, payload))
            if kind != "event":
                del self._exchanges[ident]
        elif ident in self._overdue and kind != "event":
            self._overdue.pop(ident).cancel()
            if not self._overdue:
                self._settled.set()

    async def _listen(self) -> None:
        if self._process.stdout is None:
            return
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # one endless line: libraries print progress bars
                continue
            if not line:
                return
            self._last_words.append(line.decode(errors="replace").rstrip())

    def _ending(self, code: int) -> str:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        last = next((line for line in reversed(self._last_words) if line.strip()), "")
        return f"the {self._name} engine {how}" + (f"; its last words: {last[:200]}" if last else "")
