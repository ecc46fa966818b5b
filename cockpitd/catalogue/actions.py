"""Everything that must hold for one action file, as the list of its checks; each check stands in its own module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpitd.catalogue.parameters import check_parameters
from cockpitd.catalogue.phrases import check_phrases
from cockpitd.catalogue.replies import check_replies
from cockpitd.catalogue.source import Problem, Source, Where
from cockpitd.catalogue.writes import always_safe, check_writes
from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.vehicle import Signal


def check_action(spec: ActionSpec, source: Source, signals: Mapping[str, Signal]) -> Iterator[Problem]:
    """Find every problem of one action that shows without looking at other actions."""
    yield from check_parameters(spec, source)
    yield from check_writes(spec, source, signals)
    yield from check_phrases(spec, source, signals)
    yield from check_replies(spec, source, signals)
    yield from _check_risk(spec, source, signals)


def _check_risk(spec: ActionSpec, source: Source, signals: Mapping[str, Signal]) -> Iterator[Problem]:
    if spec.risk != "safe-direction":
        return
    for position, write in enumerate(spec.writes):
        signal = signals.get(write.signal)
        if signal is not None and not always_safe(write, spec, signal):
            where: Where = ("writes", position)
            message = f"risk is safe-direction, but this does not bring {signal.path} to its safe state ({signal.safe})"
            yield source.problem("risk-not-safe", where, message)
