"""How fast the language model read and wrote in the cases it answered; counted from results, nothing is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median
from typing import Any

Work = Mapping[str, float]


def model_work(results: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Answers, tokens of the usual answer, and the speeds; only the number of answers when there were none."""
    found: list[Work] = [result["llm"] for result in results if result.get("llm")]
    if not found:
        return {"answers": 0}
    return {
        "answers": len(found),
        "prompt_tokens": round(mean(one["prompt_tokens"] for one in found), 1),
        "evaluated_tokens": round(mean(one["evaluated_tokens"] for one in found), 1),
        "generated_tokens": round(mean(one["generated_tokens"] for one in found), 1),
        "chosen_tokens": round(mean(one["generated_tokens"] - one["forced_tokens"] for one in found), 1),
        "prefill_ms": round(median(one["prefill_ms"] for one in found), 1),
        "decode_ms": round(median(one["decode_ms"] for one in found), 1),
        "tokens_per_s": _rate(found, "generated_tokens", "decode_ms"),
        "prefill_per_s": _rate(found, "evaluated_tokens", "prefill_ms"),
    }


def _rate(found: Sequence[Work], tokens: str, milliseconds: str) -> float:
    """Tokens of all answers over the time of all of them, so that a short answer does not count as much as a long."""
    took = sum(one[milliseconds] for one in found)
    return round(sum(one[tokens] for one in found) / took * 1000, 1) if took else 0.0
