"""What to make of the tokens whisper wrote: segments, loops, confidence; pure, no model here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TICK_S = 0.02
"""Seconds per timestamp token."""
TOKENS_PER_SECOND = 12
"""Faster than anyone speaks; what exceeds it is a loop."""
_SLACK_S = 0.3
_NO_SPEECH = 0.6
_NO_SPEECH_LOGPROB = -1.0
"""Whisper's own two thresholds; on a short block they are crossed by clear words too, so they only raise a doubt."""

_GUESSED_LOGPROB = -1.3
"""Below this the words are a guess, whatever the first number says."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text between two timestamps."""

    start_s: float
    tokens: tuple[int, ...]


def segments(tokens: Iterable[int], timestamp_begin: int) -> list[Segment]:
    """Cut a token sequence at its timestamps."""
    found: list[Segment] = []
    start_s, inside = 0.0, list[int]()
    for token in tokens:
        if token < timestamp_begin:
            inside.append(token)
            continue
        if inside:
            found.append(Segment(start_s, tuple(inside)))
            inside = []
        start_s = (token - timestamp_begin) * TICK_S
    if inside:
        found.append(Segment(start_s, tuple(inside)))
    return found


def spoken(found: Sequence[Segment], audio_s: float) -> list[Segment]:
    """Drop what cannot have been said: segments that begin after the sound ended.

    On a short encoder block whisper often says the sentence once more "after" its end; the timestamps give it away.
    """
    return [segment for segment in found if segment.start_s < max(audio_s - _SLACK_S, 0.01)]


_GAP = r"[\s,.!?，。！？、]"
_TWICE = re.compile(rf"(?P<unit>.{{2,}}?)(?:{_GAP}*[,.!?，。！？]{_GAP}*(?P=unit))+{_GAP}*", re.IGNORECASE)
_THRICE = re.compile(rf"(?P<unit>.{{4,}}?)(?:{_GAP}*(?P=unit)){{2,}}{_GAP}*", re.IGNORECASE)
_TWICE_UNMARKED = re.compile(rf"(?P<unit>.{{6,}}?)(?:{_GAP}*(?P=unit))+{_GAP}*", re.IGNORECASE)
_CIRCLES = re.compile(r"(.{2,}?)\1{3,}")


def unlooped(text: str) -> str | None:
    """Return the text said once if it is a repetition of itself, or None when it runs in circles beyond repair."""
    clean = text.strip()
    match = _TWICE.fullmatch(clean) or _THRICE.fullmatch(clean) or _TWICE_UNMARKED.fullmatch(clean)
    if match is not None:
        return match["unit"].strip(" ,.，。")
    return None if _CIRCLES.search(clean) else clean


def doubtful(no_speech: float, logprob: float) -> bool:
    """Tell words that may be noise: "Thank you." is what whisper makes of a kettle."""
    return logprob < _GUESSED_LOGPROB or (no_speech > _NO_SPEECH and logprob < _NO_SPEECH_LOGPROB)


def confidence(logprob: float) -> float:
    """Mean probability of a token."""
    return math.exp(min(0.0, logprob))


def traditional_only(character: str) -> bool:
    """Tell whether a character is Chinese but not in the simplified national set GB 2312."""
    if not "\u4e00" <= character <= "\u9fff":
        return False
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False
