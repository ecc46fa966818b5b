"""What `replay` and `eval` share: cases run through a cockpit of one's own, with progress; neither's output."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cockpitd.config import Config
from cockpitd.domain.actions import Catalogue
from cockpitd.eval.cases import Case
from cockpitd.eval.replay import Options


class Taker(Protocol):
    """Is given each result as it comes."""

    def __call__(self, result: Mapping[str, Any]) -> None:
        """Take one result."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """Everything a run leaves behind."""

    runs: tuple[tuple[tuple[Case, Mapping[str, Any]], ...], ...]
    """One entry for each repetition."""
    catalogue: Catalogue
    peak_bytes: Mapping[str, int]


async def run_cases(cases: Sequence[Case], config: Config, options: Options, take: Taker, repeat: int = 1) -> Ran:
    """Start a cockpit with a simulated car, run the cases, stop it."""
    from cockpitd.app import running
    from cockpitd.eval.memory import peak_bytes
    from cockpitd.eval.replay import Bench, replay_all

    runs = []
    async with running(_needed(cases, quiet(config, speak=options.speak)), persist=False) as app:
        bench = Bench(app.service, app.catalogue, app.reset_vehicle)
        for number in range(repeat):
            pairs: list[tuple[Case, Mapping[str, Any]]] = []
            async for case, result in replay_all(cases, bench, replace(options, run=number)):
                take(result)
                pairs.append((case, result))
                _progress(number * len(cases) + len(pairs), repeat * len(cases))
            runs.append(tuple(pairs))
        return Ran(tuple(runs), app.catalogue, peak_bytes())


def quiet(config: Config, *, speak: bool) -> Config:
    """Make a configuration for replay: no microphone, no loudspeaker, and no voice at all unless wanted."""
    changes: dict[str, Any] = {"player": "null"} if config.tts.player == "auto" else {}
    if not speak:
        changes["engine"] = "none"
    return config.model_copy(update={"tts": config.tts.model_copy(update=changes)})


def _needed(cases: Sequence[Case], config: Config) -> Config:
    """Typed cases need no ears; without them memory is that of the language model and the flow."""
    if any(case.audio for case in cases):
        return config
    return config.model_copy(update={"stt": config.stt.model_copy(update={"engine": "none"})})


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{total}", end="\n" if done == total else "", file=sys.stderr)
