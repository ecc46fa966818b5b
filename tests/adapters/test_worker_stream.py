"""Streaming through the worker protocol: partials, the final one, deadlines, and leaving early; with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from cockpitd.adapters.worker import WorkerProcess
from tests.adapters.worker_rig import error_of, run, worker


async def blocks(*items: bytes) -> AsyncIterator[bytes]:
    for item in items:
        yield item


async def collect(process: WorkerProcess, source: AsyncIterator[bytes], **params: Any) -> list[tuple[Any, bool]]:
    async with aclosing(process.stream("listen", params, source, timeout_after_end_ms=500)) as messages:  # type: ignore[type-var] # an async generator behind its interface
        return [message async for message in messages]


def test_a_stream_gives_partials_and_one_final() -> None:
    async def scenario() -> None:
        async with worker() as (process, _):
            found = await collect(process, blocks(*[b"ab"] * 300))
            assert [final for _, final in found] == [False] * 30 + [True]
            assert found[0] == ({"bytes": 20}, False)
            assert found[-1] == ({"bytes": 600, "blocks": 300, "method": "listen"}, True)
            assert (await collect(process, blocks()))[-1][0]["blocks"] == 0

    run(scenario)


@pytest.mark.parametrize(("poison", "code"), [(b"raise", "stt-wrong-rate"), (b"crash", "llm-crashed")])
def test_a_stream_that_breaks_says_so_and_the_next_works(poison: bytes, code: str) -> None:
    async def scenario() -> None:
        async with worker() as (process, _):
            assert (await error_of(collect(process, blocks(b"x", poison, *[b"y"] * 200)))).code == code
            await process.call("echo", {}, timeout_ms=20_000)
            assert (await collect(process, blocks(b"x")))[-1][0]["blocks"] == 1

    run(scenario)


def test_a_stream_has_a_deadline_after_its_last_block() -> None:
    async def scenario() -> None:
        async with worker() as (process, _):
            assert (await error_of(collect(process, blocks(b"x"), hang=True))).code == "llm-deadline"
            assert (await process.call("echo", {}, b"x", timeout_ms=20_000))[1] == b"x"

    run(scenario)


def test_leaving_a_stream_early_frees_the_engine() -> None:
    async def scenario() -> None:
        source_closed = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"ab"
            finally:
                source_closed.set()

        async with worker() as (process, announcements):
            pid = process.health().pid
            async with aclosing(process.stream("listen", {}, endless(), timeout_after_end_ms=500)) as messages:  # type: ignore[type-var] # as above
                async for _ in messages:
                    break
            assert source_closed.is_set()
            assert (await process.call("echo", {}, timeout_ms=5_000))[0]["pid"] == pid
            assert announcements.states() == ["ready"]

    run(scenario)


def test_a_broken_source_of_blocks_is_the_callers_error() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"ab"
        raise OSError("microphone unplugged")

    async def scenario() -> None:
        async with worker() as (process, _):
            with pytest.raises(OSError, match="unplugged"):
                await collect(process, broken())
            assert (await process.call("echo", {}, b"x", timeout_ms=5_000))[1] == b"x"

    run(scenario)
