"""How one message is laid out in bytes (lengths, JSON header, raw payload); no sockets and no message meanings."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

PREFIX = struct.Struct(">II")
"""Bytes of header, bytes of payload."""

MAX_HEADER_BYTES = 32 * 1024 * 1024
MAX_PAYLOAD_BYTES = 256 * 1024 * 1024


class FrameError(Exception):
    """The other end does not speak this protocol."""


def encode(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Lay out one message."""
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((PREFIX.pack(len(head), len(payload)), head, payload))


def lengths(prefix: bytes) -> tuple[int, int]:
    """Read the lengths of header and payload."""
    head, payload = PREFIX.unpack(prefix)
    if head > MAX_HEADER_BYTES or payload > MAX_PAYLOAD_BYTES:
        raise FrameError(f"a message of {head} + {payload} bytes is not one of ours")
    return head, payload


def header(data: bytes) -> dict[str, Any]:
    """Read the header of one message."""
    try:
        found = json.loads(data)
    except ValueError as exc:
        raise FrameError("a message header is not JSON") from exc
    if not isinstance(found, dict) or not isinstance(found.get("kind"), str):
        raise FrameError("a message header has no kind")
    return found
