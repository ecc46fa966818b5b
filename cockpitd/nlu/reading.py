"""The best reading of one clause among all phrases; several clauses, moods and corrections stand in `phrasebook.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.turn import Evidence, ProposedAction
from cockpitd.domain.units import Scalar
from cockpitd.nlu.index import Entry, Index
from cockpitd.nlu.matcher import Fit, fits
from cockpitd.nlu.sound import Heard, Strictness

CONFIDENCE = {Strictness.LETTERS: 1.0, Strictness.SYLLABLES: 0.9, Strictness.BLURRED: 0.75}
_FITS_PER_PHRASE = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """What one clause means."""

    spec: ActionSpec
    parameters: Mapping[str, Scalar]
    evidence: Mapping[str, Evidence]
    fit: Fit
    entry: Entry
    heard: Heard

    def proposed(self, carried: Mapping[str, Scalar]) -> ProposedAction:
        """Return it as a proposal; a follow-up takes what it does not choose anew from `carried`."""
        kept = self.spec.stays(self.parameters, carried) if self.entry.follow_up else {}
        parameters = {**self.parameters, **kept}
        evidence: dict[str, Evidence] = {**dict.fromkeys(kept, "context"), **self.evidence}
        return ProposedAction(self.spec.name, parameters, CONFIDENCE[self.heard.strictness], evidence)

    def rank(self) -> tuple[int, int, int, int]:
        """Higher is better: less free text, fewer words ignored, more fixed words, the topic of the dialogue."""
        return (-self.fit.free_chars, -self.fit.skipped, self.fit.fixed_tokens, int(self.entry.follow_up))

    def means(self) -> tuple[str, tuple[tuple[str, Scalar], ...]]:
        """Return what two readings must share to be the same."""
        return self.spec.name, tuple(sorted(self.parameters.items()))


def read(index: Index, heard: Heard, topic: str) -> Reading | None:
    """Return the one best reading, or None: no phrase fits, or two fit equally well and mean different things."""
    best: list[Reading] = []
    for entry in index.candidates(heard):
        if entry.follow_up and entry.spec.topic != topic:
            continue
        found = _best_fit(entry, heard)
        if found is None:
            continue
        if not best or found.rank() > best[0].rank():
            best = [found]
        elif found.rank() == best[0].rank():
            best.append(found)
    return _single(best)


def _best_fit(entry: Entry, heard: Heard) -> Reading | None:
    best: Reading | None = None
    for count, fit in enumerate(fits(entry.chain, heard)):
        if count >= _FITS_PER_PHRASE:
            break
        if not _credible(fit, heard):
            continue
        found = _reading(entry, fit, heard)
        if best is None or found.rank() > best.rank():
            best = found
    return best


def _reading(entry: Entry, fit: Fit, heard: Heard) -> Reading:
    default: Evidence = "context" if entry.follow_up else "default"
    evidence: dict[str, Evidence] = dict.fromkeys(entry.fixed, default)
    evidence.update(dict.fromkeys(fit.parameters, "said"))
    return Reading(entry.spec, {**entry.fixed, **fit.parameters}, evidence, fit, entry, heard)


def _single(best: list[Reading]) -> Reading | None:
    if not best:
        return None
    by_meaning: dict[tuple[str, tuple[tuple[str, Scalar], ...]], Reading] = {}
    for reading in sorted(best, key=lambda each: each.entry.order):
        by_meaning.setdefault(reading.means(), reading)
    readings = list(by_meaning.values())
    if len(readings) > 1:
        readings = [reading for reading in readings if _in_range(reading)] or readings
    if len({reading.spec.name for reading in readings}) == 1:
        return readings[0]
    return None


def _in_range(reading: Reading) -> bool:
    for name, value in reading.parameters.items():
        schema = reading.spec.properties.get(name, {})
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = schema.get("minimum"), schema.get("maximum")
            if (low is not None and value < low) or (high is not None and value > high):
                return False
    return True


def _credible(fit: Fit, heard: Heard) -> bool:
    """Tell whether a reading rests on enough: by sound, short or mostly rewritten utterances prove nothing."""
    if fit.free and fit.skipped and heard.words[0] in _DETERMINERS:
        return False
    if not heard.strictness:
        return True
    written = fit.fixed_tokens - len(fit.misheard)
    if len(heard.words) < _FEWEST_BY_SOUND or fit.fixed_tokens < _FEWEST_FIXED:
        return False
    if fit.free:
        return written >= _FEWEST_FIXED and written >= len(fit.misheard) and fit.free_chars <= _LONGEST_NAME_BY_SOUND
    return len(fit.misheard) <= 2 * len(heard.words) // 3


_FEWEST_BY_SOUND = 3
_FEWEST_FIXED = 2
_LONGEST_NAME_BY_SOUND = 6
_DETERMINERS = frozenset({"the", "a", "an", "my", "our", "那", "这"})
"""An utterance that opens with one of these is about a thing: "the call is over" does not call anyone."""
