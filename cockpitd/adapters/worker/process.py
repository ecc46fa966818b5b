"""Keeps one engine's child process alive and asks it things; what is asked is the adapter's business."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Literal, TypeAlias

from cockpitd.adapters.worker.link import Exchange, Link, Message
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, Health

State: TypeAlias = Literal["ready", "starting", "down", "disabled"]

OnChange: TypeAlias = Callable[[str, str], None]
"""Called with the new state and a sentence; a crash loop is announced once, not at every attempt."""

GRACE_MS = 150
"""How long a child may take to drop a request nobody wants any more."""
BACKOFF_FIRST_MS = 100
BACKOFF_MAX_MS = 60_000
RAPID_CRASHES = 5
"""After so many crashes without one good call the engine is `down`: calls fail at once instead of waiting for it."""
HEARTBEAT_MS = 2_000
PING_TIMEOUT_MS = 3_000
SETTLED_MS = 10_000
"""A child that lived so long is trusted again even if nobody called it."""
STREAM_WINDOW = 64
"""Blocks sent ahead of the recogniser; beyond that the source waits, so nothing grows without bound."""


class WorkerProcess:
    """One supervised engine process; see the package's docstring for how to use it."""

    def __init__(  # noqa: PLR0913 (every one of them differs between engines or tests)
        self,
        name: str,
        factory: str,
        settings: Mapping[str, Any],
        clock: Clock,
        on_change: OnChange,
        start_timeout_ms: int,
        *,
        env: Mapping[str, str] | None = None,
        max_rss_mb: int = 0,
        heartbeat_ms: int = HEARTBEAT_MS,
        ping_timeout_ms: int = PING_TIMEOUT_MS,
        backoff_first_ms: int = BACKOFF_FIRST_MS,
    ) -> None:
        self.name, self._factory, self._settings = name, factory, dict(settings)
        self.port = name.partition(":")[0]
        """First part of the name; error codes begin with it."""
        self._clock, self._on_change, self._start_timeout_s = clock, on_change, start_timeout_ms / 1000
        self._env, self._max_rss = dict(env or {}), max_rss_mb * 1024 * 1024
        self._heartbeat_s, self._ping_timeout_s = heartbeat_ms / 1000, ping_timeout_ms / 1000
        self._backoff_first_ms = backoff_first_ms
        self._runner: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._state: State = "disabled"
        self._announced, self._detail = "", ""
        self._moved = asyncio.Condition()
        self._crashes = self._restarts = 0

    async def start(self) -> None:
        """Return when the engine is ready. On failure raise, and keep trying in the background until `stop`."""
        if self._runner is None:
            self._state, self._crashes, self._restarts = "starting", 0, 0
            first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._runner = asyncio.create_task(self._run(first), name=f"worker {self.name}")
            await first

    async def stop(self) -> None:
        """End the child, by force if need be; never raises."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner
        await self._move("disabled", "stopped")

    def reconfigure(self, settings: Mapping[str, Any]) -> None:
        """Change what the next child is built with; the running one is told by a call of the adapter's own."""
        self._settings = dict(settings)

    def health(self) -> Health:
        """Report without blocking."""
        link = self._link
        pid, rss = (link.pid, link.rss_bytes()) if link else (None, 0)
        return Health(self.name, self._state, pid, self._restarts, rss, self._detail)

    async def call(
        self, method: str, params: Mapping[str, Any], payload: bytes = b"", *, timeout_ms: int
    ) -> tuple[dict[str, Any], bytes]:
        """Ask one thing. A cancelled call is cancelled in the child too and leaves the engine usable."""
        link: Link | None = None
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                link = await self._available()
                exchange = link.begin()
                try:
                    await link.send({"kind": "call", "id": exchange.ident, "method": method, "params": params}, payload)
                    message = await exchange.answers.get()
                except BaseException:
                    link.abandon(exchange, self._overran(method))
                    raise
        except TimeoutError as exc:
            raise self._late(method, timeout_ms, begun=link is not None) from exc
        return self._unwrap(message, link)

    async def stream(
        self, method: str, params: Mapping[str, Any], blocks: AsyncIterator[bytes], timeout_after_end_ms: int
    ) -> AsyncIterator[tuple[dict[str, Any], bool]]:
        """Send blocks as they come; yield (data, False) for each finding on the way and one (data, True) at the end.

        Use it inside `contextlib.aclosing`: leaving early cancels the request in the child.
        """
        try:
            async with asyncio.timeout(self._start_timeout_s):
                link = await self._available()
        except TimeoutError as exc:
            raise self._late(method, int(self._start_timeout_s * 1000), begun=False) from exc
        exchange, window = link.begin(), asyncio.Semaphore(STREAM_WINDOW)
        feeder = asyncio.create_task(self._feed(link, exchange, window, method, params, blocks, timeout_after_end_ms))
        try:
            while True:
                message = await exchange.answers.get()
                match message[0]["kind"]:
                    case "event":
                        window.release()
                        for found in message[0]["data"]:
                            yield found, False
                    case "late":
                        raise self._late(method, timeout_after_end_ms, begun=True)
                    case "broken":
                        await feeder  # the source of the blocks failed: raise what it raised
                    case _:
                        yield self._unwrap(message, link)[0], True
                        return
        finally:
            feeder.cancel()
            if exchange.timer is not None:
                exchange.timer.cancel()
            link.abandon(exchange, self._overran(method))
            await asyncio.gather(feeder, return_exceptions=True)

    async def _feed(  # noqa: PLR0913, PLR0917 (the upstream half of `stream`, split off for length)
        self,
        link: Link,
        exchange: Exchange,
        window: asyncio.Semaphore,
        method: str,
        params: Mapping[str, Any],
        blocks: AsyncIterator[bytes],
        timeout_after_end_ms: int,
    ) -> None:
        late: Message = ({"kind": "late"}, b"")
        try:
            await link.send({"kind": "open", "id": exchange.ident, "method": method, "params": params})
            async for block in blocks:
                try:
                    async with asyncio.timeout(timeout_after_end_ms / 1000):
                        await window.acquire()
                except TimeoutError:  # a frozen child takes no more blocks, and so would never see the end
                    exchange.answers.put_nowait(late)
                    return
                await link.send({"kind": "feed", "id": exchange.ident}, block)
            loop = asyncio.get_running_loop()
            exchange.timer = loop.call_later(timeout_after_end_ms / 1000, exchange.answers.put_nowait, late)
            await link.send({"kind": "finish", "id": exchange.ident})
        except BaseException:
            exchange.answers.put_nowait(({"kind": "broken"}, b""))
            raise
        finally:
            close = getattr(blocks, "aclose", None)  # an iterator need not have it, a generator must be told
            if close is not None:
                await close()

    # --- answers -----------------------------------------------------------------------------------------------

    def _unwrap(self, message: Message, link: Link) -> tuple[dict[str, Any], bytes]:
        head, payload = message
        if head["kind"] == "error":
            code = head["code"]
            if code in ("", "crashed", "cancelled"):
                code, text = f"{self.port}-{code or 'failed'}", f"{self.name}: {head['message']}; say it again"
                raise EngineError(code, text)
            raise EngineError(code, head["message"])
        self._settle()
        if self._max_rss and not link.busy() and link.rss_bytes() > self._max_rss:
            link.kill(f"grew beyond {self._max_rss // (1024 * 1024)} MiB and was started afresh")
        return head["data"], payload

    def _late(self, method: str, timeout_ms: int, *, begun: bool) -> EngineError:
        if begun:
            return EngineError(f"{self.port}-deadline", f"{self.name}: no answer to {method} within {timeout_ms} ms")
        return EngineError(f"{self.port}-down", f"{self.name}: still starting after {timeout_ms} ms; {self._detail}")

    def _overran(self, method: str) -> str:
        return f"did not drop {method} within {GRACE_MS} ms of being told to, so it was killed"

    async def _available(self) -> Link:
        while True:
            async with self._moved:
                await self._moved.wait_for(lambda: self._state != "starting" and not (self._link and self._link.doomed))
            link = self._link
            if link is None or self._state != "ready":
                raise EngineError(f"{self.port}-down", f"{self.name}: not running ({self._detail or self._state})")
            await link.settled()
            if link is self._link and not link.doomed:
                return link

    # --- life and death ----------------------------------------------------------------------------------------

    async def _run(self, first: asyncio.Future[None]) -> None:
        """Start, watch, restart; ends only by being cancelled."""
        while True:
            error = await self._live(first)
            self._crashes += 1
            self._restarts += 1
            if not first.done():
                first.set_exception(error)
            down = self._crashes >= RAPID_CRASHES or error.code not in (f"{self.port}-crashed", f"{self.port}-failed")
            await self._move("down" if down else "starting", error.message)
            await asyncio.sleep(min(self._backoff_first_ms * 2 ** min(self._crashes - 1, 16), BACKOFF_MAX_MS) / 1000)

    async def _live(self, first: asyncio.Future[None]) -> EngineError:
        """One child from birth to death; returns why it died."""
        link = Link(self.name, GRACE_MS)
        try:
            await link.spawn(self._factory, self._settings, self._env)
        except OSError as exc:
            return EngineError(f"{self.port}-crashed", f"{self.name}: cannot start a process: {exc}")
        try:
            async with asyncio.TaskGroup() as group:
                watched = group.create_task(self._watch(link, first))
                try:
                    why = await link.serve()
                finally:  # before anything else runs, so that no call is sent to the dead
                    self._link, self._state = None, "starting"
                watched.cancel()
        finally:
            await link.end()
        if link.failure.get("code"):
            return EngineError(link.failure["code"], why)
        return EngineError(f"{self.port}-failed" if link.failure else f"{self.port}-crashed", f"{self.name}: {why}")

    async def _watch(self, link: Link, first: asyncio.Future[None]) -> None:
        """Wait for the model, then ask for a sign of life now and then."""
        try:
            async with asyncio.timeout(self._start_timeout_s):
                await link.ready
        except TimeoutError:
            link.kill(f"was not ready after {self._start_timeout_s:.0f} s")
            return
        await self._greet(link, first)
        born = self._clock.now_ms()
        while True:
            await asyncio.sleep(self._heartbeat_s)
            if link.busy():
                continue  # its calls have deadlines of their own, and native code may hold the interpreter for long
            try:
                async with asyncio.timeout(self._ping_timeout_s):
                    await link.ping()
            except TimeoutError:
                link.kill(f"gave no sign of life for {self._ping_timeout_s:.0f} s")
                return
            if self._clock.now_ms() - born > SETTLED_MS:
                self._settle()

    async def _greet(self, link: Link, first: asyncio.Future[None]) -> None:
        self._link = link
        await self._move("ready", "")
        if not first.done():
            first.set_result(None)

    def _settle(self) -> None:
        """Forget past crashes: the engine has proven itself."""
        self._crashes = 0
        if self._announced == "down":
            self._announce("ready", "")

    async def _move(self, state: State, detail: str) -> None:
        self._state, self._detail = state, detail
        async with self._moved:
            self._moved.notify_all()
        # After "down" was announced an engine that comes and goes is not news until it has proven itself.
        if state != self._announced and not (self._announced == "down" and state != "disabled"):
            self._announce(state, detail)

    def _announce(self, state: State, detail: str) -> None:
        self._announced = state
        self._on_change(state, detail)
