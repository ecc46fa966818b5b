"""Mending what a recogniser misheard towards the words of the catalogue; text that already means something stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice, pairwise

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Lang
from cockpitd.nlu import pinyin
from cockpitd.nlu.hanzi import simplified
from cockpitd.nlu.index import parsed
from cockpitd.nlu.language import is_han
from cockpitd.nlu.lexicon import STOP, literals
from cockpitd.nlu.normalize import normalize, surface
from cockpitd.nlu.phrasebook import Phrasebook
from cockpitd.nlu.reading import Reading
from cockpitd.nlu.slots import spoken_names
from cockpitd.nlu.sound import sounds_of
from cockpitd.nlu.text import tokenise

_LONGEST = 240
_LONGEST_WORD = 8
_SURE_ALONE = 3
"""A word of this many syllables is mended on its sound alone; a shorter one needs a catalogue word beside it."""
_TRIES = 24
_CLOSE = 0.78
_SHORT_NAME = 5
_SHORT_WORD = 3
"""Letters of a name or word too short to tell by its spelling which one was meant."""
_SAME_SOUND_EN = {
    "to": "two",
    "too": "two",
    "for": "four",
    "ate": "eight",
    "won": "one",
    "of": "off",
    "sit": "seat",
    "lite": "light",
}


class Repairer:
    """The lexicon of one catalogue, by sound for Mandarin and by spelling for English."""

    def __init__(self, catalogue: Catalogue, phrasebook: Phrasebook | None = None) -> None:
        self._phrasebook = phrasebook or Phrasebook(catalogue)
        words = {word for word in _words(catalogue, "zh") if 1 < len(word) <= _LONGEST_WORD and all(map(is_han, word))}
        words = {word for word in words if len(word) >= _SURE_ALONE or not any(char in STOP["zh"] for char in word)}
        self._words = frozenset(words)
        self._openings = self._phrasebook.openings("zh")
        self._by_sound = _by_sound(words)
        self._entities = {lang: _entities(catalogue, lang) for lang in ("zh", "en")}
        self._entity_sounds = _by_sound({word for word in self._entities["zh"] if all(map(is_han, word))})
        self._entity_folds = _by_fold(self._entity_sounds)
        self._english = sorted(
            {each for word in _words(catalogue, "en") for each in tokenise(surface(word, "en"), "en").words()}
        )

    def repair(self, text: str, lang: Lang) -> str:
        """Return the text as it was most likely said, or unchanged (but for traditional characters)."""
        if lang == "zh":
            text = simplified(text)
        if len(text) > _LONGEST:
            return text
        exact = self._phrasebook.read(text, lang, by_sound=False)
        if exact:
            return self._with_known_names(text, exact, lang)
        if lang == "en":
            return self._english_words(text)
        heard = self._phrasebook.read(text, lang)
        if heard:
            return "，".join(_rewritten(reading) for reading in heard)
        return self._windows(text)

    def _with_known_names(self, text: str, readings: tuple[Reading, ...], lang: Lang) -> str:
        """Mend free texts that sound exactly like a name the catalogue's examples know (业企 -> 夜曲)."""
        for reading in readings:
            for name in reading.fit.free:
                value = str(reading.parameters[name])
                if value in self._entities[lang]:
                    continue
                known = self._entity(value, lang)
                if known and value in text:
                    text = text.replace(value, known)
        return text

    def _entity(self, value: str, lang: Lang) -> str:
        if lang == "en":
            close = get_close_matches(value, self._entities["en"], n=1, cutoff=0.88) if len(value) > _SHORT_NAME else []
            return close[0] if close else ""
        found = self._entity_sounds.get(pinyin.syllables(value), frozenset()) if len(value) > 1 else frozenset()
        if not found and len(value) > 1:
            found = self._entity_folds.get(tuple(map(pinyin.fold, pinyin.syllables(value))), frozenset())
        return next(iter(found)) if len(found) == 1 else ""

    def _windows(self, text: str) -> str:
        """Replace stretches that sound like a catalogue word, where the rest of the sentence makes it likely."""
        sounds = sounds_of(tuple(text))
        fixed = self._known(text)
        out = [*text]
        for start, end, word in self._alike(text, sounds, fixed):
            if end - start >= _SURE_ALONE or self._has_verb(text[:start]) or self._has_verb(text[end:]):
                out[start:end] = [*word]
        mended = "".join(out)
        return mended if mended != text and self._fits_better(text, mended) else text

    def _has_verb(self, text: str) -> bool:
        """Tell whether a stretch holds the first two characters of a command (打开, 关闭, 播放)."""
        return any((one, other) in self._openings for one, other in pairwise(text))

    def _fits_better(self, before: str, after: str) -> bool:
        """Tell whether the words of the catalogue cover most of the mended sentence, and more than before."""
        cover = sum(self._known(after))
        han = sum(is_han(char) and char not in STOP["zh"] for char in after)
        return cover > sum(self._known(before)) and 2 * cover >= han

    def _known(self, text: str) -> list[bool]:
        """Mark the characters that belong to a catalogue word as they are written."""
        known = [False] * len(text)
        for start in range(len(text)):
            for size in range(min(_LONGEST_WORD, len(text) - start), 1, -1):
                if text[start : start + size] in self._words:
                    known[start : start + size] = [True] * size
                    break
        return known

    def _alike(self, text: str, sounds: tuple[str, ...], fixed: list[bool]) -> Iterator[tuple[int, int, str]]:
        taken = 0
        for start in range(len(text)):
            if start < taken:
                continue
            for size in range(min(_LONGEST_WORD, len(text) - start), 1, -1):
                window = text[start : start + size]
                found = self._by_sound.get(sounds[start : start + size], frozenset())
                if window in found or len(found) != 1 or any(fixed[start : start + size]) or pinyin.is_word(window):
                    continue
                yield start, start + size, next(iter(found))
                taken = start + size
                break

    def _english_words(self, text: str) -> str:
        """Change one or two words to a like-spelled or like-sounding one, only if the whole then is a known phrase."""
        words = normalize(text, "en").replace(",", " ").split()
        options = [[*self._alternatives(word)] for word in words]
        for changed in islice(_variants(words, options), _TRIES):
            found = self._phrasebook.read(changed, "en", by_sound=False)
            if found and not any(reading.fit.free for reading in found):
                return changed
        return text

    def _alternatives(self, word: str) -> Iterator[str]:
        if word in _SAME_SOUND_EN:
            yield _SAME_SOUND_EN[word]
        if len(word) > _SHORT_WORD and not _has(self._english, word):
            yield from get_close_matches(word, self._english, n=3, cutoff=_CLOSE)


def _has(ordered: list[str], word: str) -> bool:
    return word in ordered


def _variants(words: list[str], options: list[list[str]]) -> Iterator[str]:
    single = [(at, option) for at, row in enumerate(options) for option in row]
    for at, option in single:
        yield " ".join([*words[:at], option, *words[at + 1 :]])
    for first, one in single:
        for second, other in single:
            if first < second:
                changed = [*words]
                changed[first], changed[second] = one, other
                yield " ".join(changed)


def _rewritten(reading: Reading) -> str:
    """Write a reading made by sound the way its phrase and its value names are written."""
    words = [*reading.heard.words]
    for at, written in reading.fit.misheard.items():
        words[at] = written
    for name, (start, end) in reading.fit.spans.items():
        schema = reading.spec.properties.get(name, {})
        if "enum" in schema or schema.get("type") == "boolean":
            names = spoken_names(reading.spec, name, reading.parameters[name], "zh")
            same = [each for each in names if sounds_of(tuple(each)) == reading.heard.sounds[start:end]]
            alike = same or [each for each in names if len(each) == end - start]
            if alike and "".join(words[start:end]) not in names:
                words[start:end] = [*alike[0]]
        elif schema.get("type") in ("number", "integer"):
            said = reading.heard.tokens.slice(start, end)
            if not any(char in said for char in "0123456789"):
                words[start:end] = [*_numerals(reading.parameters[name], end - start, words[start:end])]
    return "".join(words)


def _numerals(value: object, width: int, spoken: list[str]) -> list[str]:
    digits = f"{value}"
    return [digits, *[""] * (width - 1)] if spoken else []


def _words(catalogue: Catalogue, lang: Lang) -> Iterator[str]:
    for spec in catalogue.actions.values():
        yield spec.title.get(lang, "")
        for phrases in (spec.phrases, spec.reflex, spec.follow_ups):
            for phrase in phrases.get(lang, ()):
                yield from (piece.strip() for piece in literals(parsed(phrase.say)))
        for name, schema in spec.properties.items():
            for value in schema.get("enum", ()):
                yield from (surface(each, lang) for each in spoken_names(spec, name, value, lang))


def _entities(catalogue: Catalogue, lang: Lang) -> frozenset[str]:
    """Return the free-text values of the examples: artists, songs, places, people."""
    return frozenset(
        value.lower()
        for spec in catalogue.actions.values()
        for example in spec.examples.get(lang, ())
        for name, value in example.parameters.items()
        if isinstance(value, str)
        and "enum" not in spec.properties.get(name, {})
        and value.lower() in example.say.lower()
    )


def _by_fold(by_sound: Mapping[tuple[str, ...], frozenset[str]]) -> Mapping[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for sound, words in by_sound.items():
        found[tuple(map(pinyin.fold, sound))] |= words
    return {fold: frozenset(same) for fold, same in found.items()}


def _by_sound(words: Iterable[str]) -> Mapping[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for word in words:
        found[sounds_of(tuple(word))].add(word)
    return {sound: frozenset(same) for sound, same in found.items()}
