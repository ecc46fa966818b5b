"""The Unix socket server: accepting, who may in, and a clean end; one client's life stands in `connection.py`."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import ExitStack

from cockpitd.config import SocketConfig
from cockpitd.errors import WireError
from cockpitd.ports import Clock, Cockpit
from cockpitd.rpc.connection import Connection
from cockpitd.rpc.listener import own_socket
from cockpitd.rpc.roles import peer_of, role_table
from cockpitd.rpc.wire import encode_error

log = logging.getLogger(__name__)

ACCEPT_RETRY_S = 0.2
"""Pause when the process is out of file handles; accepting again at once would spin."""


class RpcServer:
    """Serves one cockpit to many clients."""

    def __init__(
        self, cockpit: Cockpit, config: SocketConfig, clock: Clock, inherited: Sequence[socket.socket] = ()
    ) -> None:
        self._cockpit = cockpit
        self._config = config
        self._clock = clock
        self._inherited = tuple(inherited)
        """Listening sockets that systemd handed over; they win over `config.path` and are never unlinked."""
        self._roles = role_table(config)
        self._connected = 0
        self.ready = asyncio.Event()
        """Set when clients can connect."""

    @property
    def address(self) -> str:
        """Where clients connect."""
        return str(self._inherited[0].getsockname()) if self._inherited else str(self._config.path)

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then finish the calls in progress and close.

        Raises `ConfigError`: `rpc-socket-in-use` when a live daemon serves there, `rpc-socket-path` when the path
        cannot be used.
        """
        with ExitStack() as held:
            listeners = [held.enter_context(sock) for sock in self._inherited]
            listeners = listeners or [held.enter_context(own_socket(self._config))]
            async with asyncio.TaskGroup() as group:
                accepting = [group.create_task(self._accept(listener, group, stop)) for listener in listeners]
                self.ready.set()
                await stop.wait()
                for task in accepting:
                    task.cancel()

    async def _accept(self, listener: socket.socket, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        listener.settimeout(0)
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(listener)
            except OSError as exc:
                log.warning("cannot accept a client: %s", exc)
                await asyncio.sleep(ACCEPT_RETRY_S)
                continue
            sock.settimeout(0)
            if (refusal := self._refusal(sock)) is not None:
                _turn_away(sock, refusal)
                continue
            self._connected += 1
            group.create_task(self._serve_one(sock, stop))

    def _refusal(self, sock: socket.socket) -> WireError | None:
        if self._connected >= self._config.max_connections:
            limit = self._config.max_connections
            return WireError("rpc-too-many-connections", f"{limit} clients are connected; close one or try again later")
        peer = peer_of(sock)
        if self._roles.of(peer) == "none":
            return WireError("rpc-forbidden", f"uid {peer.uid} has no role on this socket; see socket.roles")
        return None

    async def _serve_one(self, sock: socket.socket, stop: asyncio.Event) -> None:
        with sock:
            try:
                role = self._roles.of(peer_of(sock))
                await Connection(sock, role, self._cockpit, self._config, self._clock).run(stop)
            finally:
                self._connected -= 1


def _turn_away(sock: socket.socket, refusal: WireError) -> None:
    """Say why and close; a client whose buffer is full already gets the close only."""
    with sock:
        try:
            sock.send(encode_error(None, refusal))
        except OSError as exc:
            log.debug("client gone: %s", exc)
