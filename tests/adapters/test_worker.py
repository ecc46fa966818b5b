"""The worker protocol against real child processes: answers, failures, crashes, hangs and cancels of calls."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from cockpitd.adapters.worker.frames import FrameError, encode, header, lengths
from tests.adapters.worker_rig import begun, error_of, fifo, run, worker


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
