"""Event queues: order, bounds, and which events a full queue may lose."""

from __future__ import annotations

from cockpitd.domain.events import Heard, TurnEnded, name_of
from cockpitd.turn.hub import EventQueue, Hub


def partial(text: str) -> Heard:
    return Heard("t", text, "zh", final=False, engine="e", at_ms=0)


def ended(turn_id: str) -> TurnEnded:
    return TurnEnded(turn_id, "answered", {}, 0)


async def test_every_subscriber_gets_every_event_in_order() -> None:
    hub = Hub()
    one, two = hub.subscribe(), hub.subscribe()
    for number in range(3):
        hub.publish(ended(str(number)))
    for queue in (one, two):
        got = [await queue.get() for _ in range(3)]
        assert got == [ended("0"), ended("1"), ended("2")]


async def test_a_full_queue_loses_low_value_events_first() -> None:
    queue = EventQueue(Hub(), limit=3)
    for event in (ended("1"), partial("a"), ended("2"), ended("3"), ended("4")):
        queue.put(event)
    got = [await queue.get() for _ in range(3)]
    assert [name_of(event) for event in got] == ["turn-ended"] * 3
    assert got[0] == ended("2")
    assert queue.dropped == 2


async def test_who_left_gets_nothing_more() -> None:
    hub = Hub()
    queue = hub.subscribe()
    queue.close()
    hub.publish(ended("1"))
    other = hub.subscribe()
    hub.publish(ended("2"))
    assert await other.get() == ended("2")
