"""The life of a daemon: start, tell systemd, listen on socket and microphone, drain, stop."""

from __future__ import annotations

import asyncio
import logging

from cockpitd.adapters.systemd_notify import SystemdNotifier, listen_sockets
from cockpitd.app import App
from cockpitd.domain.events import EngineChanged, TurnEnded, name_of
from cockpitd.errors import AudioError, CockpitError
from cockpitd.ports import TurnRequest
from cockpitd.rpc.server import RpcServer

log = logging.getLogger(__name__)

MICROPHONE_RETRY_S = 2.0
"""Pause before the microphone is opened again after it went away."""


class Daemon:
    """Serves one app until told to stop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._notifier = SystemdNotifier()
        self._reload = asyncio.Event()

    def reload_soon(self) -> None:
        """Read the action files again (SIGHUP)."""
        self._reload.set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; engines come up while the socket already answers."""
        app = self._app
        server = RpcServer(app.service, app.config.socket, app.clock, listen_sockets())
        await app.start(wait=False)
        try:
            await self._run(server, stop)
        except* CockpitError as group:
            raise group.exceptions[0] from None  # one sentence for the operator, not a tree of them
        finally:
            await app.stop()

    async def _run(self, server: RpcServer, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(stop))
            duties = [self._watch_events(), self._reloads(), self._watchdog()]
            if self._app.config.audio.source == "microphone":
                duties.append(self._ears())
            tasks = [group.create_task(duty) for duty in duties]
            await server.ready.wait()
            self._notifier.ready(f"listening on {server.address}")
            log.info("listening on %s", server.address)
            await serving
            self._notifier.stopping()
            for task in tasks:
                task.cancel()

    async def _watchdog(self) -> None:
        """Feed systemd's watchdog from the flow's own loop: if the loop hangs, systemd restarts us."""
        period = self._notifier.watchdog_period_s
        while period:
            self._notifier.watchdog()
            await asyncio.sleep(period / 3)

    async def _reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            try:
                told = await self._app.service.reload()
                log.info("read %s actions", told["actions"])
            except CockpitError as exc:
                log.error("the old action files stay in use: %s", exc)  # noqa: TRY400 (a sentence, not a traceback)

    async def _watch_events(self) -> None:
        """Write to the log what an operator wants to see of each turn."""
        queue = self._app.service.subscribe()
        try:
            while True:
                event = await queue.get()
                if isinstance(event, EngineChanged):
                    level = logging.INFO if event.state == "ready" else logging.WARNING
                    log.log(level, "engine %s is %s%s", event.engine, event.state, event.detail and f": {event.detail}")
                elif isinstance(event, TurnEnded):
                    log.info("turn %s %s in %.0f ms", event.turn_id, event.status, event.timings_ms.get("total", 0))
                else:
                    log.debug("%s", name_of(event))
        finally:
            queue.close()

    async def _ears(self) -> None:
        """Listen to the microphone, utterance after utterance, for as long as the daemon lives."""
        config = self._app.config.audio
        request = TurnRequest(session="cabin", profile=config.profile)
        while True:
            microphone = self._app.microphone()
            sound = microphone.blocks()
            try:
                while True:
                    await self._app.service.listen(sound, request)
            except AudioError as exc:
                log.warning("%s; trying again", exc)
            finally:
                await microphone.close()
            await asyncio.sleep(MICROPHONE_RETRY_S)
