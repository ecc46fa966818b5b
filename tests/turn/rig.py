"""A cockpit with a real catalogue, real policy and real simulated car, and scripted engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpitd.adapters.sim_vehicle import SimVehicle
from cockpitd.adapters.sqlite_journal import SqliteJournal
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.policy import Limits
from cockpitd.domain.units import Scalar
from cockpitd.ports import TurnRequest
from cockpitd.turn.act import Actor
from cockpitd.turn.hub import Hub
from cockpitd.turn.metrics import Metrics
from cockpitd.turn.reader import reader_for
from cockpitd.turn.runner import TurnRunner
from cockpitd.turn.speaker import Speaker
from cockpitd.turn.turn import Parts
from tests.fakes import FakeClock, HeldPlayer, ScriptedModel, ScriptedRecogniser, ToneSynthesiser


class Rig:
    """Everything a turn needs, all of it at hand."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.clock = FakeClock()
        self.catalogue = catalogue
        self.car = SimVehicle(catalogue.signals, self.clock)
        self.journal = SqliteJournal(None)
        self.voice = ToneSynthesiser()
        self.player = HeldPlayer()
        self.model = ScriptedModel()
        self.ears = ScriptedRecogniser([""])
        self.hub = Hub()
        self.metrics = Metrics()
        actor = Actor(self.car, self.journal, Limits(), execute_timeout_ms=500)
        self.speaker = Speaker(self.voice, self.player, deadline_ms=500)
        parts = Parts(
            clock=self.clock,
            hub=self.hub,
            metrics=self.metrics,
            journal=self.journal,
            actor=actor,
            speaker=self.speaker,
            recogniser=self.ears,
            model=self.model,
            tiers=("reflex", "phrasebook", "llm"),
            default_lang="zh",
            stt_lang=None,
            stt_deadline_ms=1_000,
            llm_deadline_ms=1_000,
            max_utterance_s=10,
            preroll_ms=200,
        )
        self.runner = TurnRunner(parts, reader_for(catalogue, repair=True))

    async def say(self, text: str, **how: Any) -> Mapping[str, Any]:
        """Say something in the default session."""
        return await self.runner.say(text, TurnRequest(**how))

    def value(self, path: str) -> Scalar | None:
        """What the car reports now."""
        return self.car.state().fresh(path, 1)

    def drive(self, kmh: float = 80.0) -> None:
        """Get the car moving, in the dark."""
        self.car.set("Vehicle.Powertrain.Transmission.SelectedGear", 127)
        self.car.set("Vehicle.Speed", kmh)


def names(record: Mapping[str, Any]) -> list[str]:
    """Action names of a turn."""
    return [act["action"] for act in record["actions"]]


def outcomes(record: Mapping[str, Any]) -> list[str]:
    """Outcome, or verdict where nothing was tried, of each action of a turn."""
    return [act["outcome"] or act["verdict"] for act in record["actions"]]


def events(record: Mapping[str, Any]) -> list[str]:
    """Event names of a turn, in order."""
    return [event["event"] for event in record["events"]]
