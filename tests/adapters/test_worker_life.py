"""How an engine process starts, is restarted, is given up and ends; with real processes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.worker_rig import HERE, Announcements, answer_or_none, begun, error_of, fifo, make, run, worker


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


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    pipe = fifo(tmp_path / "child")
    script = f"""
import asyncio, os, signal, sys
sys.path.insert(0, {str(HERE)!r})
from worker_rig import Announcements, make
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
