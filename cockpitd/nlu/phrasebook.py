"""The second tier: whole-utterance matches of the catalogue's phrases, in one clause or several; no model."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cockpitd.domain.actions import Action, ActionSpec, Catalogue, Polarity
from cockpitd.domain.turn import Proposal
from cockpitd.domain.units import LANGS, Lang, Scalar
from cockpitd.domain.vehicle import Hazard
from cockpitd.nlu import clauses, correction
from cockpitd.nlu.clauses import Cut
from cockpitd.nlu.evidence import OFF_VALUES
from cockpitd.nlu.index import Index, build, opening_pairs
from cockpitd.nlu.mood import Mood, mood
from cockpitd.nlu.normalize import normalize
from cockpitd.nlu.numbers import find_numbers
from cockpitd.nlu.polarity import says
from cockpitd.nlu.reading import Reading, read
from cockpitd.nlu.sound import Strictness, hear
from cockpitd.nlu.text import tokenise
from cockpitd.nlu.wish import without_wish

_LONGEST_BY_SOUND = 28
"""Tokens beyond which matching by sound is not tried: long misheard utterances are the model's."""
_LONGEST = 240
"""Characters beyond which nobody gave a command."""
_NAME_CHARS = 60
"""A free text that may be longer than this is a sentence, not a name."""
_UNIT_CHARS = 8
"""Room for a unit behind a number: " degrees"."""
_ANSWERS = frozenset({"query", "chat"})
_SPEAKS_ONLY = frozenset({"ASSISTANT_HELP", "ASSISTANT_REPEAT", "ASSISTANT_NOT_SUPPORTED", "ASSISTANT_NOT_FOR_ME"})

_ENDS_IN_NOT = re.compile(r"(?:别|不|不要|不用|不许|没|not|never|don't)$")

_OFF_VERB: Mapping[Lang, str] = {"zh": "关闭", "en": "turn off"}
_OPPOSITE: Mapping[Polarity, Polarity] = {"on": "off", "off": "on", "open": "close", "close": "open"}

Readings = tuple[Reading, ...]


def answers_only(spec: ActionSpec) -> bool:
    """Tell whether an action may follow from a question: it reports or talks and changes nothing."""
    return not spec.writes and (spec.klass in _ANSWERS or spec.name in _SPEAKS_ONLY)


@dataclass(frozen=True, slots=True)
class _Ask:
    """How a text is to be read."""

    lang: Lang
    topic: str = ""
    strictness: Strictness = Strictness.LETTERS

    def bare(self) -> _Ask:
        """Return the same without follow-ups."""
        return _Ask(self.lang, "", self.strictness)


class Phrasebook:
    """All phrases of a catalogue, compiled once; safe to share, nothing changes after construction."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._signals, self._specs = catalogue.signals, catalogue.actions
        self._index: dict[Lang, Index] = {lang: build(catalogue, lang) for lang in LANGS}
        self._openings = {lang: opening_pairs(index) for lang, index in self._index.items()}
        self._clause = lru_cache(maxsize=2048)(self._read_clause)

    def match(self, text: str, lang: Lang, last: Action | None = None) -> Proposal | None:
        """Propose what the utterance means, or None when no phrase fits it exactly enough.

        Follow-ups count only after an action of their topic, the `last` one of the dialogue, and stay with its seat,
        window or zone.
        """
        before = self._specs[last.name] if last else None
        readings = self.read(text, lang, before.topic if before else "")
        if not readings or (before and any(_turns(reading, before, lang) for reading in readings)):
            return None
        return Proposal(tuple(reading.proposed(last.parameters if last else {}) for reading in readings), "phrasebook")

    def read(self, text: str, lang: Lang, topic: str = "", *, by_sound: bool = True) -> Readings:
        """Return one reading per command, empty when the utterance is not understood."""
        plain = correction.without_head(normalize(text, lang), lang)
        if not plain or len(plain) > _LONGEST:
            return ()
        how = mood(text, lang)
        levels = (
            list(Strictness) if by_sound and lang == "zh" and len(plain) <= _LONGEST_BY_SOUND else [Strictness.LETTERS]
        )
        for strictness in levels:
            found = self._sentence(plain, _Ask(lang, topic, strictness))
            if found and (
                strictness is Strictness.LETTERS or all(in_range(reading.spec, reading.parameters) for reading in found)
            ):
                return () if self._against(found, how, lang) else found
        return ()

    def _against(self, found: Readings, how: Mood, lang: Lang) -> bool:
        """Tell whether how it was said speaks against these readings: it asks, or it forbids."""
        if how.question and not all(self._may_answer(reading, lang) for reading in found):
            return True
        return how.negated and not all(_forbids(reading, lang) for reading in found)

    def _may_answer(self, reading: Reading, lang: Lang) -> bool:
        """Tell whether a question may lead to this.

        An action that writes may only if its own phrase is worded as a question ("附近有什么好吃的") and nothing it
        writes can hurt anyone.
        """
        if answers_only(reading.spec):
            return True
        harmless = all(self._signals[write.signal].hazard is Hazard.COMFORT for write in reading.spec.writes)
        return harmless and mood(_fixed_words(reading), lang).question

    def openings(self, lang: Lang) -> frozenset[tuple[str, ...]]:
        """Return the first two tokens of every phrase that begins with two fixed ones."""
        return self._openings[lang]

    def _sentence(self, plain: str, ask: _Ask) -> Readings:
        mended = self._corrected(plain, ask)
        if mended or mended is None:
            return mended or ()
        for text in (plain, without_wish(plain, ask.lang)):
            whole = self._clause(text, ask)
            several = self._several(text, ask) if _worth_cutting(whole) else ()
            if several and (whole is None or _free(several) < whole.fit.free_chars):
                return several
            if whole is not None and not self._swallows(whole, ask.lang):
                return (whole,)
        return ()

    def _read_clause(self, text: str, ask: _Ask) -> Reading | None:
        tokens = tokenise(text, ask.lang)
        return read(self._index[ask.lang], hear(tokens, ask.strictness), ask.topic) if tokens.items else None

    def _corrected(self, plain: str, ask: _Ask) -> Readings | None:
        """Read a correction, empty when there is none; None when it follows several wishes, of which it mends one."""
        found = correction.find(plain, ask.lang)
        if found is None:
            return ()
        if self._wishes_more(found.before, ask):
            return None if found.strong else ()
        first = self._clause(found.before, ask)
        sure = found.strong or first is not None or _is_number(found.before, ask.lang)
        spans = _value_spans(first)
        for text in correction.splices(found, spans, ask.lang):
            reading = self._clause(text, ask)
            if reading is not None and sure:
                alone = self._clause(found.after, ask)
                return (alone,) if alone is not None and _says_more(alone, reading) else (reading,)
        if sure:
            alone = self._clause(found.after, ask)
            return (alone,) if alone is not None and not _is_control(alone) else ()
        return ()

    def _wishes_more(self, before: str, ask: _Ask) -> bool:
        """Tell whether what was said before a correction holds a wish that is not corrected."""
        earlier = before.rpartition("，" if ask.lang == "zh" else ",")[0]
        if earlier and self._piece(earlier, ask.bare()) is not None:
            return True
        found = clauses.cuts(before, ask.lang, self._openings[ask.lang])
        return len(self._cover(before, 0, found, ask, clauses.MOST)) > 1

    def _swallows(self, whole: Reading, lang: Lang) -> bool:
        """Tell whether a free text holds a second command that nothing separates from the first."""
        for name in whole.fit.free:
            value = str(whole.parameters[name])
            for cut in clauses.cuts(value, lang, self._openings[lang]):
                inner = self._clause(value[cut.start :], _Ask(lang))
                if inner is not None and not inner.fit.free and not _takes_sentences(whole.spec, name):
                    return True
        return False

    def _several(self, text: str, ask: _Ask) -> Readings:
        cuts = clauses.cuts(text, ask.lang, self._openings[ask.lang])
        if ask.strictness:  # a misheard text must at least have its connectives right
            cuts = tuple(cut for cut in cuts if not cut.run_on)
        if not cuts:
            return ()
        found = self._cover(text, 0, cuts, ask, clauses.MOST)
        if len(found) > 1:
            found = self._verb_in_front(self._verb_at_end(found, ask), ask)
            if any(map(_is_off, found)) and any(self._is_bare(reading, ask) for reading in found):
                return ()  # "stop the music as well as the hazards": whether they go on or off is not for us to guess
            return found[:1] if len({reading.means() for reading in found}) == 1 else found
        return self._shared(text, cuts, ask)

    def _cover(self, text: str, start: int, cuts: tuple[Cut, ...], ask: _Ask, room: int) -> Readings:
        """Cover `text[start:]` with readings, the longest first piece first; empty when it cannot be done."""
        whole = self._piece(text[start:], ask)
        if whole is not None and not _worth_cutting(whole):
            return (whole,)
        if room > 1:
            for cut in reversed([cut for cut in cuts if cut.end > start]):
                head = self._piece(text[start : cut.end], ask)
                if head is None or (cut.run_on and (head.fit.free or _ENDS_IN_NOT.search(text[start : cut.end]))):
                    continue
                rest = self._cover(text, cut.start, cuts, ask, room - 1)
                if rest:
                    return (head, *rest)
        return (whole,) if whole is not None else ()

    def _piece(self, text: str, ask: _Ask) -> Reading | None:
        plain = normalize(text, ask.lang)
        if not plain:
            return None
        for form in (plain, without_wish(plain, ask.lang)):
            reading = self._clause(form, ask)
            if reading is not None:
                return None if _is_control(reading) else reading
        return None

    def _shared(self, text: str, cuts: tuple[Cut, ...], ask: _Ask) -> Readings:
        """Read two commands that share a verb: 打开天窗和座椅通风, 把天窗和车窗打开, turn the ac and the heater on."""
        for cut in cuts:
            if cut.run_on:
                continue
            left, right = text[: cut.end], text[cut.start :]
            first = self._piece(left, ask.bare()) or self._first(
                (clauses.glue(left, tail, ask.lang) for tail in clauses.tails(right, ask.lang)), ask.bare()
            )
            if first is None or first.fit.free:
                continue
            second = self._piece(right, ask.bare()) or self._first(
                (clauses.glue(head, right, ask.lang) for head in clauses.heads(left, ask.lang)), ask.bare()
            )
            if second is not None and not second.fit.free and second.means() != first.means():
                return (first, second)
        return ()

    def _verb_at_end(self, found: Readings, ask: _Ask) -> Readings:
        """Let things share an "off" at the end: "the hazards and the heating off" turns no hazards on."""
        out = [found[-1]]
        verb = _words(found[-1]) if _is_off(found[-1]) else ""
        for reading in reversed(found[:-1]):
            words = _words(reading)
            off = self._first((clauses.glue(words, tail, ask.lang) for tail in clauses.tails(verb, ask.lang)), ask)
            if off is None or not _is_off(off) or not _only_named(reading, ask.lang):
                verb, off = "", None
            out.append(off or reading)
        return tuple(reversed(out))

    def _verb_in_front(self, found: Readings, ask: _Ask) -> Readings:
        """Let things share an "off" at the front: "turn off the heating and the rear defroster" turns nothing on."""
        out: list[Reading] = []
        verb = ""
        for reading in found:
            words = _words(reading)
            shared = self._first((clauses.glue(head, words, ask.lang) for head in clauses.heads(verb, ask.lang)), ask)
            if shared is not None and _is_off(shared) and _only_named(reading, ask.lang):
                out.append(shared)
                continue
            verb = words if _is_off(reading) else ""
            out.append(reading)
        return tuple(out)

    def _is_bare(self, reading: Reading, ask: _Ask) -> bool:
        """Tell whether a thing was named without any verb, so that a verb said of another thing may be its own."""
        if not _only_named(reading, ask.lang):
            return False
        off = self._first([clauses.glue(_OFF_VERB[ask.lang], _words(reading), ask.lang)], ask)
        return off is not None and _is_off(off)

    def _first(self, texts: Iterable[str], ask: _Ask) -> Reading | None:
        found = (self._clause(text, ask.bare()) for text in texts)
        commands = (reading for reading in found if reading is not None and not _is_control(reading))
        return next((reading for reading in commands if not reading.fit.free), None)


def _fixed_words(reading: Reading) -> str:
    """Return what was said without the free texts."""
    return _words(reading, {at for name in reading.fit.free for at in range(*reading.fit.spans[name])})


def _words(reading: Reading, without: Collection[int] = ()) -> str:
    gap = "" if reading.heard.tokens.lang == "zh" else " "
    return gap.join(word for at, word in enumerate(reading.heard.words) if at not in without)


def _forbids(reading: Reading, lang: Lang) -> bool:
    """Tell whether the "not" of an utterance belongs to the phrase itself ("别放了"), so that obeying it is meant."""
    return answers_only(reading.spec) or mood(_fixed_words(reading), lang).negated


def _is_off(reading: Reading) -> bool:
    switched = any(value in OFF_VALUES for value in reading.parameters.values())
    return switched or reading.spec.polarity in ("off", "close")


def _only_named(reading: Reading, lang: Lang) -> bool:
    """Tell whether a thing was only named, which alone means to turn it on."""
    return not (_is_off(reading) or reading.fit.free or says(_words(reading), lang, "on", "open"))


def _turns(reading: Reading, before: ActionSpec, lang: Lang) -> bool:
    """Tell whether a follow-up would undo the action before it without saying so: "the front too" after lights off."""
    way = reading.spec.polarity
    opposed = reading.entry.follow_up and way in _OPPOSITE and _OPPOSITE[way] == before.polarity
    return opposed and not says(_fixed_words(reading), lang, way)


def in_range(spec: ActionSpec, parameters: Mapping[str, Scalar]) -> bool:
    """Tell whether every number is one the action takes: 留一档 sounds like level 61."""
    for name, value in parameters.items():
        schema = spec.properties.get(name, {})
        if isinstance(value, int | float) and not isinstance(value, bool):
            least, most = schema.get("minimum", value), schema.get("maximum", value)
            if not least <= value <= most:
                return False
    return True


def _is_control(reading: Reading) -> bool:
    """Tell whether a reading steers the dialogue; such a word is said alone, never as a part of a longer command."""
    return reading.spec.name.startswith("ASSISTANT_") and not answers_only(reading.spec)


def _worth_cutting(whole: Reading | None) -> bool:
    return whole is None or bool(whole.fit.free)


def _free(readings: Readings) -> int:
    return sum(reading.fit.free_chars for reading in readings)


def _takes_sentences(spec: ActionSpec, parameter: str) -> bool:
    """Tell whether a free text is meant to hold whole sentences (a message, a reminder), commands included."""
    return int(spec.properties[parameter].get("maxLength", 0)) > _NAME_CHARS


def _is_number(text: str, lang: Lang) -> bool:
    spans = find_numbers(text, lang)
    return len(spans) == 1 and spans[0].start == 0 and len(text) - spans[0].end <= _UNIT_CHARS


def _value_spans(reading: Reading | None) -> tuple[tuple[int, int], ...]:
    if reading is None:
        return ()
    items = reading.heard.tokens.items
    spans = sorted(reading.fit.spans.values(), reverse=True)
    return tuple((items[start].start, items[end - 1].end) for start, end in spans)


def _says_more(alone: Reading, spliced: Reading) -> bool:
    """Tell whether the second half of a correction stands on its own rather than mending the first."""
    return alone.spec.name != spliced.spec.name or len(alone.parameters) > len(spliced.parameters)
