"""The only mutable dialogue state: one conversation each, and the fence that keeps stale results out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from cockpitd.domain.dialogue import Dialogue

T = TypeVar("T")

MAX_SESSIONS = 256


class Overtaken(Exception):  # noqa: N818 (not an error: the driver said stop, or something newer)
    """The turn was stopped while a result was still being made; the result must be thrown away."""


class Fence:
    """A turn's view of its epoch: after `stop`, no result of it may be executed or spoken."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Tell whether the turn was stopped."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the turn from outside."""
        self._stopped.set()

    async def hold(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for `work` unless the turn is stopped first; then cancel it and raise `Overtaken`."""
        task = asyncio.ensure_future(work)
        gate = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait((task, gate), return_when=asyncio.FIRST_COMPLETED)
            if self.stopped:
                raise Overtaken
            return task.result()
        finally:
            gate.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
            if not task.cancelled():
                task.exception()  # of a stopped turn nobody else asks what became of its work


class Session:
    """One conversation: its memory, and its turns one after the other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dialogue = Dialogue()
        self.order = asyncio.Lock()
        """Turns of a conversation are answered in the order in which they were understood."""
        self.fences: set[Fence] = set()

    def fence(self) -> Fence:
        """Open a fence for a new turn."""
        fence = Fence()
        self.fences.add(fence)
        return fence

    def stop_all(self, but: Fence | None = None) -> int:
        """Stop every turn in progress but one; return how many."""
        others = [fence for fence in self.fences if fence is not but]
        for fence in others:
            fence.stop()
        return len(others)


class Sessions:
    """All conversations; the least recently used is forgotten when there are too many."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def of(self, name: str) -> Session:
        """Return the conversation called `name`, a new one if need be."""
        session = self._sessions.pop(name, None) or Session(name)
        self._sessions[name] = session
        if len(self._sessions) > MAX_SESSIONS:
            idle = next((key for key, value in self._sessions.items() if not value.fences and key != name), None)
            if idle is not None:
                del self._sessions[idle]
        return session

    def all(self) -> tuple[Session, ...]:
        """Every conversation."""
        return tuple(self._sessions.values())
