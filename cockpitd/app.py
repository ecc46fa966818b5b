"""The composition root: reads a configuration, picks the adapters, wires the flow; the only importer of adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from cockpitd.adapters.sqlite_journal import SqliteJournal
from cockpitd.adapters.system_clock import SystemClock
from cockpitd.catalogue import load as load_catalogue
from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.events import EngineChanged
from cockpitd.domain.policy import Limits
from cockpitd.domain.units import Scalar
from cockpitd.errors import ConfigError, EngineError, VehicleError
from cockpitd.ports import Clock, Engine, LanguageModel, Microphone, Player, Recogniser, Synthesiser, VehicleBackend
from cockpitd.turn.act import Actor
from cockpitd.turn.hub import Hub
from cockpitd.turn.metrics import Metrics
from cockpitd.turn.reader import Reader, reader_for
from cockpitd.turn.runner import TurnRunner
from cockpitd.turn.service import CockpitService
from cockpitd.turn.speaker import Speaker
from cockpitd.turn.turn import Parts

OnChange = Callable[[str, str], None]


class App:
    """One daemon's worth of parts, started and stopped together."""

    def __init__(self, config: Config, *, clock: Clock | None = None, persist: bool = True) -> None:
        """Build everything; raises `ConfigError` or `CatalogueError`. Nothing runs yet."""
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.hub = Hub()
        self.catalogue = load_catalogue(extra=config.actions)
        self.vehicle: VehicleBackend = _adapter(config.vehicle.backend, "vehicle").create(
            config, self.catalogue, self.clock
        )
        self.recogniser: Recogniser | None = self._engine(config.stt.engine, "stt")
        self.model: LanguageModel | None = self._engine(config.llm.engine, "llm")
        self.synthesiser: Synthesiser | None = self._engine(config.tts.engine, "tts")
        player: Player = _adapter(config.tts.player, "player").create(config, self.clock)
        self.journal = SqliteJournal(config.state_dir / "journal.sqlite3" if persist else None)
        self.speaker = Speaker(self.synthesiser, player, config.tts.deadline_ms)
        self.runner = TurnRunner(self._parts(), self._reader(self.catalogue))
        self.service = CockpitService(self.runner, self.engines, self._set_signal, self._reload)

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engines in use."""
        return tuple(engine for engine in (self.recogniser, self.model, self.synthesiser) if engine is not None)

    def microphone(self) -> Microphone:
        """Open ears on the configured device; imported here because it needs PortAudio."""
        ears: Microphone = import_module("cockpitd.adapters.microphone").create(self.config)
        return ears

    def _parts(self) -> Parts:
        config = self.config
        limits = Limits(confirm_below=config.policy.confirm_below, confirm_ttl_ms=config.policy.confirm_ttl_ms)
        return Parts(
            clock=self.clock,
            hub=self.hub,
            metrics=Metrics(),
            journal=self.journal,
            actor=Actor(self.vehicle, self.journal, limits, config.vehicle.execute_timeout_ms),
            speaker=self.speaker,
            recogniser=self.recogniser,
            model=self.model,
            tiers=config.understanding.tiers,
            default_lang=config.lang,
            stt_lang=None if config.stt.lang == "auto" else config.stt.lang,
            stt_deadline_ms=config.stt.deadline_ms,
            llm_deadline_ms=config.llm.deadline_ms,
            max_utterance_s=config.audio.max_utterance_s,
            preroll_ms=config.audio.preroll_ms,
        )

    def _reader(self, catalogue: Catalogue) -> Reader:
        return reader_for(catalogue, repair=self.config.understanding.repair)

    def _engine(self, name: str, port: str) -> Any:  # noqa: ANN401 (the port decides the type; the callers name it)
        if name == "none":
            return None
        return _adapter(name, port).create(self.config, self.catalogue, self.clock, self._told(port))

    def _told(self, port: str) -> OnChange:
        def on_change(state: str, detail: str) -> None:
            self.hub.publish(EngineChanged("", port, state, detail, self.clock.now_ms()))

        return on_change

    async def start(self, *, wait: bool = True) -> None:
        """Start the car and the engines; an engine that does not come up is announced, and keeps trying by itself."""
        await self.vehicle.start()
        self._starting = asyncio.gather(*(self._bring_up(engine) for engine in self.engines))
        if wait:
            await self._starting

    async def _bring_up(self, engine: Engine) -> None:
        try:
            await engine.start()
        except EngineError as exc:
            self.hub.publish(EngineChanged("", engine.health().name, "down", exc.message, self.clock.now_ms()))

    async def stop(self) -> None:
        """Fall silent, end the engines, close the journal."""
        self._starting.cancel()
        await asyncio.gather(self._starting, return_exceptions=True)
        await self.speaker.close()
        for engine in self.engines:
            await engine.stop()
        await self.vehicle.stop()
        self.journal.close()

    async def _reload(self) -> None:
        """Read the action files again; the old catalogue, car and model stay in use unless all of it succeeds."""
        # In a thread, because two seconds of reading would starve the watchdog and every turn.
        catalogue = await asyncio.to_thread(load_catalogue, extra=self.config.actions)
        reader = await asyncio.to_thread(self._reader, catalogue)
        self.vehicle.adopt(catalogue)
        self.catalogue = catalogue
        if self.model is not None:
            await self.model.adopt(catalogue)
        self.runner.reader = reader

    def reset_vehicle(self, values: Mapping[str, Scalar]) -> None:
        """Bring a simulated car back to its first state, with `values` on top."""
        reset: Callable[[], None] | None = getattr(self.vehicle, "reset", None)
        if reset is None:
            raise VehicleError("vehicle-not-simulated", "cases can be replayed only with `vehicle.backend: sim`")
        reset()
        for path, value in values.items():
            self._set_signal(path, value)

    def _set_signal(self, path: str, value: Scalar) -> None:
        setter: Callable[[str, Scalar], None] | None = getattr(self.vehicle, "set", None)
        if setter is None:
            raise VehicleError("vehicle-not-simulated", "signals can be set by hand only with `vehicle.backend: sim`")
        setter(path, value)


@asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None, persist: bool = True) -> AsyncIterator[App]:
    """Run an app for the length of a `with` block."""
    app = App(config, clock=clock, persist=persist)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def _adapter(name: str, port: str) -> ModuleType:
    """Import `cockpitd.adapters.<name>_<port>`; adding an engine is adding that one file."""
    if not name.isidentifier():
        raise ConfigError("config-adapter", f"{port}: {name!r} is not an adapter name")
    module = f"cockpitd.adapters.{name}_{port}"
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name != module:
            raise ConfigError(
                "config-adapter", f"{port}: {name!r} needs the package {exc.name!r}, which is not installed"
            ) from exc
        raise ConfigError("config-adapter", f"{port}: there is no adapter {name!r} (no module {module})") from exc
