"""Fences and sessions: what is stopped stays stopped, and nothing piles up."""

from __future__ import annotations

import asyncio

import pytest

from cockpitd.turn.session import MAX_SESSIONS, Fence, Overtaken, Sessions


async def test_work_passes_an_open_fence() -> None:
    async def work() -> int:
        return 7

    assert await Fence().hold(work()) == 7


async def test_stopping_cancels_the_work_and_says_so() -> None:
    fence, begun, cancelled = Fence(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    held = asyncio.create_task(fence.hold(work()))
    await begun.wait()
    fence.stop()
    with pytest.raises(Overtaken):
        await held
    assert cancelled.is_set()


async def test_an_error_of_the_work_comes_through() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Fence().hold(work())


def test_the_least_recently_used_conversation_is_forgotten() -> None:
    sessions = Sessions()
    first = sessions.of("first")
    for number in range(MAX_SESSIONS):
        sessions.of(str(number))
    assert sessions.of("first") is not first
    assert len(sessions.all()) <= MAX_SESSIONS + 1


def test_a_conversation_with_a_turn_in_progress_is_kept() -> None:
    sessions = Sessions()
    busy = sessions.of("busy")
    busy.fence()
    for number in range(MAX_SESSIONS + 5):
        sessions.of(str(number))
    assert sessions.of("busy") is busy
