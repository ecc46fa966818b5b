"""Which language models fit a device: each candidate with its prediction, and the choice; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cockpitd.errors import ModelError
from cockpitd.models import gguf, memory, naming, store
from cockpitd.models.catalog import Catalog, Model
from cockpitd.models.device import Device
from cockpitd.models.inspect import shape_of
from cockpitd.models.memory import TIERS, Prediction, Tier
from cockpitd.models.naming import ModelName

RESERVE_BYTES = 1024 * 1024 * 1024
"""Kept for the daemon, the speech engines and the system."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model and what it would take."""

    label: str
    name: ModelName | None
    tier: Tier
    prediction: Prediction
    rule_weights: int
    """By the rule of thumb; 0 when its name does not tell its size."""
    layers: int
    """0 when its file is not here."""
    commands: bool
    """Follows instructions, or is the shipped default, whose prompt makes up for it."""

    @property
    def installed(self) -> bool:
        """Its file is here."""
        return self.prediction.source == "file"


def examine(word: str, known: Catalog, model_dir: Path, context: int) -> Candidate:
    """Examine a catalogue entry, a GGUF file, or a name made by the rule."""
    model = known.get(word)
    if model is not None:
        return of_model(model, model_dir, context)
    path = Path(word).expanduser()
    if path.is_file():
        return _of_file(word, naming.parse(path.stem), path, context)
    name = naming.parse(word)
    if name is None or name.billions is None:
        raise ModelError(
            "model-unknown", f"{word}: neither a known model, nor a GGUF file, nor a name that tells its size"
        )
    return _of_name(word, name, memory.from_rule(name.billions, name.bits))


def of_model(model: Model, model_dir: Path, context: int) -> Candidate:
    """Examine a language model of the catalogue, by its file when it is installed."""
    if model.role != "llm":
        raise ModelError("model-kind", f"{model.name}: a {model.role} model; only language models are fitted")
    name = name_of(model)
    path = store.directory(model_dir, model) / model.entry
    if store.look(model_dir, model) is None:
        found = _of_file(model.name, name, path, context)
        return replace(found, tier=model.tier, commands=found.commands or model.default)
    billions = name.billions if name is not None and name.billions is not None else 0.0
    prediction = memory.from_rule(billions, name.bits if name else naming.AS_TRAINED_BITS, model.size)
    if name is None:
        return Candidate(model.name, None, model.tier, prediction, 0, 0, model.default)
    found = _of_name(model.name, name, prediction)
    return replace(found, tier=model.tier, commands=found.commands or model.default)


def name_of(model: Model) -> ModelName | None:
    """Read a language model's naming fields from the file that the engine opens."""
    return naming.parse(Path(model.entry).stem) if model.role == "llm" else None


def fits(candidate: Candidate, device: Device) -> bool:
    """Tell whether it fits beside everything else, and is of a tier meant for such a device."""
    allowed = TIERS.index(memory.largest_tier(device.memory_bytes))
    room = device.memory_bytes - RESERVE_BYTES
    return TIERS.index(candidate.tier) <= allowed and candidate.prediction.total <= room


def choose(candidates: Iterable[Candidate], device: Device) -> Candidate | None:
    """Pick the largest that fits and follows commands; None when none does."""
    good: Sequence[Candidate] = [each for each in candidates if each.commands and fits(each, device)]
    return max(good, key=lambda each: (TIERS.index(each.tier), each.prediction.weights), default=None)


def gpu_layers(candidate: Candidate, device: Device) -> int:
    """Layers to put on this device's GPU; 0 without one, or while the file is not here to tell its layers."""
    if not device.gpu_free_bytes or not candidate.layers:
        return 0
    return memory.gpu_layers(candidate.prediction, candidate.layers, device.gpu_free_bytes)


def _of_file(label: str, name: ModelName | None, path: Path, context: int) -> Candidate:
    header = gguf.read(path)
    shape = shape_of(path, header)
    billions = name.billions if name is not None and name.billions is not None else header.parameters / memory.GB
    bits = name.bits if name is not None else naming.AS_TRAINED_BITS
    return Candidate(
        label,
        name,
        memory.tier_of(billions),
        memory.from_file(header, shape, min(context, shape.context or context)),
        memory.rule_weights(billions, bits),
        shape.layers,
        shape.chat_template or (name is not None and name.takes_commands),
    )


def _of_name(label: str, name: ModelName, prediction: Prediction) -> Candidate:
    billions = name.billions or 0.0
    rule = memory.rule_weights(billions, name.bits)
    return Candidate(label, name, memory.tier_of(billions), prediction, rule, 0, name.takes_commands)
