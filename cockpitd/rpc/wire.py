"""JSON-RPC 2.0 as bytes, one JSON object a line, and the one error mapping; no socket, no methods."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cockpitd.errors import CockpitError, WireError

PROTOCOL_VERSION = 1
MAX_DEPTH = 32
MAX_ID_CHARACTERS = 128
_SHOWN = 60
"""Characters of a client's own text repeated in an error sentence."""

Id: TypeAlias = int | str | None

JSON_RPC_CODES: Mapping[str, int] = {
    "rpc-parse": -32700,
    "rpc-not-utf8": -32700,
    "rpc-too-deep": -32700,
    "rpc-invalid-request": -32600,
    "rpc-batch": -32600,
    "rpc-unknown-method": -32601,
    "rpc-invalid-params": -32602,
    "rpc-internal": -32603,
    "rpc-forbidden": -32001,
    "rpc-line-too-long": -32002,
    "rpc-idle-line": -32003,
    "rpc-rate-limited": -32004,
    "rpc-busy": -32005,
    "rpc-too-many-connections": -32006,
    "rpc-stopping": -32007,
    "rpc-version": -32008,
}
"""Kebab code -> number on the wire; every other code is `OTHER_ERROR`, and `data.code` tells them apart."""

OTHER_ERROR = -32000


@dataclass(frozen=True, slots=True)
class Request:
    """One well-formed call."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    id: Id = None
    notification: bool = False
    """True: the client wants no answer."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is not one call, and what to answer."""

    error: WireError
    id: Id = None
    """The call's id if it could be read."""


class Decoder:
    """Turns any bytes, split anywhere, into calls; it never raises and never holds more than one line."""

    def __init__(self, max_line_bytes: int, max_depth: int = MAX_DEPTH) -> None:
        self._max_line_bytes = max_line_bytes
        self._max_depth = max_depth
        self._held = bytearray()
        self._searched = 0
        self._skipping = False
        """True inside a line that was refused as too long: its rest is thrown away as it comes."""

    @property
    def pending(self) -> bool:
        """Tell whether half a line is held."""
        return self._skipping or bool(self._held)

    def feed(self, data: bytes) -> Iterator[Request | Malformed]:
        """Take bytes and yield what they complete; a line past the limit is refused before it ends."""
        self._held += data
        while (end := self._held.find(b"\n", self._searched)) >= 0:
            line = bytes(self._held[:end])
            del self._held[: end + 1]
            self._searched = 0
            if self._skipping:
                self._skipping = False
            elif len(line) > self._max_line_bytes:
                yield self._too_long()
            elif line.strip(b" \t\r"):
                yield decode(line, self._max_depth)
        self._searched = len(self._held)
        if self._skipping or len(self._held) > self._max_line_bytes:
            if not self._skipping:
                yield self._too_long()
            self._skipping = True
            self._held.clear()
            self._searched = 0

    def _too_long(self) -> Malformed:
        sentence = f"The line is longer than {self._max_line_bytes} bytes; send audio in smaller blocks"
        return Malformed(WireError("rpc-line-too-long", sentence))


def decode(line: bytes, max_depth: int = MAX_DEPTH) -> Request | Malformed:
    """Read one line as one call."""
    try:
        return _request(_json(line, max_depth))
    except _MalformedError as bad:
        return Malformed(WireError(bad.code, bad.message), bad.id)


class _MalformedError(CockpitError):
    """Carries the id, if it was readable, out of the checks below."""

    def __init__(self, code: str, message: str, id_: Id = None) -> None:
        super().__init__(code, message)
        self.id = id_


_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?$)|[\[\]{}]', re.DOTALL)
"""Possessive, and an unended string runs to the end of the line: no input makes it look at a character twice."""


def _json(line: bytes, max_depth: int) -> object:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise _MalformedError("rpc-not-utf8", f"The line is not UTF-8 at byte {exc.start}") from exc
    if _too_deep(text, max_depth):
        raise _MalformedError("rpc-too-deep", f"The JSON is nested deeper than {max_depth} levels")
    try:
        value: object = json.loads(text, parse_constant=_no_constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as exc:
        raise _MalformedError("rpc-parse", "The JSON holds half of a surrogate pair; send whole characters") from exc
    except ValueError as exc:
        # Not only JSONDecodeError: an integer of more than 4,300 digits raises a plain ValueError.
        raise _MalformedError("rpc-parse", f"The line is not JSON: {str(exc)[:_SHOWN]}") from exc
    return value


def _no_constant(name: str) -> None:
    msg = f"{name} is not a JSON number"
    raise ValueError(msg)


def _too_deep(text: str, max_depth: int) -> bool:
    """Measure the nesting before parsing: the parser recurses, and 60,000 levels would exhaust its stack."""
    if text.count("[") + text.count("{") <= max_depth:
        return False
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth:
                return True
        elif first in "]}":
            depth -= 1
    return False


def _request(value: object) -> Request:
    if isinstance(value, list):
        raise _MalformedError("rpc-batch", "Batches are not supported; send one call a line")
    if not isinstance(value, dict):
        raise _MalformedError("rpc-invalid-request", "A call is one JSON object")
    id_ = _id(value)
    if value.get("jsonrpc") != "2.0":
        raise _MalformedError("rpc-invalid-request", 'A call says "jsonrpc": "2.0"', id_)
    method = value.get("method")
    if not isinstance(method, str):
        raise _MalformedError("rpc-invalid-request", "A call names its method as a string", id_)
    params = value.get("params", {})
    if not isinstance(params, dict):
        raise _MalformedError("rpc-invalid-params", "Parameters go by name, in one JSON object", id_)
    if extra := value.keys() - {"jsonrpc", "id", "method", "params"}:
        raise _MalformedError("rpc-invalid-request", f"A call has no member {min(extra)[:_SHOWN]!r}", id_)
    return Request(method, params, id_, notification="id" not in value)


def _id(value: Mapping[str, Any]) -> Id:
    id_ = value.get("id")
    if id_ is None or (isinstance(id_, int) and not isinstance(id_, bool)):
        return id_
    if isinstance(id_, str) and len(id_) <= MAX_ID_CHARACTERS:
        return id_
    sentence = f"An id is an integer, null or a string of at most {MAX_ID_CHARACTERS} characters"
    raise _MalformedError("rpc-invalid-request", sentence)


def encode_request(request: Request) -> bytes:
    """Write a call as a line."""
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": request.method, "params": request.params}
    if not request.notification:
        body["id"] = request.id
    return _line(body)


def encode_result(id_: Id, result: object) -> bytes:
    """Write an answer as a line."""
    return _line({"jsonrpc": "2.0", "id": id_, "result": result})


def encode_notification(method: str, params: Mapping[str, Any]) -> bytes:
    """Write a message that wants no answer as a line."""
    return _line({"jsonrpc": "2.0", "method": method, "params": params})


def encode_error(id_: Id, error: CockpitError) -> bytes:
    """Write a breakage as a line: the only place where a `CockpitError` becomes JSON-RPC."""
    code = JSON_RPC_CODES.get(error.code, OTHER_ERROR)
    body = {"code": code, "message": error.message, "data": {"code": error.code}}
    return _line({"jsonrpc": "2.0", "id": id_, "error": body})


def _line(body: Mapping[str, Any]) -> bytes:
    """Write readable UTF-8; raises ValueError or TypeError for what JSON cannot hold (the server's own mistake)."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    msg = f"{type(value).__name__} is not JSON data"
    raise TypeError(msg)
