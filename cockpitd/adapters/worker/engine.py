"""What an engine inside a child process must look like; no transport and no engine code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

Answer: TypeAlias = tuple[Mapping[str, Any], bytes]
"""JSON-able data and raw bytes."""


class CallCancelled(Exception):  # noqa: N818 (not an error: the caller no longer wants the answer)
    """Raised by an engine that saw its `cancelled()` turn true."""


class WorkerEngine(Protocol):
    """Blocking engine, called only from the child's main thread.

    `open_stream(params) -> WorkerStream` and `close() -> None` are optional; so is `interrupt() -> None`, called from
    another thread the moment a running request is cancelled: it may only set a flag that native code looks at.
    """

    def handle(self, method: str, params: Mapping[str, Any], payload: bytes, cancelled: Callable[[], bool]) -> Answer:
        """Answer one call."""
        ...


class WorkerStream(Protocol):
    """One utterance being recognised."""

    def feed(self, block: bytes) -> list[dict[str, Any]]:
        """Take one block and return what is new, often nothing."""
        ...

    def finish(self) -> dict[str, Any]:
        """Return the final result; called once, after the last block."""
        ...
