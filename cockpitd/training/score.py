"""How well a language model reads held-out rows, asked as the daemon asks it; the cockpit's metrics stand in `eval`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cockpitd.domain.deadline import after
from cockpitd.errors import EngineError
from cockpitd.ports import Clock, LanguageModel

PATIENCE_MS = 30_000


@dataclass(slots=True)
class Score:
    """What became of the rows of one kind and language."""

    rows: int = 0
    named: int = 0
    """All actions right, in order."""
    exact: int = 0
    """Their parameters as well."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One row that was read otherwise than meant."""

    text: str
    context: str
    meant: object
    read: object
    confidence: float


@dataclass(slots=True)
class Scores:
    """The whole run."""

    by_kind: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    mistakes: list[Mistake] = field(default_factory=list)
    confidences: list[tuple[float, bool]] = field(default_factory=list)
    """(least confidence of an answer, whether it was exact)."""
    milliseconds: list[float] = field(default_factory=list)


async def score(
    rows: Iterable[Mapping[str, Any]], model: LanguageModel, clock: Clock, tell: Callable[[int], None]
) -> Scores:
    """Ask the model for every row but those the flow never asks it for."""
    scores = Scores()
    asked = (row for row in rows if row["kind"] != "control")
    for number, row in enumerate(asked, start=1):
        began = clock.now_ms()
        try:
            answer = await model.propose(row["input"], row["lang"], row["context"], after(began, PATIENCE_MS))
            read, confidence = json.loads(answer.text), min(answer.confidences)
        except EngineError as exc:
            read, confidence = exc.code, 0.0
        scores.milliseconds.append(clock.now_ms() - began)
        _count(scores, row, read, confidence)
        tell(number)
    return scores


def _count(scores: Scores, row: Mapping[str, Any], read: Any, confidence: float) -> None:  # noqa: ANN401 (JSON)
    meant, exact = row["output"], read == row["output"]
    named = isinstance(read, list) and [a["action"] for a in read] == [a["action"] for a in meant]
    for kind in (row["lang"], f"{row['lang']} {row['kind']}"):
        found = scores.by_kind[kind]
        found.rows, found.named, found.exact = found.rows + 1, found.named + named, found.exact + exact
    scores.confidences.append((confidence, exact))
    if not exact:
        scores.mistakes.append(Mistake(row["input"], row["context"], meant, read, confidence))
