"""Fan-out of events to subscribers through bounded queues; it never blocks the flow."""

from __future__ import annotations

import asyncio
from collections import deque

from cockpitd.domain.events import LOW_VALUE, Event, name_of

QUEUE_EVENTS = 512


class EventQueue:
    """One subscriber: low-value events are dropped oldest first when full, then the oldest of any kind."""

    def __init__(self, hub: Hub, limit: int = QUEUE_EVENTS) -> None:
        self._hub = hub
        self._limit = limit
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self.dropped = 0

    def put(self, event: Event) -> None:
        """Take an event without ever waiting."""
        if len(self._events) >= self._limit:
            self._make_room()
        self._events.append(event)
        self._ready.set()

    def _make_room(self) -> None:
        self.dropped += 1
        for index, event in enumerate(self._events):
            if name_of(event) in LOW_VALUE:
                del self._events[index]
                return
        self._events.popleft()

    async def get(self) -> Event:
        """Wait for the next event."""
        while not self._events:
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()

    def close(self) -> None:
        """Leave."""
        self._hub.drop(self)


class Hub:
    """All subscribers."""

    def __init__(self) -> None:
        self._queues: set[EventQueue] = set()

    def publish(self, event: Event) -> None:
        """Hand an event to everybody."""
        for queue in self._queues:
            queue.put(event)

    def subscribe(self) -> EventQueue:
        """Open a queue."""
        queue = EventQueue(self)
        self._queues.add(queue)
        return queue

    def drop(self, queue: EventQueue) -> None:
        """Forget a queue."""
        self._queues.discard(queue)
