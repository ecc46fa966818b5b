"""The naming rule of model files: series–version–size–training–quantization method–precision; it opens no file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z][\w.+-]*")
_JOINED = re.compile(r"([A-Za-z]{2,}?)[-_]?(\d+(?:\.\d+)*)")
"""`Qwen2.5`, `gemma3`: the series with its version at its end."""
_VERSION = re.compile(r"[vVrR]?\d+(?:\.\d+)*")
_SIZE = re.compile(r"(?:(\d+)[xX])?[eE]?(\d+(?:\.\d+)?)([BbMm])")
_ACTIVE = re.compile(r"[aA]\d+(?:\.\d+)?[BbMm]")
"""`A3B` of a mixture of experts: what one token uses; all of it must be in memory, so it says nothing here."""
_QUANT = re.compile(r"I?Q(\d)(?:_[0-9A-Z]+)*", re.IGNORECASE)
_OTHER_PRECISION = re.compile(r"int([48])|b?fp?(8|16|32)|([2-8])-?bit|w([48])a(?:8|16)", re.IGNORECASE)

TRAINING = {
    "base": "Base",
    "pt": "Base",
    "instruct": "Instruct",
    "it": "Instruct",
    "chat": "Chat",
    "code": "Code",
    "coder": "Code",
    "math": "Math",
    "vl": "VL",
    "distill": "Distill",
    "cockpit": "Cockpit",
}
"""Word of a name -> training it stands for; Gemma writes `it` and `pt`, Qwen writes `Coder`."""
METHODS = {word.lower(): word for word in "GPTQ AWQ GGUF GGML EXL2 HQQ AQLM BNB MLX".split()}
FOUR_BIT = {"GPTQ", "AWQ"}
"""Methods that are four-bit when the name tells no precision."""
COMMANDABLE = {"Instruct", "Chat", "Distill", "Cockpit"}
"""Trainings that answer an instruction. A distilled one learned from a chat model's answers; `Cockpit` is our own."""
AS_TRAINED_BITS = 16


@dataclass(frozen=True, slots=True)
class ModelName:
    """What a model's name tells."""

    series: str
    version: str = ""
    billions: float | None = None
    """Parameters, in billions; None when the name does not tell."""
    training: tuple[str, ...] = ()
    """Values of TRAINING; none means a base model."""
    method: str = ""
    """Quantization method; empty when the name names none."""
    precision: str = ""
    """As written: `Int4`, `Q4_K_M`."""
    rest: tuple[str, ...] = field(default=())
    """Words the rule has no place for."""

    @property
    def base(self) -> bool:
        """A pre-trained model that only continues text."""
        return not set(self.training) - {"Base"}

    @property
    def takes_commands(self) -> bool:
        """Trained to follow instructions, as commands need."""
        return bool(COMMANDABLE & set(self.training))

    @property
    def bits(self) -> int:
        """Bits of a weight, roughly: 16 when nothing says that it was quantized."""
        quant = _QUANT.fullmatch(self.precision)
        if quant is not None:
            return int(quant[1])
        other = _OTHER_PRECISION.fullmatch(self.precision)
        if other is not None:
            return int(next(group for group in other.groups() if group))
        return 4 if self.method in FOUR_BIT else AS_TRAINED_BITS

    @property
    def size(self) -> str:
        """The size as people write it: `270M`, `1.5B`."""
        if self.billions is None:
            return ""
        return f"{self.billions:g}B" if self.billions >= 1 else f"{self.billions * 1000:g}M"

    def __str__(self) -> str:
        """Write the name by the rule."""
        joint = "-" if self.version[:1].isalpha() else ""
        parts = (f"{self.series}{joint}{self.version}", self.size, *self.training, self.method, self.precision)
        return "-".join(part for part in (*parts, *self.rest) if part)


def parse(name: str) -> ModelName | None:
    """Read a model's name, file name without its suffix; None when it is no name of a model."""
    name = name.rpartition("/")[2]
    if _NAME.fullmatch(name) is None:
        return None
    first, *words = name.split("-")
    series, version = _series(first)
    found: dict[str, str] = {}
    training: list[str] = []
    rest: list[str] = []
    billions: float | None = None
    for word in words:
        place = _place(word)
        if place == "size" and billions is None:
            billions = _billions(word)
        elif place == "training":
            training.append(TRAINING[word.lower()])
        elif place in ("method", "precision") and place not in found:
            found[place] = METHODS.get(word.lower(), word)
        elif place == "version" and not version:
            version = word
        elif place != "active" and word:
            rest.append(word)
    if _QUANT.fullmatch(found.get("precision", "")):
        found = {"method": "GGUF", **found, "precision": found["precision"].upper()}
    if series.lower() in TRAINING:
        training.insert(0, TRAINING[series.lower()])
    return ModelName(
        series,
        version,
        billions,
        tuple(dict.fromkeys(training)),
        found.get("method", ""),
        found.get("precision", ""),
        tuple(rest),
    )


def _series(first: str) -> tuple[str, str]:
    joined = _JOINED.fullmatch(first)
    return (joined[1], joined[2]) if joined else (first, "")


def _place(word: str) -> str:
    """Tell which part of the rule a word is; empty when none."""
    if word.lower() in TRAINING:
        return "training"
    if word.lower() in METHODS:
        return "method"
    patterns = {"precision": _OTHER_PRECISION, "quant": _QUANT, "size": _SIZE, "active": _ACTIVE, "version": _VERSION}
    place = next((name for name, pattern in patterns.items() if pattern.fullmatch(word)), "")
    return "precision" if place == "quant" else place


def _billions(word: str) -> float:
    size = _SIZE.fullmatch(word)
    if size is None:
        raise AssertionError(word)
    scale = 1.0 if size[3] in "Bb" else 0.001
    return round(float(size[2]) * int(size[1] or 1) * scale, 6)
