"""The daemon as clients see it (`ports.Cockpit`): turns from the runner, the rest read from its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from cockpitd import __version__
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Pcm
from cockpitd.domain.units import Scalar
from cockpitd.errors import CockpitError
from cockpitd.ports import Engine, TurnRequest
from cockpitd.turn.hub import EventQueue
from cockpitd.turn.runner import TurnRunner


class CockpitService:
    """Everything the socket, the command line and replay can ask for."""

    def __init__(
        self,
        runner: TurnRunner,
        engines: Sequence[Engine],
        set_signal: Callable[[str, Scalar], None],
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        self._runner = runner
        self._engines = engines
        self._set_signal = set_signal
        self._reload = reload
        self._started_ms = runner.parts.clock.now_ms()

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in use."""
        return self._runner.reader.catalogue

    async def say(self, text: str, request: TurnRequest) -> Mapping[str, Any]:
        """Run a typed turn."""
        return await self._runner.say(text, request)

    async def listen(self, audio: AsyncIterator[Pcm], request: TurnRequest) -> Mapping[str, Any]:
        """Run a spoken turn."""
        return await self._runner.listen(audio, request)

    async def answer(self, yes: bool, request: TurnRequest) -> Mapping[str, Any]:  # noqa: FBT001 (it is the answer itself)
        """Answer the open question."""
        return await self._runner.answer(yes, request)

    async def stop_turn(self, session: str) -> Mapping[str, Any]:
        """Silence and cancel."""
        return await self._runner.stop_turn(session)

    def explain(self, turn_id: str) -> Mapping[str, Any]:
        """Return a kept turn."""
        found = self._runner.parts.journal.explain(turn_id)
        if found is None:
            which = turn_id or "at all"
            raise CockpitError("turn-unknown", f"no turn {which} in the journal; `cockpitctl watch` shows their ids")
        return found

    def vehicle_state(self, paths: Sequence[str]) -> Mapping[str, Any]:
        """Path -> value, age and unit."""
        state = self._runner.parts.actor.state()
        chosen = paths or sorted(state.readings)
        unknown = [path for path in chosen if path not in self.catalogue.signals]
        if unknown:
            raise CockpitError("signal-unknown", f"no signal {unknown[0]} in the catalogue; see `cockpitctl state`")
        return {
            path: {
                "value": reading.value if (reading := state.readings.get(path)) else None,
                "age_ms": state.now_ms - reading.at_ms if reading else None,
                "unit": self.catalogue.signals[path].unit,
            }
            for path in chosen
        }

    def set_signals(self, values: Mapping[str, Scalar]) -> None:
        """Set signals of a simulated car."""
        for path, value in values.items():
            self._set_signal(path, value)

    def describe_actions(self) -> Sequence[Mapping[str, Any]]:
        """All actions in short."""
        return [
            {
                "action": spec.name,
                "domain": spec.domain,
                "title": dict(spec.title),
                "class": spec.klass,
                "risk": spec.risk,
                "parameters": dict(spec.parameters),
                "examples": {lang: [example.say for example in found] for lang, found in spec.examples.items()},
            }
            for spec in self.catalogue.actions.values()
        ]

    def health(self) -> Mapping[str, Any]:
        """Engines and uptime; `ok` is about what can still be promised: reflex, stop and safety need no engine."""
        found = [engine.health() for engine in self._engines]
        return {
            "ok": all(one.state in ("ready", "disabled") for one in found),
            "version": __version__,
            "uptime_s": round((self._runner.parts.clock.now_ms() - self._started_ms) / 1000, 1),
            "actions": len(self.catalogue.actions),
            "engines": [
                {
                    "name": one.name,
                    "state": one.state,
                    "pid": one.pid,
                    "restarts": one.restarts,
                    "rss_bytes": one.rss_bytes,
                    "detail": one.detail,
                }
                for one in found
            ],
        }

    def metrics(self) -> Mapping[str, Any]:
        """Counts and latencies."""
        return self._runner.parts.metrics.as_dict()

    def subscribe(self) -> EventQueue:
        """Open an event queue."""
        return self._runner.parts.hub.subscribe()

    async def reload(self) -> Mapping[str, Any]:
        """Read the action files again; a fault leaves the old catalogue in use."""
        await self._reload()
        return {"actions": len(self.catalogue.actions)}
