"""Progress as a terminal and as a log file see it."""

from __future__ import annotations

import io

from cockpitd.models.progress import MIB, Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told_on(stream: io.StringIO) -> str:
    times = iter(range(100))
    console = Console(stream, seconds=lambda: float(next(times)))
    console.begin("downloading it", 4 * MIB)
    console.advance(3 * MIB)
    console.note("by the way")
    console.advance(MIB)
    console.end()
    return stream.getvalue()


def test_a_log_gets_one_line_a_step() -> None:
    first, second = told_on(io.StringIO()).splitlines()
    assert first == "  by the way"
    assert second.split() == ["downloading", "it", "4.0", "MiB", "3.0", "s"]


def test_a_terminal_gets_a_bar_that_fills() -> None:
    frames = told_on(Terminal()).split("\r\033[K")
    assert " 0% of 4.0 MiB" in frames[1]
    assert "█" * 18 + "░" * 6 + "  75%" in frames[2]
    assert "100%" in frames[3]
    assert frames[-1].endswith("s\n")


def test_a_step_of_unknown_length_does_not_divide_by_zero() -> None:
    stream = Terminal()
    console = Console(stream)
    console.begin("something", 0)
    console.end()
    assert "0%" in stream.getvalue()
