"""The configuration file: every key with its default, its meaning and its check; reading it, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cockpitd.errors import ConfigError


def _runtime_dir() -> Path:
    base = os.environ.get("RUNTIME_DIRECTORY") or os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/cockpitd-{os.getuid()}"  # noqa: S108 (last resort of a machine without a runtime directory; made 0700 before use)
    return Path(base)


def _state_dir() -> Path:
    return Path(
        os.environ.get("STATE_DIRECTORY")
        or Path(os.environ.get("XDG_STATE_HOME", "~/.local/state")).expanduser() / "cockpitd"
    )


def _model_dir() -> Path:
    return Path(
        os.environ.get("COCKPITD_MODELS")
        or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "cockpitd" / "models"
    )


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SocketConfig(_Section):
    """`socket:` — who may talk to the daemon, and how much."""

    path: Path = Field(
        default_factory=lambda: _runtime_dir() / "cockpitd.sock",
        description="Unix socket; systemd's own socket wins when it hands one over.",
    )
    mode: Annotated[int, Field(ge=0, le=0o777)] = Field(
        0o660, description="File mode of a socket the daemon makes itself."
    )
    max_line_bytes: int = Field(1_000_000, ge=4_096, description="Longest accepted request line.")
    max_connections: int = Field(32, ge=1, description="Clients at a time.")
    requests_per_second: float = Field(200.0, gt=0, description="Sustained request rate per client.")
    idle_line_seconds: float = Field(
        10.0, gt=0, description="Half a line and then silence for this long closes the connection."
    )
    roles: dict[str, Literal["observe", "speak", "operate", "admin"]] = Field(
        default_factory=dict,
        description="`uid:NUMBER` or `gid:NUMBER` -> role; root and the daemon's own user are admin.",
    )
    default_role: Literal["none", "observe", "speak", "operate", "admin"] = Field(
        "operate", description="Role of any other peer that may open the socket."
    )


class AudioConfig(_Section):
    """`audio:` — the microphone and where an utterance ends."""

    source: Literal["none", "microphone"] = Field("none", description="`microphone` opens the sound device at start.")
    device: str = Field("default", description="PortAudio input device name.")
    preroll_ms: int = Field(300, ge=0, le=2_000, description="Sound kept from before the voice began.")
    profile: Literal["push-to-talk", "command", "dialogue"] = Field("command", description="Endpointing profile.")
    max_utterance_s: float = Field(15.0, gt=0, le=120, description="Longest utterance; then it is cut.")


class SttConfig(_Section):
    """`stt:` — speech to text."""

    engine: str = Field(
        "auto",
        description="`auto` (an installed vosk model of the language, else whisper), `vosk`, `whisper`, `none`, or your own adapter.",
    )
    lang: Literal["auto", "zh", "en"] = Field("auto", description="Fix the language, or decide per utterance.")
    model: str = Field("whisper-base", description="Whisper model: a name in the model directory or a path.")
    vosk: dict[str, str] = Field(default_factory=dict, description="Language -> vosk model directory, name or path.")
    threads: int = Field(2, ge=1, description="CPU threads.")
    deadline_ms: int = Field(
        4_000, ge=100, description="Longest wait for the final transcript after the end of speech."
    )


class LlmConfig(_Section):
    """`llm:` — the language model."""

    engine: str = Field("llama", description="`llama`, `none`, or your own adapter.")
    model: str = Field("cockpit-n", description="GGUF: a name in the model directory or a path.")
    adapter: str = Field(
        "", description="LoRA GGUF applied to the model while it works: a path, or a file in the model directory."
    )
    gpu_layers: Literal["auto"] | int = Field(
        "auto", description="Layers to offload: `auto` = all if this build can offload, else none."
    )
    threads: int = Field(2, ge=1, description="CPU threads.")
    context: int = Field(4_096, ge=512, description="Context window, tokens.")
    examples: int = Field(
        2,
        ge=0,
        le=64,
        description="Nearest examples put before the utterance, for models that were not taught our actions.",
    )
    deadline_ms: int = Field(2_500, ge=100, description="Longest wait for an answer.")


class TtsConfig(_Section):
    """`tts:` — text to speech and the speaker."""

    engine: str = Field(
        "auto",
        description="`auto` (piper for languages it has a voice for, else pyttsx3), `pyttsx3`, `piper`, `none`, or your own adapter.",
    )
    player: str = Field(
        "auto",
        description="`auto` (the sound device, else `null`), `sounddevice`, `null` (counts time, makes no sound), `wav` (writes files).",
    )
    device: str = Field("default", description="PortAudio output device name.")
    wav_dir: Path | None = Field(None, description="Where the `wav` player leaves the spoken answers.")
    rate_wpm: int = Field(175, ge=80, le=450, description="Speaking rate of pyttsx3, words a minute.")
    deadline_ms: int = Field(2_000, ge=100, description="Longest wait for one sentence.")


class VehicleConfig(_Section):
    """`vehicle:` — the car."""

    backend: str = Field("sim", description="`sim`, or your own adapter.")
    script: Path | None = Field(None, description="Simulator script: lines of time, signal, value.")
    execute_timeout_ms: int = Field(800, ge=10, description="Longest wait for a readback.")


class PolicyConfig(_Section):
    """`policy:` — how cautious to be; the hazard rules themselves are not configurable."""

    confirm_below: float = Field(0.35, ge=0, le=1, description="Ask first when the model was less sure than this.")
    confirm_ttl_ms: int = Field(15_000, ge=1_000, description="How long a question stays open.")


class UnderstandingConfig(_Section):
    """`understanding:` — which tiers answer."""

    tiers: tuple[Literal["reflex", "phrasebook", "llm"], ...] = Field(
        ("reflex", "phrasebook", "llm"), description="Tiers in use, in this order."
    )
    repair: bool = Field(True, description="Mend homophones in Mandarin transcripts towards the catalogue.")


class Config(_Section):
    """The whole file."""

    lang: Literal["zh", "en"] = Field("zh", description="Language of replies when an utterance does not tell.")
    actions: tuple[Path, ...] = Field((), description="More directories of action files, besides the built-in ones.")
    state_dir: Path = Field(default_factory=_state_dir, description="Journal directory.")
    model_dir: Path = Field(default_factory=_model_dir, description="Model directory.")
    socket: SocketConfig = SocketConfig()
    audio: AudioConfig = AudioConfig()
    stt: SttConfig = SttConfig()
    llm: LlmConfig = LlmConfig()
    tts: TtsConfig = TtsConfig()
    vehicle: VehicleConfig = VehicleConfig()
    policy: PolicyConfig = PolicyConfig()
    understanding: UnderstandingConfig = UnderstandingConfig()


def load(path: Path | None) -> Config:
    """Read a configuration file (None: all defaults); an unknown or bad key is an error naming file, line and key."""
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError("config-unreadable", f"{path}: cannot be read ({exc.strerror}); check --config") from exc
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ConfigError("config-syntax", f"{path}: not valid YAML: {' '.join(str(exc).split())}") from exc
    if data is None:
        return Config()
    if not isinstance(data, dict):
        raise ConfigError("config-syntax", f"{path}:1: the file must hold keys and values, not {type(data).__name__}")
    try:
        return Config.model_validate(data)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = tuple(str(part) for part in first["loc"])
        hint = (
            "unknown key; see `cockpitd doctor --config-keys`" if first["type"] == "extra_forbidden" else first["msg"]
        )
        raise ConfigError("config-invalid", f"{path}:{_line(node, where)}: {'.'.join(where)}: {hint}") from exc


def _line(node: yaml.Node | None, where: tuple[str, ...]) -> int:
    """Line of the deepest key of `where` that the file has."""
    line = 1
    for part in where:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == part:
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line
