"""One client from accept to close: reading, running its calls side by side, sending; no method is named here."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

from cockpitd.config import SocketConfig
from cockpitd.domain.events import LOW_VALUE, as_dict, name_of
from cockpitd.errors import CockpitError, WireError
from cockpitd.ports import Clock, Cockpit, Subscription
from cockpitd.rpc import wire
from cockpitd.rpc.limits import TokenBucket
from cockpitd.rpc.methods import URGENT, Result, call, internal_error
from cockpitd.rpc.outbox import Outbox
from cockpitd.rpc.roles import Role
from cockpitd.rpc.streams import Answered, AudioStream, Streams

T = TypeVar("T")

log = logging.getLogger(__name__)

READ_BYTES = 65_536
MAX_IN_PROGRESS = 64
"""Calls of one connection running at a time."""
DRAIN_S = 10.0
"""How long calls in progress may still take after their client left or the daemon was told to stop."""
FLUSH_S = 2.0
"""How long a closing connection may take to send what is left."""


class Connection:
    """A client and its calls; every task it starts belongs to its own group and ends with it."""

    def __init__(self, sock: socket.socket, role: Role, cockpit: Cockpit, config: SocketConfig, clock: Clock) -> None:
        self.cockpit = cockpit
        self.role: Role = role
        self.streams = Streams()
        self._sock = sock
        self._idle_line_s = config.idle_line_seconds
        self._decoder = wire.Decoder(config.max_line_bytes)
        self._outbox = Outbox()
        self._rate = TokenBucket(config.requests_per_second, clock)
        self._urgent_rate = TokenBucket(config.requests_per_second, clock)
        self._calls: set[asyncio.Task[None]] = set()
        self._turns: set[asyncio.Task[Answered]] = set()
        self._feed: asyncio.Task[object] | None = None
        self._group = asyncio.TaskGroup()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until the client leaves or `stop` is set; calls in progress are finished and answered."""
        async with self._group:
            writer = self._group.create_task(self._guarded(self._write()))
            reader = self._group.create_task(self._guarded(self._read()))
            stopped = self._group.create_task(stop.wait())
            await asyncio.wait((reader, writer, stopped), return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            stopped.cancel()
            # Twice: a call that was only read so far may still open a stream or a subscription.
            self._let_go()
            await _finish(self._calls, DRAIN_S)
            self._let_go()
            await _finish(self._turns, DRAIN_S)
            self._outbox.close()
            await _finish({writer}, FLUSH_S)

    def _let_go(self) -> None:
        self.unfollow()
        self.streams.abandon()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._outbox.room()
            try:
                async with asyncio.timeout(self._idle_line_s if self._decoder.pending else None):
                    data = await loop.sock_recv(self._sock, READ_BYTES)
            except TimeoutError:
                error = WireError("rpc-idle-line", f"Half a line came, then nothing for {self._idle_line_s:g} s")
                self._send(wire.encode_error(None, error))
                return
            except OSError as exc:
                log.debug("client gone: %s", exc)
                return
            if not data:
                return
            for message in self._decoder.feed(data):
                self._take(message)

    def _take(self, message: wire.Request | wire.Malformed) -> None:
        """Answer a refused line at once, start a call otherwise."""
        urgent = isinstance(message, wire.Request) and message.method in URGENT
        refusal = self._overload(urgent=urgent)
        if refusal is None and isinstance(message, wire.Malformed):
            refusal = message.error
        if isinstance(message, wire.Request) and refusal is None:
            task = self._group.create_task(self._serve(message))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        elif refusal is not None and not (isinstance(message, wire.Request) and message.notification):
            self._send(wire.encode_error(message.id, refusal))

    def _overload(self, *, urgent: bool) -> WireError | None:
        if not (self._urgent_rate if urgent else self._rate).take():
            return WireError("rpc-rate-limited", "Too many calls a second; wait a moment")
        if len(self._calls) >= MAX_IN_PROGRESS and not urgent:
            return WireError("rpc-busy", f"{MAX_IN_PROGRESS} calls are in progress here; wait for answers")
        return None

    async def _serve(self, request: wire.Request) -> None:
        answered = await self._guarded(call(self, request))
        if request.notification:
            return
        try:
            line = wire.encode_error(request.id, answered) if isinstance(answered, CockpitError) else None
            line = line or wire.encode_result(request.id, answered)
        except (TypeError, ValueError):
            log.exception("%s answered with something that is not JSON", request.method)
            line = wire.encode_error(request.id, internal_error())
        self._send(line)

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T | CockpitError:
        """Run one piece of a client's work; whatever goes wrong becomes a coded error, and the daemon stays up."""
        try:
            return await work
        except CockpitError as error:
            return error
        except Exception:
            log.exception("a call or its connection failed")
            return internal_error()

    def begin_turn(self, stream: AudioStream, turn: Coroutine[Any, Any, Result]) -> int:
        """Run a spoken turn beside the calls; return its stream number."""
        task = self._group.create_task(self._guarded(turn))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        return self.streams.add(stream, task)

    def follow(self, events: frozenset[str] | None) -> None:
        """Send these events (None: all) from now on, instead of what was sent before."""
        self.unfollow()
        subscription = self.cockpit.subscribe()
        self._feed = self._group.create_task(self._guarded(self._forward(subscription, events)))
        self._feed.add_done_callback(lambda _: subscription.close())

    def unfollow(self) -> None:
        """Send no more events."""
        if self._feed is not None:
            self._feed.cancel()
            self._feed = None

    async def _forward(self, subscription: Subscription, events: frozenset[str] | None) -> None:
        while True:
            event = await subscription.get()
            name = name_of(event)
            if events is None or name in events:
                self._send(wire.encode_notification("event", as_dict(event)), low_value=name in LOW_VALUE)

    def _send(self, line: bytes, *, low_value: bool = False) -> None:
        if not self._outbox.put(line, low_value=low_value):
            log.warning("client does not read; %d bytes more found no room, hanging up", len(line))
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection from our side at once; what was not sent is lost."""
        self._outbox.close()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError as exc:
            log.debug("already gone: %s", exc)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (line := await self._outbox.get()) is not None:
                await loop.sock_sendall(self._sock, line)
        except OSError as exc:
            log.debug("client gone: %s", exc)


async def _finish(tasks: set[asyncio.Task[Any]], seconds: float) -> None:
    """Wait for tasks, then cancel what is left; their own group reads their results."""
    if not tasks:
        return
    _, late = await asyncio.wait(tuple(tasks), timeout=seconds)
    for task in late:
        task.cancel()
