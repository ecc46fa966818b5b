"""The interfaces between the flow and the world: engines, vehicle, audio, clock, journal; no implementation here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.audio import Pcm, Speech
from cockpitd.domain.deadline import Deadline
from cockpitd.domain.events import Event
from cockpitd.domain.policy import Permit
from cockpitd.domain.turn import Seat, Tier, Transcript
from cockpitd.domain.units import Lang, Scalar
from cockpitd.domain.vehicle import Reading, VehicleState


class Clock(Protocol):
    """Monotonic and wall time; tests own a fake one."""

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        ...

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """What an engine says of itself."""

    name: str
    """Port and adapter, e.g. `stt:whisper`."""
    state: str
    """`ready`, `starting`, `down` or `disabled`."""
    pid: int | None = None
    restarts: int = 0
    rss_bytes: int = 0
    detail: str = ""


class Engine(Protocol):
    """What every engine port shares; calls raise `EngineError`, and a cancelled call leaves the engine usable."""

    async def start(self) -> None:
        """Bring the engine up; raise `EngineError` when it cannot be."""
        ...

    async def stop(self) -> None:
        """End it, by force if need be; never raises."""
        ...

    def health(self) -> Health:
        """Report without blocking."""
        ...


class Recogniser(Engine, Protocol):
    """Speech to text."""

    def transcribe(
        self, audio: AsyncIterator[Pcm], lang: Lang | None, deadline_after_end_ms: int
    ) -> AsyncIterator[Transcript]:
        """Yield partials (streaming engines) and exactly one final transcript.

        `deadline_after_end_ms` counts from the last block of `audio`; past it `EngineError("stt-deadline")` is raised.
        """
        ...


@dataclass(frozen=True, slots=True)
class Completion:
    """What the language model wrote under the grammar."""

    text: str
    """JSON: a list of 1 to 4 `{"action": …, "parameters": {…}}`."""
    confidences: tuple[float, ...]
    """One per action, product of the probabilities of its freely chosen tokens, 0..1."""
    prompt_tokens: int
    """Tokens in the whole prompt."""
    evaluated_tokens: int
    """Prompt tokens that were not already in the KV cache."""
    generated_tokens: int
    forced_tokens: int
    """Of the generated ones, those the grammar forced (no sampling step)."""
    prefill_ms: float
    decode_ms: float


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a language model reads and writes plain text, token by token, without any grammar."""

    prompt_tokens: int
    prefill_ms: float
    written_tokens: int
    decode_ms: float


class LanguageModel(Engine, Protocol):
    """Text to action JSON, constrained to the catalogue."""

    @property
    def taught(self) -> bool:
        """Whether it was taught our actions: then it knows better than a phrase that had to guess."""
        ...

    async def propose(self, text: str, lang: Lang, context: str, deadline: Deadline) -> Completion:
        """Read one utterance; `context` is the previous action as JSON or empty.

        Raises `EngineError("llm-deadline")` when late.
        """
        ...

    async def adopt(self, catalogue: Catalogue) -> None:
        """Take over a reloaded catalogue: grammar and examples."""
        ...


@runtime_checkable
class Measurable(Protocol):
    """A language model whose bare speed can be measured; no turn needs it."""

    async def speed(self, text: str, tokens: int) -> Speed:
        """Read a text, then write so many tokens after it one at a time, the likeliest each."""
        ...


class Synthesiser(Engine, Protocol):
    """Text to speech samples; it never plays."""

    async def synthesise(self, text: str, lang: Lang, deadline: Deadline) -> Speech:
        """Render one sentence; `EngineError("tts-deadline")` when late."""
        ...


class Playback(Protocol):
    """One sound being played."""

    async def wait(self) -> bool:
        """Wait until it ended; True when played to its end, False when stopped."""
        ...

    def stop(self) -> None:
        """Silence it at once (within 50 ms at the speaker)."""
        ...

    def position_s(self) -> float:
        """Seconds played so far."""
        ...


class Player(Protocol):
    """The speaker."""

    async def play(self, speech: Speech, tag: str) -> Playback:
        """Start playing and return when the first sample is on its way; `tag` names the turn."""
        ...

    async def close(self) -> None:
        """Release the device."""
        ...


class Microphone(Protocol):
    """The driver's microphone."""

    def blocks(self) -> AsyncIterator[Pcm]:
        """Yield what is heard, for ever; `AudioError` when the device is not there or goes away."""
        ...

    async def close(self) -> None:
        """Release the device."""
        ...


class VehicleBackend(Protocol):
    """The car. It takes permits only, so nothing unjudged can reach it."""

    async def start(self) -> None:
        """Connect; raise `VehicleError` when impossible."""
        ...

    async def stop(self) -> None:
        """Disconnect."""
        ...

    def state(self) -> VehicleState:
        """Return the last known readings without blocking."""
        ...

    def adopt(self, catalogue: Catalogue) -> None:
        """Take over a reloaded catalogue; known signals keep their values."""
        ...

    async def execute(self, permit: Permit, deadline: Deadline) -> Mapping[str, Reading]:
        """Write what the permit allows and return a reading of each path *after* the write.

        Raises `VehicleError`; a path missing from the answer means the car did not report it.
        """
        ...


class Journal(Protocol):
    """What was decided and done, on disk before and after."""

    def begin(self, key: str, turn_id: str, action: Mapping[str, Any]) -> bool:
        """Record the intention to execute; False when `key` was seen before (then it must not be executed)."""
        ...

    def finish(self, key: str, outcome: Mapping[str, Any]) -> None:
        """Record what came of it."""
        ...

    def turn(self, turn_id: str, record: Mapping[str, Any]) -> None:
        """Keep the whole turn for `explain`."""
        ...

    def explain(self, turn_id: str) -> Mapping[str, Any] | None:
        """Return a kept turn; an empty id means the latest."""
        ...

    def close(self) -> None:
        """Flush and close."""
        ...


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """How one utterance is to be treated; shared by typed and spoken input."""

    session: str = "default"
    """Same name = one conversation."""
    lang: Lang | None = None
    seat: Seat = "driver"
    dry_run: bool = False
    """Judge, but write nothing to the car."""
    tiers: tuple[Tier, ...] = ()
    """Only these tiers may answer; empty = as configured."""
    speak: bool = True
    profile: Literal["push-to-talk", "command", "dialogue"] = "command"
    """How the end of a spoken utterance is found; `push-to-talk` takes the audio to its end."""


class Cockpit(Protocol):
    """The daemon as the socket, the command line and replay see it; every answer is plain JSON data."""

    async def say(self, text: str, request: TurnRequest) -> Mapping[str, Any]:
        """Run one typed turn to its end (not waiting for the speaker to finish) and return its record."""
        ...

    async def listen(self, audio: AsyncIterator[Pcm], request: TurnRequest) -> Mapping[str, Any]:
        """Run one spoken turn: endpointing, transcript, then as `say`. Returns when the utterance was answered."""
        ...

    async def answer(self, yes: bool, request: TurnRequest) -> Mapping[str, Any]:  # noqa: FBT001 (it is the answer itself)
        """Answer the open question of a session by hand; same record as `say`."""
        ...

    async def stop_turn(self, session: str) -> Mapping[str, Any]:
        """Silence the speaker and cancel the turn in progress; safe at any moment."""
        ...

    def explain(self, turn_id: str) -> Mapping[str, Any]:
        """Return a kept turn (empty id: the latest), raising `CockpitError("turn-unknown")`."""
        ...

    def vehicle_state(self, paths: Sequence[str]) -> Mapping[str, Any]:
        """Path -> {value, age_ms, unit}; no paths: all."""
        ...

    def set_signals(self, values: Mapping[str, Scalar]) -> None:
        """Simulator only: set sensors and actuators; `VehicleError("vehicle-not-simulated")` elsewhere."""
        ...

    def describe_actions(self) -> Sequence[Mapping[str, Any]]:
        """All actions with title, class, risk, parameters."""
        ...

    def health(self) -> Mapping[str, Any]:
        """Engines, uptime, version, overall `ok`."""
        ...

    def metrics(self) -> Mapping[str, Any]:
        """Turns, misses and p50/p95/p99 by stage and class, milliseconds."""
        ...

    def subscribe(self) -> Subscription:
        """Open a bounded queue of events."""
        ...

    async def reload(self) -> Mapping[str, Any]:
        """Read the action files again; all or nothing."""
        ...


class Subscription(Protocol):
    """One subscriber's bounded event queue; low-value events are dropped oldest first when it is full."""

    async def get(self) -> Event:
        """Wait for the next event."""
        ...

    def close(self) -> None:
        """Leave."""
        ...
