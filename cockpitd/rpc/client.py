"""A blocking client of the socket, standard library only, so that a command starts in a blink; no printing here."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from cockpitd.errors import CockpitError
from cockpitd.rpc.wire import PROTOCOL_VERSION, Request, encode_request

CONNECT_S = 2.0
ANSWER_S = 60.0
"""Longest wait for one answer; the daemon's own deadlines are far shorter."""
_READ_BYTES = 65_536


class ClientError(CockpitError):
    """No daemon answers, or it answered with something that is not an answer."""


class CallError(CockpitError):
    """The daemon said no; `code` is its own kebab-case code."""


def usual_places() -> tuple[Path, ...]:
    """Where a daemon listens when nobody says otherwise, the most specific first."""
    bases = (os.environ.get(name) for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"))
    private = [Path(base) / "cockpitd.sock" for base in bases if base]
    fallback = Path(f"/tmp/cockpitd-{os.getuid()}/cockpitd.sock")  # noqa: S108 (the configuration's last resort)
    return (*private, fallback, Path("/run/cockpitd/cockpitd.sock"))


def find_socket(given: Path | None) -> Path:
    """Return the socket to talk to: the one given, `$COCKPITD_SOCKET`, or the first usual place that has one."""
    if given is not None:
        return given
    if named := os.environ.get("COCKPITD_SOCKET"):
        return Path(named)
    places = usual_places()
    found = next((place for place in places if place.exists()), None)
    if found is None:
        looked = ", ".join(str(place) for place in places)
        raise ClientError("ctl-no-daemon", f"No cockpitd is running (no socket at {looked}); start `cockpitd run`")
    return found


class Client:
    """One connection; calls are answered one after the other, events are kept until they are asked for."""

    def __init__(self, path: Path, answer_s: float = ANSWER_S) -> None:
        self._path = path
        self._held = b""
        self._last_id = 0
        self._events: list[Mapping[str, Any]] = []
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.settimeout(CONNECT_S)
        try:
            self._sock.connect(os.fspath(path))
        except OSError as exc:
            self._sock.close()
            raise _unreachable(path, exc) from exc
        self._sock.settimeout(answer_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def hello(self) -> Mapping[str, Any]:
        """Agree on the protocol."""
        return self.call("hello", {"version": PROTOCOL_VERSION, "client": "cockpitctl"})

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Call and wait for the answer; raise `CallError` with the daemon's code when it says no."""
        self._last_id += 1
        try:
            self._sock.sendall(encode_request(Request(method, params or {}, self._last_id)))
        except TimeoutError as exc:
            raise self._late() from exc
        except OSError:
            # The daemon may have said why before it closed; reading tells, or finds the connection closed.
            pass
        while True:
            message = self._message()
            if message.get("method") == "event":
                self._events.append(message["params"])
            elif message.get("id") == self._last_id or (message.get("id") is None and "error" in message):
                return _answer(message)

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Yield events as they come, for ever; call `subscribe` first."""
        self._sock.settimeout(None)
        while True:
            while self._events:
                yield self._events.pop(0)
            message = self._message()
            if message.get("method") == "event":
                self._events.append(message["params"])

    def _message(self) -> Mapping[str, Any]:
        while b"\n" not in self._held:
            try:
                data = self._sock.recv(_READ_BYTES)
            except TimeoutError as exc:
                raise self._late() from exc
            except OSError as exc:
                raise _unreachable(self._path, exc) from exc
            if not data:
                raise ClientError("ctl-connection-lost", f"cockpitd at {self._path} closed the connection")
            self._held += data
        line, _, self._held = self._held.partition(b"\n")
        try:
            message = json.loads(line)
        except ValueError as exc:
            raise self._not_ours() from exc
        if not isinstance(message, dict):
            raise self._not_ours()
        return message

    def _not_ours(self) -> ClientError:
        return ClientError("ctl-bad-answer", f"{self._path} does not speak JSON-RPC; is it cockpitd's socket?")

    def _late(self) -> ClientError:
        return ClientError("ctl-no-answer", f"cockpitd at {self._path} did not answer in time; see `cockpitctl health`")


def _answer(message: Mapping[str, Any]) -> Mapping[str, Any]:
    error = message.get("error")
    if error is None:
        result: Mapping[str, Any] = message["result"]
        return result
    raise CallError(error.get("data", {}).get("code", "rpc-internal"), error["message"])


def _unreachable(path: Path, exc: OSError) -> ClientError:
    if isinstance(exc, PermissionError):
        return ClientError("ctl-forbidden", f"{path}: this user may not open the socket; see socket.mode or its group")
    if isinstance(exc, FileNotFoundError | ConnectionRefusedError):
        return ClientError("ctl-no-daemon", f"No cockpitd is running at {path}; start it with `cockpitd run`")
    return ClientError("ctl-unreachable", f"{path}: {exc.strerror or exc}")
