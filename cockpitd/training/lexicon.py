"""The words that fill free texts, read from the lexicon files and drawn by chance; no pattern is known here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from cockpitd.domain.units import LANGS, Lang

_INNER = re.compile(r"\{([a-z0-9_]+)\}")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Work:
    """Something an artist made."""

    artist: str
    title: str


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Which numbers people ask for: a part of what the schema allows."""

    low: float
    high: float
    step: float


@dataclass(frozen=True, slots=True)
class Lexicons:
    """All lexicons of all languages."""

    words: Mapping[Lang, Mapping[str, tuple[str, ...]]]
    """Lexicon -> entries; `{other}` in an entry is filled from the lexicon `other`."""
    songs: Mapping[Lang, tuple[Work, ...]]
    albums: Mapping[Lang, tuple[Work, ...]]
    slots: Mapping[str, Mapping[str, Any]]
    """Action -> parameter -> lexicon name, or a number range as `[low, high, step]`."""

    def draw(self, name: str, lang: Lang, rng: Random) -> str:
        """Draw one entry and fill what it leaves open."""
        said = rng.choice(self.words[lang][name])
        while found := _INNER.search(said):
            said = said[: found.start()] + rng.choice(self.words[lang][found[1]]) + said[found.end() :]
        return said

    def lexicon(self, action: str, parameter: str) -> str:
        """Return the name of the lexicon of a free text; a free text nobody provided for takes things in general."""
        found = self.slots.get(action, {}).get(parameter, "thing")
        return found if isinstance(found, str) else "thing"

    def numbers(self, action: str, parameter: str) -> NumberRange | None:
        """Return the range people ask for, None where the schema's own is as good."""
        found = self.slots.get(action, {}).get(parameter)
        return NumberRange(*found) if isinstance(found, list) else None


def load_lexicons(directory: Path) -> Lexicons:
    """Read every file of a directory of lexicons."""
    words: dict[Lang, dict[str, tuple[str, ...]]] = {lang: {} for lang in LANGS}
    for path in sorted(directory.glob("*.yaml")):
        if path.stem not in ("slots", "music", "shared"):
            for name, by_lang in read_yaml(path).items():
                for lang, line in by_lang.items():
                    words[lang][name] = entries(line)
    music = read_yaml(directory / "music.yaml")
    songs = {lang: _works(music[lang], "songs") for lang in LANGS}
    albums = {lang: _works(music[lang], "albums") for lang in LANGS}
    for lang in LANGS:
        words[lang]["artist"] = tuple(music[lang])
        words[lang]["song"] = tuple(dict.fromkeys(work.title for work in songs[lang]))
        words[lang]["album"] = tuple(dict.fromkeys(work.title for work in albums[lang]))
    return Lexicons(words, songs, albums, read_yaml(directory / "slots.yaml"))


def read_yaml(path: Path) -> Any:  # noqa: ANN401 (whatever the file holds)
    """Read one data file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader either way)


def entries(line: str) -> tuple[str, ...]:
    """Cut `one | two | three`; an entry that stands twice is drawn twice as often."""
    return tuple(" ".join(entry.split()) for entry in line.split("|") if entry.strip())


def _works(artists: Mapping[str, Mapping[str, str]], kind: str) -> tuple[Work, ...]:
    return tuple(Work(artist, title) for artist, made in artists.items() for title in entries(made.get(kind, "")))
