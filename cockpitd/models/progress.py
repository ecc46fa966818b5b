"""Progress of long jobs on standard error: a bar on a terminal, plain lines elsewhere; it knows no job."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol, TextIO

REDRAW_S = 0.1
BAR_CELLS = 24
MIB = 1024 * 1024


class Progress(Protocol):
    """What a long job reports to."""

    def begin(self, label: str, total: int) -> None:
        """Start a step of `total` bytes."""
        ...

    def advance(self, count: int) -> None:
        """Tell that `count` more bytes are done."""
        ...

    def end(self) -> None:
        """Finish the step."""
        ...

    def note(self, text: str) -> None:
        """Say one line."""
        ...


class Silent:
    """Reports to nobody."""

    def begin(self, label: str, total: int) -> None:
        """Ignore."""

    def advance(self, count: int) -> None:
        """Ignore."""

    def end(self) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Ignore."""


class Console:
    """A bar that redraws itself on a terminal; one line at each step's end elsewhere."""

    def __init__(self, stream: TextIO | None = None, seconds: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._seconds = seconds
        self._live = self._stream.isatty()
        self._label = ""
        self._total = self._done = 0
        self._began = self._drawn = 0.0

    def begin(self, label: str, total: int) -> None:
        """Start a step of `total` bytes."""
        self._label, self._total, self._done = label, total, 0
        self._began, self._drawn = self._seconds(), 0.0
        self._draw()

    def advance(self, count: int) -> None:
        """Tell that `count` more bytes are done."""
        self._done += count
        if self._seconds() - self._drawn >= REDRAW_S:
            self._draw()

    def end(self) -> None:
        """Finish the step with the time it took."""
        took = self._seconds() - self._began
        clear = "\r\033[K" if self._live else ""
        self._write(f"{clear}  {self._label:<44} {self._done / MIB:7.1f} MiB  {took:5.1f} s\n")

    def note(self, text: str) -> None:
        """Say one line."""
        self._write(f"  {text}\n")

    def _draw(self) -> None:
        if not self._live:
            return
        self._drawn = self._seconds()
        share = min(1.0, self._done / self._total) if self._total else 0.0
        bar = "█" * round(share * BAR_CELLS)
        self._write(f"\r\033[K  {self._label:<44} {bar:░<{BAR_CELLS}} {share:4.0%} of {self._total / MIB:.1f} MiB")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
