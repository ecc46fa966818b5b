"""Which language models fit a device: each candidate with its prediction, and the choice; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cockpitd.errors import ModelError
from cockpitd.models import gguf, memory, naming, speed, store
from cockpitd.models.catalog import Catalog, Model
from cockpitd.models.device import Device
from cockpitd.models.inspect import shape_of
from cockpitd.models.memory import TIERS, Prediction, Tier
from cockpitd.models.naming import ModelName
from cockpitd.models.speed import Work

RESERVE_BYTES = 1024 * 1024 * 1024
"""Kept for the daemon, the speech engines and the system."""


TAUGHT = "cockpitd.prompt"
"""Key in the header of a model that was taught the commands of cockpitd."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model and what it would take."""

    label: str
    name: ModelName | None
    tier: Tier
    prediction: Prediction
    work: Work
    rule_weights: int
    """By the rule of thumb; 0 when its name does not tell its size."""
    layers: int
    """0 when its file is not here."""
    commands: bool
    """Follows instructions, was taught ours, or is the shipped default, whose prompt makes up for it."""

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
    told = next((file.size for file in model.files if file.path == model.entry and file.size), 0)
    told = told or (0 if billions else round(model.memory_mib * memory.MIB * memory.WEIGHTS_SHARE))
    prediction = memory.from_rule(billions, name.bits if name else naming.AS_TRAINED_BITS, told)
    if name is None:
        return Candidate(
            model.name, None, model.tier, prediction, speed.from_size(prediction.weights), 0, 0, model.default
        )
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


def answer_ms(candidate: Candidate, device: Device) -> float | None:
    """How long its answer to a command of several actions takes; None where that cannot be foretold."""
    wholly_offloaded = device.can_offload and 0 < candidate.layers < gpu_layers(candidate, device)
    if not device.bytes_per_s or not candidate.work.token or wholly_offloaded:
        return None
    return speed.answer_ms(candidate.work, device.bytes_per_s)


def in_time(candidate: Candidate, device: Device) -> bool:
    """Tell whether it answers within its deadline, as far as is known."""
    took = answer_ms(candidate, device)
    return took is None or took <= speed.DEADLINE_MS


def choose(candidates: Iterable[Candidate], device: Device) -> Candidate | None:
    """Pick the largest that fits, follows commands and answers in time; None when none does."""
    good = [each for each in _usable(candidates, device) if in_time(each, device)]
    return max(good, key=lambda each: (TIERS.index(each.tier), each.prediction.weights), default=None)


def fastest(candidates: Iterable[Candidate], device: Device) -> Candidate | None:
    """Pick the one that is late by least, for a device on which none is in time."""
    return min(_usable(candidates, device), key=lambda each: answer_ms(each, device) or 0.0, default=None)


def _usable(candidates: Iterable[Candidate], device: Device) -> Sequence[Candidate]:
    return [each for each in candidates if each.commands and fits(each, device)]


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
        speed.from_header(header, shape),
        memory.rule_weights(billions, bits),
        shape.layers,
        shape.chat_template or TAUGHT in header.values or (name is not None and name.takes_commands),
    )


def _of_name(label: str, name: ModelName, prediction: Prediction) -> Candidate:
    billions = name.billions or 0.0
    rule = memory.rule_weights(billions, name.bits)
    work = speed.from_size(prediction.weights)
    return Candidate(label, name, memory.tier_of(billions), prediction, work, rule, 0, name.takes_commands)
