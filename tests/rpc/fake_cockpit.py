"""A small real cockpit for socket tests: it keeps turns and signals in memory and waits when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from cockpitd.domain.audio import Pcm
from cockpitd.domain.events import Event, Heard, TurnEnded, TurnStarted, as_dict
from cockpitd.domain.units import Scalar
from cockpitd.errors import AudioError, CockpitError, VehicleError
from cockpitd.ports import TurnRequest


class FakeClock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.at_ms = 1_000

    def now_ms(self) -> int:
        return self.at_ms

    def wall_s(self) -> float:
        return 1_700_000_000 + self.at_ms / 1_000


class FakeSubscription:
    def __init__(self, cockpit: FakeCockpit) -> None:
        self._cockpit = cockpit
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    async def get(self) -> Event:
        return await self.events.get()

    def close(self) -> None:
        self._cockpit.subscriptions.discard(self)


class FakeCockpit:
    """Echoes what it hears. `wait` as text blocks until `stop`; `crash` is an unforeseen error; `fail` a coded one."""

    def __init__(self) -> None:
        self.turns: dict[str, dict[str, Any]] = {}
        self.requests: list[TurnRequest] = []
        self.signals: dict[str, Scalar] = {"Vehicle.Speed": 0.0, "Vehicle.Cabin.Lights.IsDomeOn": False}
        self.subscriptions: set[FakeSubscription] = set()
        self.waiting = asyncio.Event()
        self.stopped = asyncio.Event()
        self.hearing = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.stops: list[str] = []
        self.simulated = True

    def publish(self, event: Event) -> None:
        for subscription in self.subscriptions:
            subscription.events.put_nowait(event)

    @staticmethod
    def _act(text: str) -> dict[str, Any]:
        """`refuse` as text is refused; anything else is done."""
        refused = text == "refuse"
        return {
            "action": "LIGHTS_SET",
            "parameters": {"which": text},
            "verdict": "refuse" if refused else "allow",
            "reason": "moving" if refused else "",
            "outcome": "" if refused else "done",
        }

    def _record(self, text: str, request: TurnRequest) -> dict[str, Any]:
        turn_id = f"t{len(self.turns) + 1}"
        self.requests.append(request)
        self.publish(TurnStarted(turn_id, request.session, "typed", 1))
        self.publish(Heard(turn_id, text[:1], "zh", final=False, engine="fake", at_ms=2))
        self.publish(Heard(turn_id, text, "zh", final=True, engine="fake", at_ms=3))
        self.publish(TurnEnded(turn_id, "answered", {"total": 2.0}, 4))
        self.turns[turn_id] = {
            "turn": turn_id,
            "session": request.session,
            "lang": request.lang or "zh",
            "transcript": text,
            "heard": text,
            "tier": "phrasebook",
            "status": "answered",
            "actions": [self._act(text)],
            "spoken": f"好的：{text}",
            "timings_ms": {"understand": 1.2, "total": 2.0},
            "events": [as_dict(TurnStarted(turn_id, request.session, "typed", 1))],
        }
        return self.turns[turn_id]

    async def say(self, text: str, request: TurnRequest) -> Mapping[str, Any]:
        if text == "wait":
            self.waiting.set()
            await self.stopped.wait()
        elif text == "crash":
            raise ZeroDivisionError("a secret in a traceback")
        elif text == "fail":
            raise CockpitError("llm-deadline", "The model was too slow")
        elif text == "nan":
            return {"value": float("nan")}
        elif text == "long":
            return {"value": "x" * 200_000}
        return self._record(text, request)

    async def listen(self, audio: AsyncIterator[Pcm], request: TurnRequest) -> Mapping[str, Any]:
        """Hear blocks; a block beginning with 0xff 0xff is the end of speech, one with 0xfe 0xfe is broken."""
        heard = 0
        try:
            async for block in audio:
                self.hearing.set()
                heard += len(block.data)
                if block.data[:2] == b"\xff\xff" and request.profile != "push-to-talk":
                    break
                if block.data[:2] == b"\xfe\xfe":
                    raise AudioError("audio-clipped", "The sound is clipped")
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return self._record(f"{heard} bytes", request)

    async def answer(self, yes: bool, request: TurnRequest) -> Mapping[str, Any]:
        return self._record("yes" if yes else "no", request)

    async def stop_turn(self, session: str) -> Mapping[str, Any]:
        self.stops.append(session)
        self.stopped.set()
        return {"stopped": 1}

    def explain(self, turn_id: str) -> Mapping[str, Any]:
        if not turn_id and self.turns:
            return list(self.turns.values())[-1]
        if turn_id not in self.turns:
            raise CockpitError("turn-unknown", f"There is no turn {turn_id!r}")
        return self.turns[turn_id]

    def vehicle_state(self, paths: Sequence[str]) -> Mapping[str, Any]:
        return {path: {"value": self.signals[path], "age_ms": 5, "unit": ""} for path in paths or self.signals}

    def set_signals(self, values: Mapping[str, Scalar]) -> None:
        if not self.simulated:
            raise VehicleError("vehicle-not-simulated", "This car is real")
        self.signals.update(values)

    def describe_actions(self) -> Sequence[Mapping[str, Any]]:
        title = {"zh": "播放音乐", "en": "Play music"}
        return [{"action": "MUSIC_PLAY", "title": title, "class": "command", "risk": "reversible", "parameters": {}}]

    def health(self) -> Mapping[str, Any]:
        engine = {"name": "stt:fake", "state": "ready", "pid": None, "restarts": 0, "rss_bytes": 0, "detail": ""}
        return {"ok": True, "version": "0", "uptime_s": 1.5, "engines": [engine]}

    def metrics(self) -> Mapping[str, Any]:
        return {"turns": len(self.turns), "misses": 0}

    def subscribe(self) -> FakeSubscription:
        subscription = FakeSubscription(self)
        self.subscriptions.add(subscription)
        return subscription

    async def reload(self) -> Mapping[str, Any]:
        return {"actions": 1}
