"""What the worker tests share: real child processes of `worker_engines.py`, and ears for what is announced."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cockpitd.adapters.worker import WorkerProcess
from cockpitd.errors import EngineError

HERE = Path(__file__).parent
T = TypeVar("T")


class MonotonicClock:
    """The real clock: these tests run real processes."""

    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall_s(self) -> float:
        return time.time()


class Announcements:
    """Collects what the worker announces and lets a test wait for a state."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, state: str, detail: str) -> None:
        self.seen.append((state, detail))
        task = asyncio.get_running_loop().create_task(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def wait_for(self, state: str, times: int = 1) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: self.states().count(state) >= times)

    def states(self) -> list[str]:
        return [state for state, _ in self.seen]


def run(scenario: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(60):
            return await scenario()

    return asyncio.run(bounded())


def make(announcements: Announcements, settings: dict[str, Any] | None = None, **options: Any) -> WorkerProcess:
    env = {"PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}
    timeout_ms = options.pop("start_timeout_ms", 20_000)
    return WorkerProcess(
        "llm:test",
        "worker_engines:build",
        settings or {},
        MonotonicClock(),
        announcements,
        timeout_ms,
        env=env,
        **{"backoff_first_ms": 5, **options},
    )


@asynccontextmanager
async def worker(
    settings: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[WorkerProcess, Announcements]]:
    announcements = Announcements()
    process = make(announcements, settings, **options)
    await process.start()
    try:
        yield process, announcements
    finally:
        await process.stop()


async def error_of(awaitable: Awaitable[Any]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await awaitable
    return caught.value


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


async def begun(path: Path) -> int:
    """Wait until the child says, through the named pipe, that a call is under way; return its pid."""
    return int(await asyncio.to_thread(path.read_text, encoding="utf-8"))


async def answer_or_none(process: WorkerProcess) -> bytes | None:
    """One attempt; a refusal costs one trip through the event loop, so the caller may simply ask again."""
    try:
        return (await process.call("echo", {}, b"back", timeout_ms=20_000))[1]
    except EngineError as exc:
        assert exc.code == "llm-down"  # noqa: PT017 (which refusal it is, is part of the promise)
        await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)
        return None
