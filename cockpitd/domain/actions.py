"""An action as its file describes it, and its expansion into writes; parsing files stands in `catalogue.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cockpitd.domain.units import Lang, Parameters, Scalar
from cockpitd.domain.vehicle import INTEGER_TYPES, Actuation, Signal, VehicleState

ActionClass: TypeAlias = Literal["safety", "command", "query", "chat"]
Risk: TypeAlias = Literal["safe-direction", "reversible", "guarded", "driver-only", "never"]
Polarity: TypeAlias = Literal["on", "off", "open", "close", "up", "down", "none"]
"""Which way the action moves things; grounding refuses a reading whose words say the opposite."""

WHERE = frozenset({"seat", "window", "zone", "position"})
"""Names of parameters that say which of several like things is meant; the others say what, how or how much."""

STATE_MAX_AGE_MS = 2_000
"""A reading older than this counts as unknown."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase template: `[optional]`, `(a|b)`, `{parameter}`."""

    say: str
    set: Parameters = field(default_factory=dict)
    """Parameter values the phrase itself fixes."""


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance and the parameters it means; used for prompts, documentation and tests."""

    say: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Write:
    """How one actuator follows from the parameters: exactly one of `value`, `parameter`, `step` is set."""

    signal: str
    value: Scalar | None = None
    """A constant."""
    parameter: str | None = None
    """The value of this parameter, through `map` if there is one."""
    step: str | None = None
    """Current value plus this parameter, clamped to the signal's range."""
    default: Scalar | None = None
    """Written when `parameter` was not given; without it the write is left out."""
    map: Mapping[str, Scalar] = field(default_factory=dict)
    """Parameter value (as a string) -> signal value."""
    when: Mapping[str, tuple[Scalar | None, ...]] = field(default_factory=dict)
    """Parameter -> values for which this write applies; null stands for "not given"."""
    pulse: bool = False
    """A button, not a state: written even when the car already has this value, and never undone."""


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """One way to say an outcome."""

    say: str
    """Text with `{slot}`s."""
    when: Mapping[str, Scalar] = field(default_factory=dict)
    """Used only when these parameters or reads have these values."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """Everything one action file says."""

    name: str
    """UPPER_SNAKE."""
    domain: str
    title: Mapping[Lang, str]
    klass: ActionClass
    risk: Risk
    confirm: bool
    """True: ask first, whatever the car does."""
    ttl_ms: int
    """Milliseconds from the end of speech after which the command is never executed."""
    parameters: Mapping[str, Any]
    """JSON Schema 2020-12 (object) with the extra keywords `unit` and `names`."""
    writes: tuple[Write, ...]
    reads: Mapping[str, str]
    """Name usable in replies -> VSS path (read for queries; never written)."""
    readback: bool
    """True: done only when every write is read back equal."""
    phrases: Mapping[Lang, tuple[Phrase, ...]]
    replies: Mapping[Lang, Mapping[str, tuple[ReplyTemplate, ...]]]
    """Language -> outcome -> templates; the first whose every `{slot}` is known is used."""
    examples: Mapping[Lang, tuple[Example, ...]]
    reflex: Mapping[Lang, tuple[Phrase, ...]] = field(default_factory=dict)
    """Short fixed phrases answered without any model; only for safety, control and safe-direction actions."""
    follow_ups: Mapping[Lang, tuple[Phrase, ...]] = field(default_factory=dict)
    """Phrases that mean this action only right after another action of the same `topic`."""
    topic: str = ""
    polarity: Polarity = "none"
    source: str = ""
    """File it was read from, for error messages."""

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the parameters that must be given."""
        return tuple(self.parameters.get("required", ()))

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """Parameter name -> its JSON Schema."""
        found: Mapping[str, Mapping[str, Any]] = self.parameters.get("properties", {})
        return found

    def stays(self, parameters: Parameters, before: Parameters) -> dict[str, Scalar]:
        """Return what a follow-up keeps of the action `before` it: the seat, window or zone it does not choose anew."""
        chosen = parameters.keys() | set(self.required)
        kept = {name: value for name, value in before.items() if name in WHERE and name not in chosen}
        return {name: value for name, value in kept.items() if value in self.properties.get(name, {}).get("enum", ())}

    def names(self, parameter: str, value: Scalar, lang: Lang) -> tuple[str, ...]:
        """Spoken names of an enum value, the display name first."""
        table = self.properties.get(parameter, {}).get("names", {})
        return tuple(table.get(str(value), {}).get(lang, ()))


@dataclass(frozen=True, slots=True)
class Action:
    """A validated action: its name is in the catalogue and its parameters fit its schema."""

    name: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Unexpandable:
    """Why an action cannot be turned into writes now."""

    code: Literal["signal-unknown", "nothing-to-do"]
    path: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All actions and all signals this daemon knows; compared by identity, as what is compiled from it is kept."""

    actions: Mapping[str, ActionSpec]
    signals: Mapping[str, Signal]
    replies: Mapping[Lang, Mapping[str, str]]
    """Shared reply templates: reason codes, hazards, failures; keys are kebab-case codes."""

    def spec(self, action: Action) -> ActionSpec:
        """Return the file of a validated action."""
        return self.actions[action.name]


def expand(
    action: Action, spec: ActionSpec, signals: Mapping[str, Signal], state: VehicleState
) -> tuple[Actuation, ...] | Unexpandable:
    """Turn an action into the writes it means in this car state; nothing else may reach an actuator."""
    out: list[Actuation] = []
    for write in spec.writes:
        if not _applies(write, action.parameters):
            continue
        value = _value(write, action.parameters, signals[write.signal], state)
        if isinstance(value, Unexpandable):
            return value
        if value is not None:
            out.append(Actuation(write.signal, value))
    if spec.writes and not out:
        return Unexpandable("nothing-to-do")
    return tuple(out)


def _applies(write: Write, parameters: Parameters) -> bool:
    return all(parameters.get(name) in allowed for name, allowed in write.when.items())


def _value(write: Write, parameters: Parameters, signal: Signal, state: VehicleState) -> Scalar | Unexpandable | None:
    if write.step is not None:
        delta = parameters.get(write.step, write.default)
        if delta is None:
            return None
        current = state.fresh(signal.path, STATE_MAX_AGE_MS)
        if current is None or isinstance(current, str) or isinstance(delta, str):
            return Unexpandable("signal-unknown", signal.path)
        return _typed(signal.clamp(current + delta), signal)
    if write.parameter is not None:
        given = parameters.get(write.parameter, write.default)
        if given is None:
            return None
        return _typed(write.map.get(str(given), given), signal)
    return write.value


def _typed(value: Scalar, signal: Signal) -> Scalar:
    if signal.datatype in INTEGER_TYPES and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
