"""One training run from data files to an adapter file; how a step is taken stands in `tune.py`."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from cockpitd.domain.actions import Catalogue
from cockpitd.errors import ConfigError
from cockpitd.training import adapter
from cockpitd.training.lessons import Lesson, lessons
from cockpitd.training.patterns import PARTS
from cockpitd.training.rows import mostly_new
from cockpitd.training.tokens import Tokenizer
from cockpitd.training.tune import Example, Recipe, Trainer

ADAPTER = "adapter.gguf"
HELD_OUT = 640
"""Validation lessons that are looked at while training."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a run reads and where it writes."""

    data: Path
    """What `cockpitd train data` wrote."""
    base: Path
    """The GGUF whose weights stay as they are."""
    out: Path
    """Checkpoint, metrics and adapter."""
    start: Path | None = None
    """An adapter to go on from; fresh factors otherwise."""
    known: Path | None = None
    """Data that it has learnt already: of sentences whose patterns stand there only a share is learnt again."""


def train(files: Files, recipe: Recipe, catalogue: Catalogue, tell: Callable[[str], None]) -> Path:
    """Train on the rows and write `adapter.gguf`; a run cut short goes on from its checkpoint."""
    data, base, out = files.data, files.base, files.out
    out.mkdir(parents=True, exist_ok=True)
    taught: list[Mapping[str, Any]] = [row for part in recipe.parts for row in _rows(data / f"{part}.jsonl")]
    if files.known:
        known = [row for part in PARTS for row in _rows(files.known / f"{part}.jsonl")]
        taught = mostly_new(taught, known, recipe.again, recipe.seed)
    rows = _rows(data / "validation.jsonl")
    tokenizer = Tokenizer(base)
    learnt = [example(each, tokenizer) for each in lessons(taught, catalogue, recipe.seed)]
    held_out = [example(each, tokenizer) for each in lessons(rows, catalogue, recipe.seed)][:HELD_OUT]
    tokens = sum(len(each.tokens) for each in learnt)
    tell(f"{len(learnt)} lessons, {tokens / len(learnt):.1f} tokens each; {len(held_out)} held out")
    if files.start:
        recipe = replace(recipe, start=hashlib.sha256(files.start.read_bytes()).hexdigest())
    trainer = Trainer(load_base(base), recipe, out, tell)
    if files.start:
        trainer.set(factors(files.start, trainer.weights))
    weights = trainer.train(learnt, held_out)
    origin = adapter.Origin(
        taught=sorted({item["action"] for row in taught if row["kind"] != "control" for item in row["output"]}),
        data=str(json.loads((data / "manifest.json").read_text(encoding="utf-8"))["sha256"]),
        recipe=json.dumps(asdict(recipe)),
        alpha=recipe.alpha,
    )
    adapter.save({name: value.numpy() for name, value in weights.items()}, origin, out / ADAPTER)
    return out / ADAPTER


def factors(path: Path, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Read an adapter as weights of these names and shapes."""
    found = adapter.load(path)
    for name, value in weights.items():
        factor = found.get(adapter.tensor_name(name))
        if factor is None or factor.shape != value.shape:
            raise ConfigError("train-other-adapter", f"{path}: its layers or rank are not those of this run")
    return {name: torch.from_numpy(found[adapter.tensor_name(name)]) for name in weights}


def example(lesson: Lesson, tokenizer: Tokenizer) -> Example:
    """Cut a lesson into tokens: prompt and answer apart, as the grammar begins the answer anew."""
    prompt = [tokenizer.bos, *tokenizer.encode(lesson.prompt)]
    return Example((*prompt, *tokenizer.encode(lesson.answer)), len(prompt))


def load_base(base: Path) -> Any:  # noqa: ANN401 (transformers gives its models no common type)
    """Read the weights of a GGUF into a model that can be trained."""
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 (seconds)

    logging.getLogger("transformers").setLevel(logging.ERROR)
    return AutoModelForCausalLM.from_pretrained(
        str(base.parent), gguf_file=base.name, dtype=torch.bfloat16, attn_implementation="eager"
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise ConfigError("train-no-data", f"{path}: not there; `cockpitd train data --out {path.parent}`")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
