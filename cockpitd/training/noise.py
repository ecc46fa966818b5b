"""What a recogniser makes of clear words: homophones, lost or swapped small words, a clipped beginning."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from cockpitd.nlu.language import is_han
from cockpitd.nlu.pinyin import folded_readings
from cockpitd.training.utterance import Piece, Utterance

_DECIDES = frozenset(
    "开关升降高低大小加减亮暗快慢冷热上下左右前后不别没无勿未停取消静全半主副是零一二两三四五六七八九十百点度档"
)
"""Characters that decide what is meant: they are neither misheard nor the result of a mishearing."""
_CLIPPED_ZH = frozenset("打播导设调请把帮将给麻切查我")
_CLIPPED_EN = frozenset(
    "please can could would i set turn switch put make play take navigate tell give show let's".split()
)
"""Beginnings that can be lost without losing the meaning."""
_LOST = frozenset("the a to my an of some".split())
_HEARD_AS: Mapping[str, tuple[str, ...]] = {
    "the": ("a", "their"), "a": ("the", "uh"), "turn": ("term", "turned"), "lights": ("light", "lites"),
    "light": ("lights", "like"),
    "seat": ("seats", "sea"), "heating": ("eating", "heat in"), "heater": ("eater",),
    "window": ("windows", "window's"), "windows": ("window",),
    "play": ("played", "plays"), "navigate": ("navigator", "navigated"), "route": ("root", "routes"),
    "volume": ("volumes", "valium"),
    "mirrors": ("mirror", "mere is"), "wipers": ("wiper", "vipers"), "wiper": ("viper",),
    "sunroof": ("sun roof", "some roof"),
    "fan": ("fans", "van"), "temperature": ("temperatures", "temperate"), "degrees": ("degree", "the grease"),
    "air": ("heir", "hair"),
    "defrost": ("the frost", "defrosted"), "boot": ("boots", "booth"), "trunk": ("trunks", "drunk"),
    "doors": ("door", "dolls"),
    "fog": ("frog", "fox"), "beam": ("being", "beams"), "hazard": ("hazards", "has it"),
    "ambient": ("ambience", "ambien"),
    "song": ("songs", "sung"), "music": ("musics", "use it"), "message": ("messages", "massage"),
    "alarm": ("alarms", "a long"),
    "remind": ("reminds", "rewind"), "timer": ("time are", "timers"), "weather": ("whether", "wetter"),
    "traffic": ("graphic", "traffics"),
    "tyre": ("tire", "tied"), "fuel": ("full", "few"), "battery": ("batteries", "battle"),
    "range": ("ranch", "arrange"),
    "cruise": ("crews", "cruz"), "lane": ("lain", "plane"), "mode": ("mowed", "mood"), "speed": ("speeds", "peed"),
    "nearest": ("nearer", "near is"), "station": ("stations", "stationed"), "radio": ("radios", "video"),
    "please": ("peas", "police"),
    "warm": ("worm", "warmer"), "back": ("bag", "pack"), "rear": ("rare", "real"), "driver's": ("drivers", "driver"),
    "passenger": ("passengers", "messenger"), "for": ("four's", "or"), "with": ("whiff", "were"),
    "this": ("these", "the"),
    "need": ("knead", "needs"), "want": ("wanna", "won"), "let's": ("lets", "less"), "could": ("good", "can"),
    "what's": ("what", "watts"),
    "here": ("hear", "hair"), "there": ("their", "they're"), "find": ("fine", "mind"), "call": ("cool", "called"),
    "home": ("hum", "homes"),
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z']+")
_CLIP = 0.25
_SHORTEST = 5
_TWO_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Mishearing:
    """Which characters sound alike, among those that occur in the patterns."""

    alike: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Mishearing:
        """Learn the inventory of characters from the patterns: a recogniser writes everyday characters."""
        by_sound: dict[str, set[str]] = defaultdict(set)
        for char in sorted({char for text in texts for char in text}):
            if is_han(char) and char not in _DECIDES:
                for sound in folded_readings(char):
                    by_sound[sound].add(char)
        found: dict[str, set[str]] = defaultdict(set)
        for group in by_sound.values():
            for char in group:
                found[char] |= group - {char}
        return cls({char: sorted(others) for char, others in found.items() if others})

    def mishear(self, utterance: Utterance, rng: Random) -> Utterance | None:
        """Garble the words of the pattern, never the values; None when nothing can be garbled."""
        before = utterance.text()
        pieces = list(utterance.pieces)
        if len(before) >= _SHORTEST and rng.random() < _CLIP:
            pieces = _clip(pieces, utterance.lang)
        elif utterance.lang == "zh":
            for _ in range(1 if len(before) < _TWO_ERRORS else rng.choice((1, 1, 2))):
                pieces = self._swap(pieces, rng)
        else:
            pieces = _edit(pieces, rng)
        garbled = utterance.with_pieces(*pieces)
        return garbled if garbled.text() not in ("", before) else None

    def _swap(self, pieces: list[Piece], rng: Random) -> list[Piece]:
        places = [
            (number, at)
            for number, piece in enumerate(pieces)
            if not piece.slot
            for at, char in enumerate(piece.text)
            if char in self.alike and char not in _DECIDES
        ]
        if not places:
            return pieces
        number, at = rng.choice(places)
        text = pieces[number].text
        pieces[number] = replace(pieces[number], text=text[:at] + rng.choice(self.alike[text[at]]) + text[at + 1 :])
        return pieces


def _clip(pieces: list[Piece], lang: str) -> list[Piece]:
    first = pieces[0]
    if first.slot:
        return pieces
    text = first.text.lstrip()
    if lang == "zh":
        return [replace(first, text=text[1:]), *pieces[1:]] if text[:1] in _CLIPPED_ZH else pieces
    word, _, rest = text.partition(" ")
    return [replace(first, text=rest), *pieces[1:]] if word.lower() in _CLIPPED_EN and rest else pieces


def _edit(pieces: list[Piece], rng: Random) -> list[Piece]:
    places = [
        (number, found)
        for number, piece in enumerate(pieces)
        if not piece.slot
        for found in _WORD.finditer(piece.text)
        if found[0].lower() in _HEARD_AS or found[0].lower() in _LOST
    ]
    if not places:
        return pieces
    number, found = rng.choice(places)
    text, word = pieces[number].text, found[0].lower()
    instead = "" if word in _LOST and rng.random() < 0.5 else rng.choice(_HEARD_AS.get(word, ("",)))  # noqa: PLR2004
    pieces[number] = replace(pieces[number], text=text[: found.start()] + instead + text[found.end() :])
    return pieces
