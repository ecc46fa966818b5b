"""Generates the training rows from patterns and lexicons, the same for the same seed; no file is written here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from cockpitd import paths
from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, Lang
from cockpitd.training.declined import decline
from cockpitd.training.fill import fill, words_of
from cockpitd.training.lexicon import load_lexicons, read_yaml
from cockpitd.training.nearness import Neighbours
from cockpitd.training.noise import Mishearing
from cockpitd.training.patterns import PARTS, Family, Part, part, read_families
from cockpitd.training.rows import Checker, Row
from cockpitd.training.several import SharedVerbs, join, joinable
from cockpitd.training.surface import beside, typeset, vary
from cockpitd.training.utterance import Utterance, context_of, following, key

SHARES = {"several": 0.12, "shared": 0.03, "follow_up": 0.03, "out_of_context": 0.04, "declined": 0.05}
"""Of all rows; the rest are single wishes, talk and words of the flow."""
SAID_AGAIN = 3
"""How often a sentence that was written for several actions, or for what went before, is said."""
NOISE = 0.10
"""Share of utterances that are misheard."""
ASIDES = 0.05
"""Share of wishes that come with a clause which must not matter."""
NEAR = "near-evaluation"
VARIED = 0.6
_PART_SHARE: dict[Part, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
_TRIES = 5
_SLOTTED = 4
"""How much likelier a pattern with a slot is said again than one that can only be said one way."""
_WEIGHT_FREE, _WEIGHT_NUMBER = 5, 2
_TOGETHER = 4
_WISHES = ("single", "several")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be generated."""

    seed: int = 1
    count: int = 150_000
    """How many rows are aimed at; a few fewer come when draws run dry."""
    held_back: frozenset[str] = frozenset()
    """Actions that must not be taught, to measure how an action is understood from its file alone."""
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    """Kinds of `SHARES` to their share of all rows."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of it."""

    rows: tuple[Row, ...]
    dropped: Counter[str]
    """Why draws were thrown away: near-evaluation, invalid, repeated, other-part."""


def data_directory() -> Path:
    """Directory of the patterns and lexicons; they are in a checkout only."""
    return paths.models_dir() / "cockpit-n" / "data"


def evaluation_inputs(root: Path | None = None) -> list[Path]:
    """Evaluation files of this checkout; nothing taught may stand in them."""
    return sorted(((root or paths.share_dir()) / "tests" / "eval").glob("*.jsonl"))


def generate(catalogue: Catalogue, recipe: Recipe, excluded: Iterable[str], directory: Path | None = None) -> Generated:
    """Generate all rows; `excluded` are utterances that nothing taught may come near."""
    where = directory or data_directory()
    families = read_families(where, catalogue, recipe.held_back)
    collector = _Collector(Checker(catalogue), Neighbours(excluded))
    for lang in LANGS:
        of_lang = tuple(family for family in families if family.lang == lang)
        _Language(lang, of_lang, where, catalogue, recipe, collector).run()
    rows = list(collector.rows)
    Random(f"{recipe.seed} order").shuffle(rows)  # noqa: S311 (data, no secret)
    return Generated(tuple(sorted(rows, key=lambda row: PARTS.index(row.part))), collector.dropped)


class _Collector:
    """Takes what is new, valid, and not near the evaluation."""

    def __init__(self, checker: Checker, excluded: Neighbours) -> None:
        self.rows: list[Row] = []
        self.dropped: Counter[str] = Counter()
        self._checker, self._excluded = checker, excluded
        self._seen: set[tuple[str, str]] = set()
        self._part_of: dict[str, Part] = {}

    def take(self, utterance: Utterance, where: Part, *, noisy: bool) -> bool:
        """Keep an utterance as a row; False when it may not be kept."""
        row = self._checker.row(utterance, where, noisy=noisy)
        if row is None:
            return self._drop("invalid")
        heard = key(row.text)
        if (row.context, heard) in self._seen:
            return self._drop("repeated")
        if self._part_of.get(heard, where) != where:
            return self._drop("other-part")
        if self._excluded.near(row.text):
            return self._drop(NEAR)
        self._seen.add((row.context, heard))
        self._part_of[heard] = where
        self.rows.append(row)
        return True

    def near(self, utterance: Utterance) -> bool:
        """Tell whether an utterance is near the evaluation before a filler or a mishearing hides it."""
        found = self._excluded.near(utterance.text())
        self.dropped[NEAR] += found
        return found

    def _drop(self, why: str) -> bool:
        self.dropped[why] += 1
        return False


class _Language:
    """The rows of one language."""

    def __init__(
        self,
        lang: Lang,
        families: Sequence[Family],
        where: Path,
        catalogue: Catalogue,
        recipe: Recipe,
        collector: _Collector,
    ) -> None:
        self.lang: Lang = lang
        self.rng = Random(f"{recipe.seed} {lang}")  # noqa: S311 (data, no secret)
        self.lexicons = load_lexicons(where / "lexicons")
        self.shared = SharedVerbs(read_yaml(where / "lexicons" / "shared.yaml"), catalogue, recipe.held_back)
        self.catalogue, self.collector = catalogue, collector
        self.count, self.shares = recipe.count // len(LANGS), recipe.shares
        self.written = [family for family in families if family.after or len(family.means) > 1]
        self.plain = [
            family for family in families if not (family.follow_up or family.after) and len(family.means) == 1
        ]
        self.following = [family for family in families if family.follow_up]
        self.by_action: dict[str, list[Family]] = defaultdict(list)
        for family in self.plain:
            self.by_action[family.spec.name].append(family)
        self.pool: dict[Part, dict[str, list[Utterance]]] = {name: defaultdict(list) for name in PARTS}
        """Plain utterances by part and action, from which the others are made."""
        self.mishearing = Mishearing({})

    def run(self) -> None:
        """Generate every kind in turn."""
        self._fill_pool()
        texts = (words_of(each) for by_action in self.pool.values() for many in by_action.values() for each in many)
        self.mishearing = Mishearing.of(texts) if self.lang == "zh" else self.mishearing
        self._written()
        wanted = {kind: round(self.count * share) for kind, share in self.shares.items()}
        self._singles(self.count - sum(wanted.values()))
        self._repeat(wanted["several"], self._several)
        self._repeat(wanted["shared"], lambda where: self.shared.say(self.lang, where, self.rng))
        self._repeat(wanted["declined"], self._declined)
        self._repeat(wanted["out_of_context"], self._out_of_context)
        self._follow_ups(wanted["follow_up"])

    def _fill_pool(self) -> None:
        for family in self.plain:
            said = fill(family, self.lexicons, self.rng)
            if said is not None:
                self.pool[part(family.ident)][family.spec.name].append(said)

    def _singles(self, wanted: int) -> None:
        """Say every pattern once, then give each action its share of the rest; a small count takes a sample of each."""
        order = list(self._turns(wanted))
        for family in order:
            for attempt in range(_TRIES):
                said = fill(family, self.lexicons, self.rng)
                if said is not None and self._take(said, part(family.ident), eager=attempt > 0):
                    break

    def _written(self) -> None:
        """Say the sentences that mean several actions, or theirs after a certain one; a small count takes a sample."""
        most = round(self.count * self.shares["several"])
        for family in self.rng.sample(self.written, min(most, len(self.written))):
            for again in range(SAID_AGAIN if family.tree.slots() else 1):
                said = fill(family, self.lexicons, self.rng)
                if said is not None:
                    self._take(said, part(family.ident), eager=again > 0)

    def _turns(self, wanted: int) -> Iterator[Family]:
        share = min(1.0, wanted / len(self.plain))
        left = wanted
        for families in self.by_action.values():
            once = self.rng.sample(families, max(1, round(len(families) * share)))
            left -= len(once)
            yield from once
        names = [name for name in sorted(self.by_action) for _ in range(self._weight(name))]
        for number in range(max(0, left)):
            families = self.by_action[names[number % len(names)]]
            weights = [_SLOTTED if family.tree.slots() else 1 for family in families]
            yield self.rng.choices(families, weights)[0]

    def _weight(self, action: str) -> int:
        """Say what takes free texts or numbers more often again: its values matter, not only its wording."""
        slots = {name for family in self.by_action[action] for name in family.tree.slots()}
        schemas = [self.catalogue.actions[action].properties[name] for name in slots]
        free = any(schema["type"] == "string" and "enum" not in schema for schema in schemas)
        return _WEIGHT_FREE if free else _WEIGHT_NUMBER if any("minimum" in schema for schema in schemas) else 1

    def _repeat(self, wanted: int, make: Callable[[Part], Utterance | None]) -> None:
        for where in PARTS:
            left, tries = round(wanted * _PART_SHARE[where]), wanted * 12
            while left > 0 and tries > 0:
                tries -= 1
                said = make(where)
                left -= said is not None and self._take(said, where)

    def _plain_of(self, where: Part) -> Utterance:
        by_action = self.pool[where]
        return self.rng.choice(by_action[self.rng.choice(sorted(by_action))])

    def _several(self, where: Part) -> Utterance | None:
        found = [each for each in (self._plain_of(where) for _ in range(6 * _TOGETHER)) if joinable(each)]
        return join(found[:_TOGETHER], self.rng)

    def _declined(self, where: Part) -> Utterance | None:
        return decline(self._plain_of(where), self.catalogue, self.rng)

    def _out_of_context(self, where: Part) -> Utterance | None:
        """Say something whole after something else: what went before must not matter."""
        said, before = self._plain_of(where), self._plain_of(where)
        return replace(said, context=context_of(before.calls[0])) if before.kind == "single" else None

    def _follow_ups(self, wanted: int) -> None:
        """Say the clipped phrases that mean something only after an action of the same topic."""
        before: dict[str, list[Utterance]] = defaultdict(list)
        for by_action in self.pool.values():
            for many in by_action.values():
                for each in many:
                    before[each.calls[0].spec.topic].append(each)
        usable = [family for family in self.following if before[family.spec.topic]]
        for number in range(wanted if usable else 0):
            family = usable[number % len(usable)]
            for _ in range(_TRIES):
                said = fill(family, self.lexicons, self.rng)
                first = self.rng.choice(before[family.spec.topic]).calls[0]
                if said and self._take(following(replace(said, kind="dialogue"), first), part(family.ident)):
                    break

    def _take(self, said: Utterance, where: Part, *, eager: bool = False) -> bool:
        """Vary it, mishear it now and then, typeset it, keep it; `eager`: what was said before was there already."""
        if self.collector.near(said):
            return False
        varies = said.kind != "dialogue" and (eager or self.rng.random() < VARIED)
        varied = vary(said, self.rng, eager=eager) if varies else said
        if said.kind in _WISHES and self.rng.random() < ASIDES:
            varied = beside(said, self.lexicons.draw("aside", self.lang, self.rng), self.rng)
        misheard = self.mishearing.mishear(varied, self.rng) if self.rng.random() < NOISE else None
        return self.collector.take(typeset(misheard or varied, self.rng), where, noisy=misheard is not None)
