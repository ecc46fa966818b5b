"""The worker protocol against real child processes: answers, streams, crashes, hangs, cancels, restarts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cockpitd.adapters.worker import WorkerProcess
from cockpitd.adapters.worker.frames import FrameError, encode, header, lengths
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


def test_a_frame_is_read_back_as_it_was_written() -> None:
    data = encode({"kind": "x", "text": "夜曲"}, b"\x00\xff")
    head, payload = lengths(data[:8])
    assert header(data[8 : 8 + head]) == {"kind": "x", "text": "夜曲"}
    assert data[8 + head :] == b"\x00\xff"
    assert payload == 2


@pytest.mark.parametrize("data", [b"nonsense", b"[1]", b"{}", b'{"kind": 3}'])
def test_a_header_that_is_not_ours_is_an_error(data: bytes) -> None:
    with pytest.raises(FrameError):
        header(data)


def test_absurd_lengths_are_refused_before_anything_is_allocated() -> None:
    with pytest.raises(FrameError):
        lengths(b"\xff" * 8)


def test_five_megabytes_go_there_and_back() -> None:
    async def scenario() -> None:
        payload = os.urandom(5_000_000)
        async with worker() as (process, _):
            data, back = await process.call("echo", {"a": "夜曲"}, payload, timeout_ms=10_000)
            assert data["params"] == {"a": "夜曲"}
            assert back == payload
            assert data["parent"] == os.getpid()

    run(scenario)


def test_health_tells_pid_and_memory() -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            data, _ = await process.call("echo", {}, timeout_ms=5_000)
            health = process.health()
            assert (health.name, health.state, health.pid) == ("llm:test", "ready", data["pid"])
            assert health.rss_bytes > 1_000_000
        assert process.health().state == "disabled"
        assert announcements.states() == ["ready", "disabled"]

    run(scenario)


def test_printing_to_stdout_does_not_break_the_protocol() -> None:
    async def scenario() -> None:
        async with worker() as (process, _):
            assert (await process.call("noisy", {}, timeout_ms=5_000))[0] == {"ok": True}
            assert (await process.call("echo", {}, b"x", timeout_ms=5_000))[1] == b"x"

    run(scenario)


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("fail", {"coded": True}, "llm-malformed", "the model wrote no JSON"),
        ("fail", {}, "llm-failed", "ValueError: line one line two"),
        ("unserialisable", {}, "llm-failed", "TypeError"),
        ("no_such_method", {}, "llm-failed", "AttributeError"),
    ],
)
def test_a_failed_call_is_told_in_one_line_and_the_engine_lives(
    method: str, params: dict[str, Any], code: str, text: str
) -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            pid = process.health().pid
            error = await error_of(process.call(method, params, timeout_ms=5_000))
            assert error.code == code
            assert text in error.message
            assert "\n" not in error.message
            assert (await process.call("echo", {}, timeout_ms=5_000))[0]["pid"] == pid
            assert announcements.states() == ["ready"]

    run(scenario)


def test_a_crash_ends_the_call_at_once_and_the_next_one_works() -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            before = time.monotonic()
            error = await error_of(process.call("crash", {}, timeout_ms=60_000))
            assert time.monotonic() - before < 20
            assert error.code == "llm-crashed"
            assert "SIGABRT" in error.message
            assert (await process.call("echo", {}, b"again", timeout_ms=20_000))[1] == b"again"
            assert announcements.states() == ["ready", "starting", "ready"]
            assert process.health().restarts == 1

    run(scenario)


def test_kill_minus_nine_in_the_middle_of_a_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with worker() as (process, _):
            pipe = fifo(tmp_path / "begun")
            call = asyncio.create_task(process.call("deaf", {"fifo": str(pipe)}, timeout_ms=60_000))
            os.kill(await begun(pipe), signal.SIGKILL)
            error = await error_of(call)
            assert error.code == "llm-crashed"
            assert "SIGKILL" in error.message
            assert (await process.call("echo", {}, b"x", timeout_ms=20_000))[1] == b"x"

    run(scenario)


def test_a_polite_engine_survives_a_missed_deadline() -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            pid = process.health().pid
            assert (await error_of(process.call("polite", {}, timeout_ms=20))).code == "llm-deadline"
            assert (await process.call("echo", {}, timeout_ms=5_000))[0]["pid"] == pid
            assert announcements.states() == ["ready"]

    run(scenario)


def test_an_engine_that_ignores_the_cancel_is_killed_and_replaced() -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            pid = process.health().pid
            assert (await error_of(process.call("deaf", {}, timeout_ms=20))).code == "llm-deadline"
            await announcements.wait_for("ready", times=2)
            assert "did not drop deaf" in announcements.seen[1][1]
            assert (await process.call("echo", {}, timeout_ms=5_000))[0]["pid"] != pid

    run(scenario)


def test_a_stopped_child_is_found_by_the_missed_deadline(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            pid = process.health().pid or 0
            os.kill(pid, signal.SIGSTOP)
            # More than the socket buffers hold, so the write itself is stuck as well.
            error = await error_of(process.call("echo", {}, b"x" * 3_000_000, timeout_ms=50))
            assert error.code == "llm-deadline"
            await announcements.wait_for("ready", times=2)
            assert (await process.call("echo", {}, timeout_ms=5_000))[0]["pid"] != pid

    run(scenario)


def test_a_stopped_idle_child_is_found_by_the_heartbeat() -> None:
    async def scenario() -> None:
        async with worker(heartbeat_ms=20, ping_timeout_ms=200) as (process, announcements):
            os.kill(process.health().pid or 0, signal.SIGSTOP)
            await announcements.wait_for("ready", times=2)
            assert "no sign of life" in announcements.seen[1][1]

    run(scenario)


def test_a_cancelled_call_frees_the_engine(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            pid = process.health().pid
            pipe = fifo(tmp_path / "begun")
            call = asyncio.create_task(process.call("polite", {"fifo": str(pipe)}, timeout_ms=60_000))
            await begun(pipe)
            waiting = asyncio.create_task(process.call("echo", {}, b"queued", timeout_ms=60_000))
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            data, payload = await waiting
            assert (data["pid"], payload) == (pid, b"queued")
            assert announcements.states() == ["ready"]

    run(scenario)


def test_a_call_that_never_began_is_dropped_without_killing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with worker() as (process, announcements):
            pipe = fifo(tmp_path / "begun")
            first = asyncio.create_task(process.call("polite", {"fifo": str(pipe)}, timeout_ms=60_000))
            pid = await begun(pipe)
            assert (await error_of(process.call("echo", {}, timeout_ms=400))).code == "llm-deadline"
            # An answer to a request behind the stuck one proves that the grace time of the dropped one has no victim.
            assert (await error_of(process.call("echo", {}, timeout_ms=400))).code == "llm-deadline"
            first.cancel()
            assert (await process.call("echo", {}, timeout_ms=5_000))[0]["pid"] == pid
            assert announcements.states() == ["ready"]

    run(scenario)


def test_a_crash_loop_is_announced_once_and_calls_fail_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        poison = tmp_path / "poison"
        async with worker({"crash_while": str(poison)}) as (process, announcements):
            poison.touch()
            assert (await error_of(process.call("crash", {}, timeout_ms=60_000))).code == "llm-crashed"
            await announcements.wait_for("down")
            error = await error_of(process.call("echo", {}, timeout_ms=60_000))
            assert error.code == "llm-down"
            assert process.health().state in ("down", "starting")
            assert process.health().restarts >= 5
            poison.unlink()
            while (await answer_or_none(process)) is None:
                pass
            assert announcements.states() == ["ready", "starting", "down", "ready"]

    run(scenario)


async def answer_or_none(process: WorkerProcess) -> bytes | None:
    """One attempt; a refusal costs one trip through the event loop, so the caller may simply ask again."""
    try:
        return (await process.call("echo", {}, b"back", timeout_ms=20_000))[1]
    except EngineError as exc:
        assert exc.code == "llm-down"  # noqa: PT017 (which refusal it is, is part of the promise)
        await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)
        return None


@pytest.mark.parametrize(
    ("settings", "code", "text"),
    [
        ({"model": "/nowhere.gguf"}, "model-missing", "/nowhere.gguf: no such model"),
        ({"broken": True}, "llm-failed", "RuntimeError: the library is not what it was"),
    ],
)
def test_start_raises_what_the_factory_raised(settings: dict[str, Any], code: str, text: str) -> None:
    async def scenario() -> None:
        process = make(Announcements(), settings)
        error = await error_of(process.start())
        assert error.code == code
        assert text in error.message
        await process.stop()

    run(scenario)


def test_start_gives_up_on_a_child_that_never_gets_ready() -> None:
    async def scenario() -> None:
        process = make(Announcements(), {"never_ready": True}, start_timeout_ms=300)
        error = await error_of(process.start())
        assert error.code == "llm-crashed"
        assert "not ready" in error.message
        await process.stop()

    run(scenario)


def test_an_engine_comes_up_by_itself_once_its_model_is_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        model = tmp_path / "m.gguf"
        announcements = Announcements()
        process = make(announcements, {"model": str(model)})
        await error_of(process.start())
        assert (await error_of(process.call("echo", {}, timeout_ms=5_000))).code == "llm-down"
        model.touch()
        while (await answer_or_none(process)) is None:
            pass
        await process.stop()
        assert announcements.states() == ["down", "ready", "disabled"]

    run(scenario)


def test_stop_closes_the_engine_and_leaves_no_process(tmp_path: Path) -> None:
    async def scenario() -> None:
        farewell = tmp_path / "farewell"
        async with worker({"farewell": str(farewell)}) as (process, _):
            pid = process.health().pid or 0
        assert farewell.read_text() == "closed"
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert (await error_of(process.call("echo", {}, timeout_ms=1_000))).code == "llm-down"

    run(scenario)


def test_stop_in_the_middle_of_a_deaf_call_still_ends_the_child(tmp_path: Path) -> None:
    async def scenario() -> None:
        pipe = fifo(tmp_path / "begun")
        async with worker() as (process, _):
            call = asyncio.create_task(process.call("deaf", {"fifo": str(pipe)}, timeout_ms=60_000))
            pid = await begun(pipe)
        assert (await error_of(call)).code == "llm-crashed"
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    run(scenario)


def test_an_engine_that_grows_too_fat_is_started_afresh() -> None:
    async def scenario() -> None:
        async with worker(max_rss_mb=150) as (process, announcements):
            pid = (await process.call("hoard", {"bytes": 200_000_000}, timeout_ms=20_000))[0]["pid"]
            assert (await process.call("hoard", {"bytes": 1}, timeout_ms=20_000))[0]["pid"] != pid
            assert "150 MiB" in announcements.seen[1][1]

    run(scenario)


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


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    pipe = fifo(tmp_path / "child")
    script = f"""
import asyncio, os, signal, sys
sys.path.insert(0, {str(HERE)!r})
from test_worker import Announcements, make
async def main():
    process = make(Announcements())
    await process.start()
    task = asyncio.create_task(process.call("deaf", {{"fifo": {str(pipe)!r}}}, timeout_ms=60_000))
    await task
asyncio.run(main())
"""

    async def scenario() -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=env)
        child = await begun(pipe)
        handle = os.pidfd_open(child)
        parent.kill()
        await parent.wait()
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(handle, gone.set)
        await gone.wait()
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)

    run(scenario)
