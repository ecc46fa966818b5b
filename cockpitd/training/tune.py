"""The training loop: low-rank adapters on a frozen base, seeded, resumable, stopped early; no data are made here."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_ROUND = 4
"""Lengths are padded to a multiple of this: every new shape costs the matrix library a compilation."""
_ANSWERS = 64
"""The same for the answer tokens of a batch."""
_CHUNK = 40
"""Batches whose examples are sorted by length together: little padding, and still a random order."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the result depends on, besides the lessons."""

    seed: int = 1
    rank: int = 32
    alpha: float = 64.0
    layers: tuple[str, ...] = LAYERS
    learning_rate: float = 8e-4
    warmup: float = 0.03
    """Share of all steps."""
    epochs: float = 2.0
    batch: int = 32
    weight_decay: float = 0.01
    clip: float = 1.0
    look_every: int = 150
    """Steps between two looks at the validation lessons."""
    patience: int = 6
    """Looks without a better one before it ends early."""
    average: int = 3
    """Checkpoints of the end that are averaged; kept only when validation agrees."""
    replay: int = 256
    """Once so many lessons were answered wrongly, a batch drawn from them is learnt again; 0: never."""
    parts: tuple[str, ...] = ("train",)
    """Parts of the data that are learnt."""
    again: float = 1.0
    """Share of the rows whose patterns were all learnt before that is learnt again."""
    start: str = ""
    """SHA-256 of the adapter that this run goes on from."""


@dataclass(frozen=True, slots=True)
class Example:
    """Token numbers of one lesson."""

    tokens: tuple[int, ...]
    answer_at: int
    """Index of the first token of the answer."""


@dataclass(slots=True)
class Run:
    """What changes while training."""

    step: int = 0
    given: int = 0
    """Batches of the regular order that were learnt; the others were replayed mistakes."""
    mistakes: list[int] = field(default_factory=list)
    """Lessons answered wrongly and not yet learnt again."""
    best: float = math.inf
    stale: int = 0
    seconds: float = 0.0
    recent: list[dict[str, Tensor]] = field(default_factory=list)
    kept: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the validation lessons."""

    loss: float
    exact: float
    """Share of lessons whose every answer token is the likeliest given the right ones before it."""


class Trainer:
    """One run; everything that matters for going on stands in the checkpoint."""

    def __init__(self, base: torch.nn.Module, recipe: Recipe, directory: Path, tell: Callable[[str], None]) -> None:
        torch.manual_seed(recipe.seed)
        config = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=list(recipe.layers),
            bias="none",
            lora_dropout=0.0,
        )
        self.model: Any = get_peft_model(base, config)
        for layer in self.model.modules():
            if hasattr(layer, "cast_input_dtype_enabled"):
                layer.cast_input_dtype_enabled = False  # autocast casts as well
        self.weights = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        for value in self.weights.values():
            value.data = value.data.float()
        self._inner = self.model.base_model.model.model
        self._table = self._inner.embed_tokens.weight
        self._recipe, self._directory, self._tell = recipe, directory, tell
        self._optimizer = torch.optim.AdamW(
            self.weights.values(), lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay
        )
        self._run = Run()

    def train(self, lessons: Sequence[Example], held_out: Sequence[Example]) -> dict[str, Tensor]:
        """Train to the end, or from the checkpoint on; return the weights to ship."""
        answers = sorted({token for each in (*lessons, *held_out) for token in each.tokens[each.answer_at :]})
        self._subset = torch.tensor(answers)
        self._place = {token: index for index, token in enumerate(answers)}
        per_epoch = math.ceil(len(lessons) / self._recipe.batch)
        total = max(1, round(per_epoch * self._recipe.epochs))
        self._resume()
        run, recipe = self._run, self._recipe
        batches = islice(self._batches(lessons, total), run.given, None)
        losses: list[float] = []
        while run.step < total:
            began = time.monotonic()
            chosen = self._mistakes(lessons) or self._regular(batches)
            losses.append(self._learn([lessons[index] for index in chosen], chosen, total))
            run.step, run.seconds = run.step + 1, run.seconds + time.monotonic() - began
            if run.step % recipe.look_every == 0 or run.step == total:
                if self._look(held_out, sum(losses) / len(losses), total):
                    break
                losses.clear()
        return self._choose(held_out)

    def _regular(self, batches: Iterator[list[int]]) -> list[int]:
        self._run.given += 1
        return next(batches)

    def _mistakes(self, lessons: Sequence[Example]) -> list[int]:
        """Draw a batch of what was answered wrongly, alike lengths, once there is enough of it to draw from."""
        run, recipe = self._run, self._recipe
        if not recipe.replay or len(run.mistakes) < recipe.replay:
            return []
        rng = Random(f"{recipe.seed} mistakes {run.step}")  # noqa: S311 (data, no secret)
        ordered = sorted(run.mistakes, key=lambda index: len(lessons[index].tokens))
        first = rng.randint(0, len(ordered) - recipe.batch)
        run.mistakes = ordered[:first] + ordered[first + recipe.batch :]
        return ordered[first : first + recipe.batch]

    def _learn(self, batch: Sequence[Example], indices: Sequence[int], total: int) -> float:
        step = self._run.step
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * _schedule(step, total, self._recipe.warmup)
        loss, wrong = self._loss(batch)
        self._run.mistakes += [indices[row] for row in sorted(wrong)]
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights.values(), self._recipe.clip)
        self._optimizer.step()
        return float(loss.detach())

    def _loss(self, batch: Sequence[Example]) -> tuple[Tensor, set[int]]:
        """Mean loss of the answer tokens over the tokens that answers are made of, and the rows not all right.

        The other 250,000 tokens cannot be written under the grammar, so nothing is learnt by lowering them.
        """
        longest = -(-max(len(each.tokens) for each in batch) // _ROUND) * _ROUND
        tokens = torch.zeros(len(batch), longest, dtype=torch.long)
        for row, each in enumerate(batch):
            tokens[row, : len(each.tokens)] = torch.tensor(each.tokens)
        rows = [row for row, each in enumerate(batch) for _ in each.tokens[each.answer_at :]]
        places = [at for each in batch for at in range(each.answer_at - 1, len(each.tokens) - 1)]
        wanted = torch.tensor([self._place[token] for each in batch for token in each.tokens[each.answer_at :]])
        spare = -len(rows) % _ANSWERS
        taken = (rows + rows[:1] * spare, places + places[:1] * spare)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            # Padding stands behind everything that counts and attention is causal: no mask is needed.
            hidden = self._inner(input_ids=tokens, use_cache=False).last_hidden_state
            logits = hidden[taken] @ self._table[self._subset].t().to(torch.bfloat16)
        logits = logits[: len(rows)].float()
        wrong = {row for row, good in zip(rows, (logits.argmax(-1) == wanted).tolist(), strict=True) if not good}
        return torch.nn.functional.cross_entropy(logits, wanted), wrong

    def look(self, held_out: Sequence[Example]) -> Seen:
        """Measure on held-out lessons."""
        order = sorted(held_out, key=lambda each: len(each.tokens))
        loss, right, count = 0.0, 0, 0
        with torch.no_grad():
            for at in range(0, len(order), self._recipe.batch):
                batch = order[at : at + self._recipe.batch]
                part, wrong = self._loss(batch)
                many = sum(len(each.tokens) - each.answer_at for each in batch)
                loss, right, count = loss + float(part) * many, right + len(batch) - len(wrong), count + many
        return Seen(loss / count, right / len(order))

    def _look(self, held_out: Sequence[Example], learnt: float, total: int) -> bool:
        """Note how it goes and keep the state; True when it is time to end."""
        run, seen = self._run, self.look(held_out)
        now = {name: value.detach().clone() for name, value in self.weights.items()}
        run.recent = [*run.recent, now][-self._recipe.average :]
        run.stale = 0 if seen.loss < run.best else run.stale + 1
        if seen.loss < run.best:
            run.best, run.kept = seen.loss, now
        line = {"step": run.step, "of": total, "loss": round(learnt, 5), "validation_loss": round(seen.loss, 5)}
        line |= {"validation_exact": round(seen.exact, 4), "minutes": round(run.seconds / 60, 2)}
        with (self._directory / METRICS).open("a", encoding="utf-8") as metrics:
            metrics.write(json.dumps(line) + "\n")
        self._save()
        self._tell(
            f"step {run.step:>5} of {total}  loss {learnt:.4f}  validation {seen.loss:.4f}, "
            f"{seen.exact:.1%} exact  {run.seconds / 60:.1f} min"
        )
        return run.stale >= self._recipe.patience

    def _choose(self, held_out: Sequence[Example]) -> dict[str, Tensor]:
        """Take the average of the last states when it does better on validation than the best single one."""
        recent, kept = self._run.recent, self._run.kept
        mean = {name: torch.stack([each[name] for each in recent]).mean(0) for name in kept}
        self.set(mean)
        averaged = self.look(held_out)
        self._tell(f"average of the last {len(recent)}: {averaged.loss:.4f}, {averaged.exact:.1%} exact")
        if averaged.loss <= self._run.best:
            return mean
        self.set(kept)
        return kept

    def set(self, weights: Mapping[str, Tensor]) -> None:
        """Put these in the place of the weights that are learnt."""
        with torch.no_grad():
            for name, value in weights.items():
                self.weights[name].copy_(value)

    def _batches(self, lessons: Sequence[Example], total: int) -> Iterator[list[int]]:
        """Go through the lessons in an order that follows from the seed, alike lengths together."""
        size, given, epoch = self._recipe.batch, 0, 0
        while given < total:
            rng = Random(f"{self._recipe.seed} epoch {epoch}")  # noqa: S311 (data, no secret)
            order = list(range(len(lessons)))
            rng.shuffle(order)
            batches = []
            for at in range(0, len(order), size * _CHUNK):
                chunk = sorted(order[at : at + size * _CHUNK], key=lambda index: len(lessons[index].tokens))
                batches += [chunk[start : start + size] for start in range(0, len(chunk), size)]
            rng.shuffle(batches)
            yield from batches[: total - given]
            given, epoch = given + len(batches), epoch + 1

    def _save(self) -> None:
        run = self._run
        state = {"recipe": asdict(self._recipe), "optimizer": self._optimizer.state_dict(), "run": asdict(run)}
        fresh = self._directory / f"{CHECKPOINT}.new"
        torch.save(state | {"weights": {name: value.detach() for name, value in self.weights.items()}}, fresh)
        fresh.replace(self._directory / CHECKPOINT)

    def _resume(self) -> None:
        path = self._directory / CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        self.set(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._run = Run(**state["run"])
        self._tell(f"going on from step {self._run.step}")


def _schedule(step: int, total: int, warmup: float) -> float:
    """Rise linearly, then fall along a cosine to a twentieth."""
    rising = max(1, round(total * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, total - rising)))
