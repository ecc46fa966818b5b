"""The events and timings of one turn as they happen, sent on to whoever listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cockpitd.domain.events import DeadlineMissed, Event
from cockpitd.ports import Clock
from cockpitd.turn.hub import Hub


class TurnLog:
    """Collects what a turn does; times count from the end of speech (`captured_ms`)."""

    def __init__(self, turn_id: str, clock: Clock, hub: Hub) -> None:
        self.turn_id = turn_id
        self.clock = clock
        self.events: list[Event] = []
        self.timings_ms: dict[str, float] = {}
        self.captured_ms = clock.now_ms()
        self._hub = hub

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self.clock.now_ms()

    def emit(self, event: Event) -> None:
        """Record an event and publish it."""
        self.events.append(event)
        self._hub.publish(event)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; several visits add up."""
        began = self.now_ms()
        try:
            yield
        finally:
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + self.now_ms() - began

    def since_capture(self, name: str) -> int:
        """Note how long after the end of speech this moment is."""
        took = max(0, self.now_ms() - self.captured_ms)
        self.timings_ms[name] = took
        return took

    def within(self, stage: str, budget_ms: int) -> None:
        """Announce a miss when `stage` took longer than its budget."""
        took = self.timings_ms.get(stage, 0.0)
        if took > budget_ms:
            self.emit(DeadlineMissed(self.turn_id, stage, budget_ms, int(took), self.now_ms()))
