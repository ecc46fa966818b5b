"""A server with a fake cockpit on a real socket, and a client that speaks lines; used by the server tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpitd.config import SocketConfig
from cockpitd.rpc.server import RpcServer
from tests.rpc.fake_cockpit import FakeClock, FakeCockpit

PATIENCE_S = 10


@dataclass
class Line:
    """A client: raw lines out, messages in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[dict[str, Any]] = field(default_factory=list)
    last_id: int = 0

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def start(self, method: str, **params: Any) -> int:
        self.last_id += 1
        body = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        await self.send(json.dumps(body).encode() + b"\n")
        return self.last_id

    async def message(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            line = await self.reader.readline()
        assert line, "the server hung up"
        found: dict[str, Any] = json.loads(line)
        return found

    async def answer(self, id_: int) -> dict[str, Any]:
        while True:
            message = await self.message()
            if message.get("method") == "event":
                self.events.append(message["params"])
            elif message["id"] == id_:
                return message

    async def call(self, method: str, **params: Any) -> Any:
        message = await self.answer(await self.start(method, **params))
        return message["result"] if "result" in message else message["error"]["data"]["code"]

    async def at_end(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read() == b""


@dataclass
class Served:
    cockpit: FakeCockpit
    clock: FakeClock
    server: RpcServer
    path: Path
    stop: asyncio.Event
    task: asyncio.Task[None]

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Line]:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=8_000_000)
        try:
            yield Line(reader, writer)
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                assert reader.at_eof() or reader.exception()


@asynccontextmanager
async def serving(path: Path, **config: Any) -> AsyncIterator[Served]:
    cockpit, clock, stop = FakeCockpit(), FakeClock(), asyncio.Event()
    server = RpcServer(cockpit, SocketConfig.model_validate({"path": path, **config}), clock)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        task = group.create_task(server.serve(stop))
        ready = group.create_task(server.ready.wait())
        await asyncio.wait((task, ready), return_when=asyncio.FIRST_COMPLETED)
        try:
            yield Served(cockpit, clock, server, path, stop, task)
        finally:
            ready.cancel()
            stop.set()
