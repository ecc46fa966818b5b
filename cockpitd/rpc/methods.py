"""The methods of the socket: name, role, parameters and what each calls; no socket, no framing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, get_args

from pydantic import ValidationError

from cockpitd import __version__
from cockpitd.domain.events import Event, Heard, name_of
from cockpitd.errors import CockpitError, WireError
from cockpitd.ports import Cockpit, TurnRequest
from cockpitd.rpc import params as p
from cockpitd.rpc.roles import Role, may
from cockpitd.rpc.streams import AudioStream, Streams, check_form, samples
from cockpitd.rpc.wire import PROTOCOL_VERSION, Request

Result = Mapping[str, Any]
P = TypeVar("P", bound=p.Params)


class Caller(Protocol):
    """The connection as a method sees it."""

    @property
    def cockpit(self) -> Cockpit:
        """The flow."""
        ...

    @property
    def role(self) -> Role:
        """What the peer may do."""
        ...

    @property
    def streams(self) -> Streams:
        """Its open audio streams."""
        ...

    def begin_turn(self, stream: AudioStream, turn: Coroutine[Any, Any, Result]) -> int:
        """Run a spoken turn beside the calls; return its stream number."""
        ...

    def follow(self, events: frozenset[str] | None) -> None:
        """Send these events (None: all) from now on, instead of what was sent before."""
        ...

    def unfollow(self) -> None:
        """Send no more events."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table below."""

    name: str
    role: Role
    """Least role that may call it."""
    params: type[p.Params]
    run: Callable[[Caller, Any], Awaitable[Result]]
    result: str
    """What the answer holds."""

    @property
    def summary(self) -> str:
        """Say what it does: the first line of its function."""
        return (self.run.__doc__ or "").partition("\n")[0]


async def call(caller: Caller, request: Request) -> Result:
    """Check one call against the table and run it; every refusal is a `CockpitError`."""
    method = METHODS.get(request.method)
    if method is None:
        raise WireError("rpc-unknown-method", f"There is no method {request.method[:40]!r}; `hello` lists them")
    if not may(caller.role, method.role):
        raise WireError("rpc-forbidden", f"{method.name} needs the role {method.role}; this peer has {caller.role}")
    return await method.run(caller, _checked(method.params, request))


def _checked(model: type[P], request: Request) -> P:
    try:
        return model.model_validate(dict(request.params))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"]) or "params"
        what = "unknown parameter" if first["type"] == "extra_forbidden" else first["msg"]
        raise WireError("rpc-invalid-params", f"{request.method}: {where}: {what}") from exc


def turn_request(caller: Caller, turn: p.Turn) -> TurnRequest:
    """Read how a turn is to be treated; a peer that may only speak cannot pass for the driver."""
    seat = turn.seat or ("passenger" if caller.role == "speak" else "driver")
    if seat == "driver" and not may(caller.role, "operate"):
        raise WireError("rpc-forbidden", "Speaking as the driver needs the role operate; leave seat out")
    return TurnRequest(turn.session, turn.lang, seat, turn.dry_run, tuple(turn.tiers), turn.speak)


async def _hello(caller: Caller, given: p.Hello) -> Result:
    """Agree on the protocol version and learn one's role."""
    if given.version not in {None, PROTOCOL_VERSION}:
        raise WireError("rpc-version", f"This daemon speaks protocol {PROTOCOL_VERSION}, not {given.version}")
    names = [name for name, method in METHODS.items() if may(caller.role, method.role)]
    version = {"version": PROTOCOL_VERSION, "release": __version__}
    return {"name": "cockpitd", **version, "role": caller.role, "methods": names}


async def _say(caller: Caller, given: p.Say) -> Result:
    """Run one typed turn."""
    return await caller.cockpit.say(given.text, turn_request(caller, given))


async def _audio_begin(caller: Caller, given: p.AudioBegin) -> Result:
    """Open a stream for one spoken turn."""
    check_form(given.sample_rate, given.format, given.channels)
    caller.streams.check_room()
    asked = turn_request(caller, given)
    request = TurnRequest(asked.session, asked.lang, asked.seat, asked.dry_run, asked.tiers, asked.speak, given.mode)
    stream = AudioStream()
    return {"stream": caller.begin_turn(stream, caller.cockpit.listen(stream.blocks(), request))}


async def _audio_push(caller: Caller, given: p.AudioPush) -> Result:
    """Push a block of samples."""
    stream = caller.streams.get(given.stream)
    await stream.push(samples(given.data))
    return {"ended": stream.ended}


async def _audio_end(caller: Caller, given: p.AudioStream) -> Result:
    """Say that all was pushed, and wait for the answer."""
    return await caller.streams.finish(given.stream)


async def _confirm(caller: Caller, given: p.Answer) -> Result:
    """Answer the open question."""
    turn = p.Turn(session=given.session)
    return await caller.cockpit.answer(given.yes, turn_request(caller, turn))


async def _stop(caller: Caller, given: p.Stop) -> Result:
    """Silence the speaker and cancel what is in progress; served beside any other call."""
    return await caller.cockpit.stop_turn(given.session or "")


async def _explain(caller: Caller, given: p.Explain) -> Result:
    """Show a turn with all its events."""
    return caller.cockpit.explain(given.turn)


async def _state(caller: Caller, given: p.State) -> Result:
    """Read the car."""
    return caller.cockpit.vehicle_state(given.paths)


async def _state_set(caller: Caller, given: p.StateSet) -> Result:
    """Set signals of the simulated car."""
    caller.cockpit.set_signals(given.values)
    return caller.cockpit.vehicle_state(list(given.values))


async def _actions(caller: Caller, _: p.Nothing) -> Result:
    """List what the car can be told."""
    return {"actions": list(caller.cockpit.describe_actions())}


async def _health(caller: Caller, _: p.Nothing) -> Result:
    """Tell the engines, the uptime and the version."""
    return caller.cockpit.health()


async def _metrics(caller: Caller, _: p.Nothing) -> Result:
    """Tell latencies and misses."""
    return caller.cockpit.metrics()


async def _reload(caller: Caller, _: p.Nothing) -> Result:
    """Read the action files again, all or nothing."""
    return await caller.cockpit.reload()


def _kebab(event: type[Any]) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in event.__name__).lstrip("-")


_PARTIAL = name_of(Heard("", "", "zh", final=False, engine="", at_ms=0))
EVENT_NAMES = frozenset({_PARTIAL, *(_kebab(kind) for kind in get_args(Event))})
"""What can be subscribed to."""


async def _subscribe(caller: Caller, given: p.Subscribe) -> Result:
    """Get events as `event` notifications on this connection."""
    wanted = None if given.events is None else frozenset(given.events)
    if unknown := sorted((wanted or frozenset()) - EVENT_NAMES):
        known = ", ".join(sorted(EVENT_NAMES))
        raise WireError("rpc-invalid-params", f"There is no event {unknown[0][:40]!r}; known: {known}")
    caller.follow(wanted)
    return {"events": sorted(EVENT_NAMES if wanted is None else wanted)}


async def _unsubscribe(caller: Caller, _: p.Nothing) -> Result:
    """Get no more events."""
    caller.unfollow()
    return {"events": []}


RECORD = "the turn's record: transcript, tier, actions with verdict and outcome, reply, timings"

METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("hello", "observe", p.Hello, _hello, "name, version, release, role, methods"),
        Method("say", "speak", p.Say, _say, RECORD),
        Method("audio.begin", "speak", p.AudioBegin, _audio_begin, "stream"),
        Method("audio.push", "speak", p.AudioPush, _audio_push, "ended: true once the end of speech was found"),
        Method("audio.end", "speak", p.AudioStream, _audio_end, RECORD),
        Method("confirm", "speak", p.Answer, _confirm, RECORD),
        Method("stop", "speak", p.Stop, _stop, "what was stopped"),
        Method("explain", "observe", p.Explain, _explain, RECORD),
        Method("state", "observe", p.State, _state, "VSS path to {value, age_ms, unit}"),
        Method("state.set", "admin", p.StateSet, _state_set, "the signals as `state` tells them"),
        Method("actions", "observe", p.Nothing, _actions, "actions: name, title, class, risk, parameters"),
        Method("subscribe", "observe", p.Subscribe, _subscribe, "events"),
        Method("unsubscribe", "observe", p.Nothing, _unsubscribe, "events: empty"),
        Method("health", "observe", p.Nothing, _health, "ok, and each engine's state"),
        Method("metrics", "observe", p.Nothing, _metrics, "turns, misses, p50/p95/p99 by stage and class"),
        Method("reload", "admin", p.Nothing, _reload, "counts"),
    )
}
"""Every method, in the order of the documentation."""

URGENT = frozenset({"stop"})
"""Served even by a connection that has used up its rate or its calls in progress."""


def internal_error() -> CockpitError:
    """What a client is told about our own mistake; the cause goes to the log only."""
    return CockpitError("rpc-internal", "The daemon failed on this call; its log says why")
