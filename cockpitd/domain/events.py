"""What happened in a turn, one type per happening; the list of a turn's events is what tests and `explain` read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from cockpitd.domain.turn import Tier
from cockpitd.domain.units import Lang, Scalar


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A turn began."""

    turn_id: str
    session: str
    origin: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The endpointer decided that the driver stopped speaking."""

    turn_id: str
    seconds: float
    reason: str
    """`silence`, `maximum`, `released` (push-to-talk) or `end-of-file`."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, partial or final."""

    turn_id: str
    text: str
    lang: Lang
    final: bool
    engine: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """Homophones were mended towards the words of the catalogue."""

    turn_id: str
    before: str
    after: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Understood:
    """A tier proposed actions (none: not understood)."""

    turn_id: str
    tier: Tier
    actions: tuple[Mapping[str, Any], ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class ModelAnswered:
    """The language model wrote an answer; the turn may still throw it away."""

    turn_id: str
    prompt_tokens: int
    evaluated_tokens: int
    """Of the prompt, those that were not already in the KV cache."""
    generated_tokens: int
    forced_tokens: int
    """Of the generated ones, those the grammar forced."""
    prefill_ms: float
    decode_ms: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Policy spoke about one action."""

    turn_id: str
    action: str
    parameters: Mapping[str, Scalar]
    verdict: str
    """`allow`, `confirm`, `refuse` or `rejected` (never reached policy)."""
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Executed:
    """The vehicle answered."""

    turn_id: str
    action: str
    key: str
    outcome: str
    code: str
    readback: Mapping[str, Scalar]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Replied:
    """What will be said."""

    turn_id: str
    text: str
    lang: Lang
    earcon: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeakingStarted:
    """The first sound of the reply left for the speaker."""

    turn_id: str
    engine: str
    seconds: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeakingEnded:
    """The reply ended, or was stopped."""

    turn_id: str
    completed: bool
    position_s: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """An engine call did not come to an end; the turn went on without it."""

    turn_id: str
    engine: str
    code: str
    detail: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """An engine process went down or came back."""

    turn_id: str
    engine: str
    state: str
    detail: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class DeadlineMissed:
    """A stage overran its budget."""

    turn_id: str
    stage: str
    budget_ms: int
    took_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Discarded:
    """A late or overtaken result was thrown away, neither executed nor spoken."""

    turn_id: str
    what: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over."""

    turn_id: str
    status: str
    """`answered`, `not-understood`, `not-for-me`, `cancelled`, `failed`."""
    timings_ms: Mapping[str, float]
    at_ms: int


Event: TypeAlias = (
    TurnStarted
    | SpeechEnded
    | Heard
    | Repaired
    | ModelAnswered
    | Understood
    | Judged
    | Executed
    | Replied
    | SpeakingStarted
    | SpeakingEnded
    | EngineFailed
    | EngineChanged
    | DeadlineMissed
    | Discarded
    | TurnEnded
)

LOW_VALUE = frozenset({"heard-partial", "engine-changed"})
"""Names a full subscriber queue may lose, oldest first."""


def name_of(event: Event) -> str:
    """Kebab-case name on the wire, e.g. `turn-started`."""
    name = type(event).__name__
    kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
    return "heard-partial" if isinstance(event, Heard) and not event.final else kebab


def as_dict(event: Event) -> dict[str, Any]:
    """JSON form: the fields of the event plus `event`, its name."""
    return {"event": name_of(event), **asdict(event)}
