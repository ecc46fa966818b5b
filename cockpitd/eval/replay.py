"""Running cases through the same flow as live speech, one result each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cockpitd.audio.pcm import stream
from cockpitd.audio.wav import read_wav
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Pcm
from cockpitd.domain.turn import Tier
from cockpitd.domain.units import Scalar
from cockpitd.errors import AudioError
from cockpitd.eval.cases import Case
from cockpitd.eval.execution import verify
from cockpitd.eval.score import matches
from cockpitd.ports import Cockpit, TurnRequest

STAGES = ("stt", "repair", "understand", "judge", "execute", "first_sound", "total")


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay."""

    tiers: tuple[Tier, ...] = ()
    dry_run: bool = False
    speak: bool = True
    run: int = 0
    """Which repetition this is; each has conversations of its own."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What cases run on."""

    cockpit: Cockpit
    catalogue: Catalogue
    reset: Callable[[Mapping[str, Scalar]], None]
    """Brings the simulated car back to its first state, with the given signals on top."""


async def replay_all(
    cases: Iterable[Case], bench: Bench, options: Options
) -> AsyncIterator[tuple[Case, dict[str, Any]]]:
    """Run cases one after the other, each in a car as new; a conversation keeps its car from its first case on."""
    begun: set[str] = set()
    for case in cases:
        if case.session not in begun:
            bench.reset(case.state)
        elif case.state:
            bench.cockpit.set_signals(case.state)
        if case.session:
            begun.add(case.session)
        yield case, await replay(case, bench, options)


async def replay(case: Case, bench: Bench, options: Options) -> dict[str, Any]:
    """Run one case against the car as it stands, and look at what became of the car."""
    cockpit, before = bench.cockpit, _car(bench)
    session = f"replay {options.run}: {case.session or case.ident}"
    request = TurnRequest(
        session=session, lang=case.lang, dry_run=options.dry_run, tiers=options.tiers, speak=options.speak,
        profile="push-to-talk",
    )  # fmt: skip
    try:
        record = await (cockpit.listen(_sound(case), request) if case.audio else cockpit.say(case.text, request))
    except AudioError as exc:
        return {"id": case.ident, "error": {"code": exc.code, "message": exc.message}, "ok": False}
    result = _result(case, record)
    if case.expected is not None and not options.dry_run:
        result["execution"] = verify(case.expected, record, before, _car(bench), bench.catalogue)
    return result


def _car(bench: Bench) -> dict[str, Scalar]:
    """Every signal the car reports."""
    state = bench.cockpit.vehicle_state(())
    return {path: reading["value"] for path, reading in state.items() if reading["value"] is not None}


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
        "llm": next((_written(event) for event in record["events"] if event["event"] == "model-answered"), None),
        "turn": record["turn"],
        "engine_failures": [event["code"] for event in record["events"] if event["event"] == "engine-failed"],
    }
    late = case.max_latency_ms is not None and timings.get("total", 0) > case.max_latency_ms
    if case.expected is not None:
        result["ok"] = matches(case.expected, record) and not late
    if late:
        result["late_ms"] = timings["total"] - (case.max_latency_ms or 0)
    return result


def _written(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the language model had to read and write, and how long that took."""
    return {key: value for key, value in event.items() if key not in {"event", "turn_id", "at_ms"}}
