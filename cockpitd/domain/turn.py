"""The nouns of one turn, one per stage, all frozen; verdicts and permits stand in `policy.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cockpitd.domain.actions import Action
from cockpitd.domain.units import Lang, Scalar

Tier: TypeAlias = Literal["reflex", "phrasebook", "llm", "none"]
"""Which tier of understanding answered."""

Evidence: TypeAlias = Literal["said", "context", "default"]
"""Where a parameter value came from."""

Seat: TypeAlias = Literal["driver", "passenger"]

Origin: TypeAlias = Literal["typed", "spoken"]


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser heard, partial or final."""

    text: str
    lang: Lang
    final: bool
    engine: str
    words: tuple[Word, ...] = ()
    confidence: float = 1.0
    repaired_from: str = ""
    """The text before pinyin and entity repair, empty when nothing was changed."""


@dataclass(frozen=True, slots=True)
class ProposedAction:
    """One action as a tier read it; not yet validated, so it can hold anything a model may say."""

    name: str
    parameters: Mapping[str, Scalar]
    confidence: float = 1.0
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """Parameter -> where its value came from."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Up to four actions read from one utterance."""

    actions: tuple[ProposedAction, ...]
    tier: Tier
    taught: bool = False
    """The model that wrote it was taught our actions: when it is sure, it knows words that no action file lists."""


@dataclass(frozen=True, slots=True)
class Grounded:
    """A proposal that passed the catalogue's schema and the evidence checks."""

    action: Action
    confidence: float
    evidence: Mapping[str, Evidence]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A proposal that must not be judged, and why: the driver is told, nothing is executed."""

    name: str
    """Action name as proposed."""
    parameters: Mapping[str, Scalar]
    code: Literal[
        "unknown-action", "out-of-range", "bad-value", "missing", "not-said", "contradicted", "question", "negated"
    ]
    parameter: str = ""
    """The parameter at fault, if one is."""
    minimum: float | None = None
    maximum: float | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """Executed and read back equal, or a query answered."""

    readback: Mapping[str, Scalar]
    """VSS path -> value the car reported."""
    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class NoOp:
    """Nothing had to be written."""

    code: Literal["already", "at-limit", "repeated"]
    """`repeated`: the same words said again over the answer; they were carried out the first time."""
    kind: Literal["noop"] = "noop"


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request itself cannot be meant so (out of range, missing value); names what and the range."""

    rejection: Rejection
    kind: Literal["rejected"] = "rejected"


@dataclass(frozen=True, slots=True)
class Failed:
    """The car did not do it: an error, or a readback that differs."""

    code: str
    path: str = ""
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Expired:
    """Its time to live passed before it could be executed; it never will be."""

    kind: Literal["expired"] = "expired"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Written, but the car did not say what came of it; never told as done."""

    code: str
    kind: Literal["unknown"] = "unknown"


Outcome: TypeAlias = Done | NoOp | Rejected | Failed | Expired | Unknown


Earcon: TypeAlias = Literal["none", "ok", "no", "ask", "error"]
"""A short chime; what it sounds like stands in `earcon.py`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said, shown or chimed back."""

    text: str
    lang: Lang
    earcon: Earcon = "none"
