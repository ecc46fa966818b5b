"""A small local HTTP server that behaves as badly as a test wants, and remembers what it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does; the tests change it between requests."""

    content: bytes
    ranges: bool = True
    """Answers a range with that part; else with all of it."""
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the next answers are cut, one an answer."""
    status: int = 0
    """Answers with this status and nothing else."""
    announce: bool = True
    """Tells the length."""
    redirect: str = ""
    asked: list[str] = field(default_factory=list)
    """The Range header of every request; empty without one."""
    url: str = ""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # the end of the connection is the end of the answer

        def do_GET(self) -> None:
            with suppress(ConnectionError):  # a client that heard enough hangs up
                _answer(self, behaviour)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        behaviour.url = f"http://127.0.0.1:{server.server_port}/models/Tiny-1-1.5B-Instruct-Q4_K_M.gguf"
        try:
            yield behaviour
        finally:
            server.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    asked = handler.headers.get("Range", "")
    behaviour.asked.append(asked)
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and behaviour.ranges else 0
    whole = len(behaviour.content)
    if behaviour.redirect:
        handler.send_response(302)
        handler.send_header("Location", behaviour.redirect)
        handler.end_headers()
        return
    if behaviour.status or (start and start >= whole):
        handler.send_response(behaviour.status or 416)
        handler.send_header("Content-Range", f"bytes */{whole}")
        handler.end_headers()
        return
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
    if behaviour.announce:
        handler.send_header("Content-Length", str(whole - start))
    handler.end_headers()
    cut = behaviour.cuts.pop(0) if behaviour.cuts else whole
    handler.wfile.write(behaviour.content[start:][:cut])
