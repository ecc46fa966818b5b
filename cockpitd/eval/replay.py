"""Running cases through the same flow as live speech, one result each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cockpitd.audio.pcm import stream
from cockpitd.audio.wav import read_wav
from cockpitd.domain.audio import Pcm
from cockpitd.domain.turn import Tier
from cockpitd.domain.units import Scalar
from cockpitd.errors import AudioError
from cockpitd.eval.cases import Case
from cockpitd.eval.score import matches
from cockpitd.ports import Cockpit, TurnRequest

STAGES = ("stt", "repair", "understand", "judge", "execute", "first_sound", "total")


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay."""

    tiers: tuple[Tier, ...] = ()
    dry_run: bool = False
    speak: bool = True


async def replay_all(
    cases: Iterable[Case], cockpit: Cockpit, reset: Callable[[Mapping[str, Scalar]], None], options: Options
) -> AsyncIterator[tuple[Case, dict[str, Any]]]:
    """Run cases one after the other.

    `reset` brings the simulated car back to its first state, with the given signals on top: before every case, but
    within a conversation only before its first.
    """
    begun: set[str] = set()
    for case in cases:
        if case.session not in begun:
            reset(case.state)
        elif case.state:
            cockpit.set_signals(case.state)
        if case.session:
            begun.add(case.session)
        yield case, await replay(case, cockpit, options)


async def replay(case: Case, cockpit: Cockpit, options: Options) -> dict[str, Any]:
    """Run one case against the car as it stands."""
    session = case.session or f"replay:{case.ident}"
    request = TurnRequest(
        session=session, lang=case.lang, dry_run=options.dry_run, tiers=options.tiers, speak=options.speak,
        profile="push-to-talk",
    )  # fmt: skip
    try:
        record = await (cockpit.listen(_sound(case), request) if case.audio else cockpit.say(case.text, request))
    except AudioError as exc:
        return {"id": case.ident, "error": {"code": exc.code, "message": exc.message}, "ok": False}
    return _result(case, record)


def _sound(case: Case) -> AsyncIterator[Pcm]:
    if case.audio is None:
        raise AudioError("audio-missing", f"case {case.ident} has no audio")
    return stream(read_wav(case.audio))


def _result(case: Case, record: Mapping[str, Any]) -> dict[str, Any]:
    timings = record["timings_ms"]
    keys = ("action", "parameters", "confidence", "requires_confirmation", "verdict", "reason", "outcome", "response")
    result: dict[str, Any] = {
        "id": case.ident,
        "category": case.category,
        "lang": record["lang"],
        "transcript": record["transcript"],
        "heard": record["heard"],
        "tier": record["tier"],
        "status": record["status"],
        "actions": [{key: act[key] for key in keys} for act in record["actions"]],
        "spoken": record["spoken"],
        "timings_ms": {stage: timings.get(stage) for stage in STAGES},
        "turn": record["turn"],
    }
    late = case.max_latency_ms is not None and timings.get("total", 0) > case.max_latency_ms
    if case.expected is not None:
        result["ok"] = matches(case.expected, record) and not late
    if late:
        result["late_ms"] = timings["total"] - (case.max_latency_ms or 0)
    return result
