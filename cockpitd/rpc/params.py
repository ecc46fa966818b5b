"""The parameters of every method, one model each, checked before anything runs; no behaviour."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cockpitd.domain.turn import Seat
from cockpitd.domain.units import SAMPLE_RATE_HZ, Lang, Scalar

MAX_TEXT = 2_000
MAX_AUDIO_BASE64 = 4 * 1024 * 1024

Session = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[\w.:@-]+$", description="Same name = one conversation."),
]
TierName = Literal["reflex", "phrasebook", "llm"]


class Params(BaseModel):
    """What all parameter objects share: unknown members are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Nothing(Params):
    """No parameters."""


class Hello(Params):
    """Who the client is."""

    version: int | None = Field(None, description="Protocol version the client speaks; another one is refused.")
    client: str = Field("", max_length=100, description="Name for the log.")


class Turn(Params):
    """How an utterance is to be treated."""

    lang: Lang | None = Field(None, description="Fix the language; without it, it is decided per utterance.")
    session: Session = "default"
    dry_run: bool = Field(default=False, description="Judge, but write nothing to the car.")
    seat: Seat | None = Field(None, description="Who speaks; a peer of role `speak` is a passenger, others the driver.")
    tiers: list[TierName] = Field([], max_length=3, description="Only these tiers may answer; empty: as configured.")
    speak: bool = Field(default=True, description="False: answer in writing only.")


class Say(Turn):
    """One typed utterance."""

    text: str = Field(
        min_length=1,
        max_length=MAX_TEXT,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
        description="What the driver says; no control characters.",
    )


class AudioBegin(Turn):
    """The form of the audio to come."""

    sample_rate: int = Field(SAMPLE_RATE_HZ, description=f"Samples a second; only {SAMPLE_RATE_HZ} is taken.")
    format: str = Field("s16le", description="Sample form; only `s16le` is taken.")
    channels: int = Field(1, description="Channels; only 1 is taken.")
    mode: Literal["command", "dialogue", "push-to-talk"] = Field(
        "command", description="How the end of speech is found; `push-to-talk` hears until `audio.end`."
    )


class AudioPush(Params):
    """A block of samples."""

    stream: int = Field(description="From `audio.begin`.")
    data: str = Field(max_length=MAX_AUDIO_BASE64, description="Samples in base64, whole samples only.")


class AudioStream(Params):
    """A stream."""

    stream: int = Field(description="From `audio.begin`.")


class Answer(Params):
    """Yes or no to the open question."""

    yes: bool = Field(description="True: go ahead.")
    session: Session = "default"


class Stop(Params):
    """What to stop."""

    session: Session | None = Field(None, description="Only this conversation; without it, all of them.")


class Explain(Params):
    """Which turn."""

    turn: str = Field("", max_length=100, description="Turn id; without it, the latest turn.")


class State(Params):
    """Which signals."""

    paths: list[Annotated[str, Field(max_length=200)]] = Field(
        [], max_length=1_000, description="VSS paths; without them, all signals."
    )


class StateSet(Params):
    """Signal values."""

    values: dict[str, Scalar] = Field(min_length=1, max_length=1_000, description="VSS path to value.")


class Subscribe(Params):
    """Which events."""

    events: list[str] | None = Field(None, max_length=64, description="Event names; without them, all events.")
