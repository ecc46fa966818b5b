"""The published form of a turn and of its actions: plain JSON data, the seed's envelope first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cockpitd.domain.events import as_dict
from cockpitd.domain.policy import Confirm
from cockpitd.domain.turn import Done, Failed, NoOp, Outcome, Rejection, Reply, Transcript, Unknown
from cockpitd.domain.units import Scalar
from cockpitd.turn.act import Result
from cockpitd.turn.turn import Turn


@dataclass(frozen=True, slots=True)
class Act:
    """One action of a turn with everything that was decided about it."""

    name: str
    parameters: Mapping[str, Scalar]
    confidence: float
    verdict: str
    """`allow`, `confirm`, `refuse` or `rejected`."""
    reason: str = ""
    outcome: str = ""
    """`done`, `noop`, `rejected`, `failed`, `expired`, `unknown`, or empty when nothing was tried."""
    response: str = ""
    readback: Mapping[str, Scalar] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON form with the seed's five keys and ours."""
        return {
            "action": self.name,
            "parameters": dict(self.parameters),
            "response": self.response,
            "confidence": round(self.confidence, 4),
            "requires_confirmation": self.verdict == "confirm",
            "verdict": self.verdict,
            "reason": self.reason,
            "outcome": self.outcome,
            "readback": dict(self.readback),
        }


def of_result(name: str, parameters: Mapping[str, Scalar], confidence: float, result: Result, response: str) -> Act:
    """Publish a judged (and perhaps executed) action."""
    reason = "" if result.verdict.kind == "allow" else result.verdict.reason
    outcome = result.outcome
    return Act(
        name,
        parameters,
        confidence,
        result.verdict.kind,
        reason or _code(outcome),
        outcome.kind if outcome else "",
        response,
        dict(outcome.readback) if isinstance(outcome, Done) else {},
    )


def of_rejection(rejection: Rejection, response: str) -> Act:
    """Publish a proposal that never reached policy."""
    name, said = rejection.name, rejection.parameters
    return Act(name, said, rejection.confidence, "rejected", rejection.code, "rejected", response)


def asks(result: Result) -> bool:
    """Tell whether the driver is being asked for a yes."""
    return isinstance(result.verdict, Confirm)


def _code(outcome: Outcome | None) -> str:
    return outcome.code if isinstance(outcome, NoOp | Failed | Unknown) else ""


def as_record(
    turn: Turn, transcript: Transcript | None, tier: str, status: str, acts: Sequence[Act], reply: Reply
) -> dict[str, Any]:
    """JSON form of a whole turn: what `say`, `listen`, `explain` and replay give out."""
    return {
        "turn": turn.turn_id,
        "session": turn.session.name,
        "lang": reply.lang,
        "transcript": transcript.text if transcript else "",
        "heard": (transcript.repaired_from or transcript.text) if transcript else "",
        "tier": tier,
        "status": status,
        "actions": [act.as_dict() for act in acts],
        "spoken": reply.text,
        "earcon": reply.earcon,
        "timings_ms": {name: round(took, 1) for name, took in turn.log.timings_ms.items()},
        "events": [as_dict(event) for event in turn.log.events],
    }
