"""Variants of a language model measured by turns on the same prompts, so that they share whatever else goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from cockpitd.domain.deadline import after
from cockpitd.domain.units import Lang
from cockpitd.ports import Clock, Engine, LanguageModel, Measurable

WRITTEN = 64
"""Tokens written in one measurement of bare decoding."""
PATIENCE_MS = 60_000
"""Longest wait for one answer: a slow variant is to be measured, not cut off."""
PLAIN = "The car assistant listens to what the driver says and does it. 车载助手听司机说话，然后照办。" * 8
"""Read in one measurement of bare reading: about two hundred tokens."""

SENTENCES: tuple[tuple[Lang, str], ...] = (
    ("zh", "我觉得有点闷，给我透透气吧"),
    ("en", "could you make it a little warmer over here"),
    ("zh", "找个能充电的地方，顺便放点轻松的音乐"),
    ("en", "I would love to hear something by Miles Davis"),
    ("zh", "后面坐着小朋友，别让他把车窗按下去"),
    ("en", "take me to the airport and tell me what the weather will be like there"),
    ("zh", "明天早上六点半记得叫我起床"),
    ("en", "it is getting rather dark in here"),
)
"""What is asked of every variant; the quick tiers are not asked."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A model as it is run, and what it weighs on disk."""

    name: str
    model: LanguageModel
    file_bytes: int


Samples = defaultdict[str, list[float]]


async def compare(
    variants: Sequence[Variant], clock: Clock, rounds: int, progress: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Measure every variant once a round, each round from the other end; medians over the rounds, a row a variant."""
    pairs: list[tuple[Variant, Samples]] = [(variant, defaultdict(list)) for variant in variants]
    for number in range(rounds):
        for variant, samples in pairs if number % 2 == 0 else reversed(pairs):
            await _bare(variant.model, samples)
            for said in SENTENCES:
                await _answer(variant.model, clock, said, samples)
        progress(number + 1, rounds)
    return [_row(variant, samples) for variant, samples in pairs]


async def bare(model: Engine, rounds: int) -> float:
    """Tokens a second written without any grammar; 0 of a model that cannot be measured."""
    samples: Samples = defaultdict(list)
    for _ in range(rounds):
        await _bare(model, samples)
    return median(samples["tokens_per_s"] or [0.0])


async def _bare(model: Engine, samples: Samples) -> None:
    if isinstance(model, Measurable):
        speed = await model.speed(PLAIN, WRITTEN)
        samples["tokens_per_s"].append(speed.written_tokens / speed.decode_ms * 1000)
        samples["prefill_per_s"].append(speed.prompt_tokens / speed.prefill_ms * 1000)


async def _answer(model: LanguageModel, clock: Clock, said: tuple[Lang, str], samples: Samples) -> None:
    lang, text = said
    answer = await model.propose(text, lang, "", after(clock.now_ms(), PATIENCE_MS))
    samples["answer_ms"].append(answer.prefill_ms + answer.decode_ms)
    samples["answer_prefill_ms"].append(answer.prefill_ms)
    samples["answer_decode_ms"].append(answer.decode_ms)
    samples["answer_evaluated"].append(answer.evaluated_tokens)
    samples["answer_generated"].append(answer.generated_tokens)


def _row(variant: Variant, samples: Mapping[str, list[float]]) -> dict[str, Any]:
    health = variant.model.health()
    medians = {key: round(median(values), 1) for key, values in samples.items()}
    return {"name": variant.name, "file_bytes": variant.file_bytes, "rss_bytes": health.rss_bytes, **medians}
