"""One pattern made into one utterance: options taken by chance, slots filled with what people would say there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.template import Alternatives, Literal, Node, Optional, Slot
from cockpitd.domain.template import Sequence as Tree
from cockpitd.domain.units import Scalar
from cockpitd.nlu.numbers import find_numbers, plain
from cockpitd.nlu.slots import spoken_names
from cockpitd.training import spoken
from cockpitd.training.lexicon import Lexicons, Work
from cockpitd.training.patterns import Family
from cockpitd.training.utterance import Call, Kind, Piece, Utterance, following

_TRIES = 8
_CHAT = ("ASSISTANT_NOT_FOR_ME", "ASSISTANT_NOT_SUPPORTED", "ASSISTANT_SMALLTALK", "ASSISTANT_HELP")
_SHARE_WORDS = re.compile(r"^\s*(?:percent|per|%|notch|degree|point|step|level|格|档|挡|个|度|点|成|分)")
_WHEN = {"at": "when_clock", "in": "when_span", "after": "when_span", "on": "when_weekday"}
"""English word before {when} -> what can stand there."""


class CannotFill(Exception):  # noqa: N818 (an expected no between two modules, caught right above)
    """This pattern found no value that fits; another draw may."""


def kind_of(family: Family) -> Kind:
    """Tell a command from talk and from the words of the flow, which no model may answer."""
    if len(family.means) > 1:
        return "several"
    if family.after is not None:
        return "dialogue"
    if not family.spec.name.startswith("ASSISTANT_"):
        return "single"
    return "chat" if family.spec.name in _CHAT else "control"


def fill(family: Family, lexicons: Lexicons, rng: Random) -> Utterance | None:
    """Say a family once; None when no draw fits it."""
    for _ in range(_TRIES):
        try:
            pieces, values = _Filler(family, lexicons, rng).fill()
        except CannotFill:
            continue
        calls = tuple(Call(call.spec, {**call.parameters, **values[at]}) for at, call in enumerate(family.means))
        said = Utterance(family.lang, kind_of(family), tuple(pieces), calls, (family.ident,))
        return following(said, family.after) if family.after else said
    return None


class _Filler:
    """One draw of one pattern."""

    def __init__(self, family: Family, lexicons: Lexicons, rng: Random) -> None:
        self.means, self.owners, self.lang = family.means, family.owners(), family.lang
        self.lexicons, self.rng = lexicons, rng
        self.parts = list(_choose(family.tree, rng))
        self.literal = "".join(part for part in self.parts if isinstance(part, str))
        self.style = rng.randrange(100)
        """Digits or words: the same for all numbers of one utterance."""
        slots = {part.name for part in self.parts if isinstance(part, Slot)}
        self.work = self._work(slots)

    def fill(self) -> tuple[list[Piece], list[dict[str, Scalar]]]:
        """Return the pieces, and the values of each action's slots."""
        pieces: list[Piece] = []
        values: list[dict[str, Scalar]] = [{} for _ in self.means]
        for at, part in enumerate(self.parts):
            if isinstance(part, str):
                pieces.append(Piece(part))
                continue
            after = self.parts[at + 1] if at + 1 < len(self.parts) else ""
            piece, value = self._slot(part.name, pieces, after if isinstance(after, str) else "")
            owner = self.owners[part.name]
            pieces.append(replace(piece, call=owner))
            values[owner][part.name] = value
        return pieces, values

    def _slot(self, name: str, before: Sequence[Piece], after: str) -> tuple[Piece, Scalar]:
        spec = self.means[self.owners[name]].spec
        schema = spec.properties[name]
        if "enum" in schema:
            return self._name(spec, name, before, after)
        if schema.get("type") in ("integer", "number"):
            return self._number(spec, name, before, after)
        said = self._free(spec, name, before)
        if said in self.literal or said in "".join(piece.text for piece in before):
            raise CannotFill
        return Piece(said, name, free=True), said

    def _name(self, spec: ActionSpec, name: str, before: Sequence[Piece], after: str) -> tuple[Piece, Scalar]:
        value = self.rng.choice(spec.properties[name]["enum"])
        names = [word for word in spoken_names(spec, name, value, self.lang) if self._fits(word, before, after)]
        if not names:
            raise CannotFill
        return Piece(self.rng.choice(names), name), value

    def _fits(self, word: str, before: Sequence[Piece], after: str) -> bool:
        """Refuse a name that would say a neighbouring word twice or that was taken back before."""
        left = before[-1].text.rstrip() if before else ""
        if word.lower() in self.literal.lower():
            return False
        if self.lang == "zh":
            return not (left[-1:] == word[:1] or after.strip()[:1] == word[-1:])
        last, following, words = left.split()[-1:], after.split()[:1], word.split()
        doubled = last == words[:1] or [each.rstrip("s") for each in following] == [words[-1].rstrip("s")]
        article = words[0] in ("the", "my", "every", "a") and last in (["the"], ["my"], ["a"], ["some"])
        whole = words[0] in ("the", "all") and words[-1] in ("light", "lights", "seat", "seats", "window", "windows")
        return not (doubled or article or (whole and following))

    def _number(self, spec: ActionSpec, name: str, before: Sequence[Piece], after: str) -> tuple[Piece, Scalar]:
        schema = spec.properties[name]
        value = plain(self._value(spec, name))
        # "Twenty, no, {volume}" takes twenty back: the slot must say another number.
        if abs(value) in {abs(span.value) for span in find_numbers(self.literal, self.lang)}:
            raise CannotFill
        left = before[-1].text.rstrip().lower() if before else ""
        bare = left.endswith(("百分之", "点", "第", "level", "o'clock")) or _SHARE_WORDS.match(after)
        share = schema.get("unit") == "percent" and not bare and not after.strip()
        said = spoken.forms(value, self.lang, share=share)
        if share:
            said = tuple(each for each in said if each[:1] != "一" or len(each) > 1)
        return Piece(self._styled(said), name), value

    def _styled(self, said: tuple[str, ...]) -> str:
        digits = [each for each in said if each[0].isdecimal() or each[0] == "-"]
        words = [each for each in said if each not in digits]
        chosen = (digits if self.style < 40 else words) or said  # noqa: PLR2004 (typed and whisper's share of digits)
        if not chosen:
            raise CannotFill
        return self.rng.choice(chosen)

    def _value(self, spec: ActionSpec, name: str) -> float:
        schema = spec.properties[name]
        asked = self.lexicons.numbers(spec.name, name)
        low, high = (asked.low, asked.high) if asked else (schema["minimum"], schema["maximum"])
        step = asked.step if asked else schema.get("multipleOf", 1)
        first, unit = Decimal(str(low)), Decimal(str(step))
        value = first + unit * self.rng.randint(0, int((Decimal(str(high)) - first) / unit))
        coarse = value.to_integral_value()
        # People mostly say whole numbers, where a step allows halves.
        return float(coarse if unit < 1 and coarse >= first and self.rng.random() < _WHOLE[unit >= _HALF] else value)

    def _free(self, spec: ActionSpec, name: str, before: Sequence[Piece]) -> str:
        if self.work and name in ("artist", "song", "album"):
            return self.work.artist if name == "artist" else self.work.title
        lexicon = self.lexicons.lexicon(spec.name, name)
        if lexicon == "when":
            words = (before[-1].text if before else "").lower().split()
            lexicon = _WHEN.get(words[-1], "when") if words and self.lang == "en" else "when"
        return self.lexicons.draw(lexicon, self.lang, self.rng)

    def _work(self, slots: set[str]) -> Work | None:
        """Draw artist and title together: a model should see pairs that exist."""
        owner = self.owners.get("artist", 0)
        if self.means[owner].spec.name != "MUSIC_PLAY" or "artist" not in slots or not slots & {"song", "album"}:
            return None
        if {"song", "album"} <= slots:
            return None
        return self.rng.choice((self.lexicons.songs if "song" in slots else self.lexicons.albums)[self.lang])


_HALF = Decimal("0.5")
_WHOLE = {True: 0.7, False: 0.1}
"""Share of whole numbers among steps of a half and among finer ones."""


def _choose(node: Node | Tree, rng: Random) -> Iterator[str | Slot]:
    match node:
        case Literal(text):
            yield text
        case Slot():
            yield node
        case Alternatives(options):
            yield from _choose(rng.choice(options), rng)
        case Optional(body):
            if rng.random() < 0.5:  # noqa: PLR2004 (left out as often as said)
                yield from _choose(body, rng)
        case Tree(parts):
            for part in parts:
                yield from _choose(part, rng)


def words_of(utterance: Utterance) -> str:
    """Return the words of the pattern alone."""
    return "".join(piece.text for piece in utterance.pieces if not piece.slot)
