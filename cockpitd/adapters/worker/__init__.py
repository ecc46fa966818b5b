"""The one protocol between the daemon and its engine processes; nothing about any particular engine.

For the author of an adapter. An engine lives in a child process and is a plain class with blocking methods::

    # cockpitd/adapters/echo_tts.py
    def build(settings: Mapping[str, Any]) -> WorkerEngine:      # runs in the child; load library and model here
        import echo_library
        return EchoEngine(echo_library.load(settings["model"]))

    class EchoEngine:
        def handle(self, method, params, payload, cancelled):    # one call at a time, always on the child's main thread
            for piece in work:
                if cancelled():
                    raise CallCancelled                          # stop soon: 150 ms after a cancel the child is killed
            return {"rate": 22050}, pcm_bytes                    # JSON-able answer and raw bytes

        def open_stream(self, params):                           # optional, for streaming recognisers
            return EchoStream(...)                               # feed(block) -> [partial, ...]; finish() -> final

        def close(self): ...                                     # optional, called at a clean stop
        def interrupt(self): ...                                 # optional, other thread: set a flag for native code

The daemon's side owns one `WorkerProcess`::

    worker = WorkerProcess("tts:echo", "cockpitd.adapters.echo_tts:build", {"model": "x"}, clock, on_change, 20_000)
    await worker.start()                                         # waits until the model is loaded; EngineError if not
    answer, audio = await worker.call("speak", {"text": "hi"}, timeout_ms=800)
    async with aclosing(worker.stream("listen", {}, blocks, timeout_after_end_ms=500)) as messages:
        async for data, final in messages: ...                   # partials, then exactly one with final=True
    worker.health(); await worker.stop()

Raise `CockpitError` subclasses in the child for known failures: code and message reach the caller as an `EngineError`.
Any other exception becomes `<port>-failed`; a dead child `<port>-crashed` (at once); a late answer `<port>-deadline`;
a child that cannot be had `<port>-down`. `<port>` is the part of the name before the colon. Printing to stdout is
harmless; its last lines are quoted when the child dies.
"""

from cockpitd.adapters.worker.engine import CallCancelled, WorkerEngine, WorkerStream
from cockpitd.adapters.worker.process import WorkerProcess

__all__ = ["CallCancelled", "WorkerEngine", "WorkerProcess", "WorkerStream"]
