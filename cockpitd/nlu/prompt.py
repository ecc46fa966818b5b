"""The text put before the language model: a fixed beginning per language, the nearest examples, the utterance."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, Lang, Scalar
from cockpitd.nlu.decode import MAX_ACTIONS, Heard, canonical, grammar
from cockpitd.nlu.numbers import NumberSpan, find_numbers, plain
from cockpitd.nlu.shots import Shot, ShotIndex, varied

_HEADING: dict[Lang, str] = {
    "zh": "车载助手把司机说的话写成动作。\n\n",
    "en": "The car assistant writes what the driver says as actions.\n\n",
}
_SAID: dict[Lang, str] = {"zh": "司机：", "en": "Driver: "}
_BEFORE: dict[Lang, str] = {"zh": "刚才：", "en": "Before: "}

_DECLINED: dict[Lang, tuple[tuple[str, str], ...]] = {
    "zh": (
        ("ASSISTANT_NOT_FOR_ME", "妈，你晚饭吃了没有"),
        ("ASSISTANT_NOT_SUPPORTED", "帮我订一张去上海的机票"),
        ("ASSISTANT_NOT_FOR_ME", "他昨天说那个项目下周才能交"),
        ("ASSISTANT_NOT_SUPPORTED", "把股票卖掉"),
    ),
    "en": (
        ("ASSISTANT_NOT_FOR_ME", "did you pick up the kids from school yesterday"),
        ("ASSISTANT_NOT_SUPPORTED", "book me a flight to Madrid"),
        ("ASSISTANT_NOT_FOR_ME", "yeah I told him the meeting was moved to Monday"),
        ("ASSISTANT_NOT_SUPPORTED", "order a pizza for tonight"),
    ),
}
"""Always among the shots: a base model that never saw a refusal never refuses."""


_STRING = re.compile(r'"[^"]*"')
_DIALLED = re.compile(r'"[+]?[0-9*#]{5,}"')
"""A telephone number: dialled in digits, however it was said."""
_EN_WORDS_ONLY = frozenset({"a", "an", "one", "half", "a half", "the half"})
"""English numbers that are mostly not numbers: "this one", "a half"."""
_ZH_COUNTED = re.compile(r"[度档级格号分小点首]")
"""What follows a one-character numeral that is a number and not part of a word (一下, 三里屯)."""


_JOINTS: dict[Lang, re.Pattern[str]] = {
    "zh": re.compile(r"[，,。；;]?(?:然后|并且|接着|顺便|同时)|。|；|;|[，,]再"),
    "en": re.compile(r",?\s*\band(?: then| also)?\b(?! a half| a quarter)|\bthen\b|;|\.\s", re.IGNORECASE),
}
"""Between two wishes, each of which is asked for on its own: a small model loses the second one otherwise."""
_MARKS = re.compile(r"[，,]")
"""Between a wish and what is said around it ("I am cold, …")."""
_SHORT_CLAUSE = 2

TRUST = 4.0
"""How much the wording counts beside the model's own opinion; tried 0 to 8 on sentences of our own."""
LIKENESS_FLOOR = 0.05
LIKENESS_OF_DECLINING = 0.3
"""Talk that is not for the car has no wording of its own; it wins where nothing else is at least so alike."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one utterance is asked with."""

    prefix: str
    """The part that never changes."""
    tail: str
    """Shots and utterance, ending where the answer begins."""
    grammar: str
    """What may be answered."""
    leanings: Mapping[str, float]
    """Action -> logarithmic weight, 0 for the most alike and negative for all others: what the wording alone says.

    Empty when the model's own opinion is enough.
    """


class PromptBook:
    """Prompts for a model that only imitates: the nearest examples of the catalogue before the utterance."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._indexes = {lang: ShotIndex(catalogue, lang) for lang in LANGS}

    def prefix(self, lang: Lang) -> str:
        """Return the beginning that never changes and so stays in the model's cache."""
        shots = [
            Shot(say, name, canonical([(self._catalogue.actions[name], {})]))
            for name, say in _DECLINED[lang]
            if name in self._catalogue.actions
        ]
        return _HEADING[lang] + "".join(_lay_out(shot, lang) for shot in shots)

    def prompts(self, text: str, lang: Lang, context: str, count: int) -> tuple[Prompt, ...]:
        """Lay out one prompt per wish of an utterance; `context` is the previous action as JSON or empty."""
        said = in_digits(" ".join(text.split()), lang)
        wishes = _cut(said, _JOINTS[lang])
        return tuple(self._prompt(wish, lang, context, max(1, count // len(wishes))) for wish in wishes)

    def _prompt(self, said: str, lang: Lang, context: str, count: int) -> Prompt:
        index, clauses = self._indexes[lang], _cut(said, _MARKS)
        # The whole sentence and each of its clauses may be what the action file says.
        alike = [_weighed(index.alike(part), len(part) / max(1, len(said))) for part in dict.fromkeys([said, *clauses])]
        shots = varied(sorted((shot for found in alike for shot in found), key=lambda shot: -shot.likeness), count)
        before = f"{_BEFORE[lang]}{context}\n" if context else ""
        tail = "".join(_lay_out(shot, lang) for shot in shots) + f"{before}{_SAID[lang]}{said}\n"
        leanings = _leanings(shot for found in alike for shot in found)
        numbers = tuple(span.value for span in find_numbers(said, lang))
        heard = Heard(
            said,
            lang,
            tuple(leanings),
            len(clauses),
            (*numbers, *(-number for number in numbers)),
            _shown(shots, index.named(said)),
        )
        return Prompt(self.prefix(lang), tail, grammar(self._catalogue, heard), leanings)


def wishes(text: str, lang: Lang) -> int:
    """Count what is asked for with a connective between ("…, then …"): no reading may leave one of them out."""
    return len(_cut(text, _JOINTS[lang]))


def _weighed(shots: list[Shot], share: float) -> list[Shot]:
    """Let a clause count by its length: "it rains" is the smaller part of "it rains, shut the windows"."""
    return [replace(shot, likeness=shot.likeness * math.sqrt(share)) for shot in shots]


def _cut(text: str, where: re.Pattern[str]) -> list[str]:
    parts = [part.strip() for part in where.split(text)]
    return [part for part in parts if len(part) > _SHORT_CLAUSE][:MAX_ACTIONS] or [text]


def _shown(
    shots: Iterable[Shot], named: Mapping[tuple[str, str], tuple[str, Scalar]]
) -> dict[tuple[str, str], frozenset[Scalar]]:
    """Collect the parameter values that the utterance names, else those of the shots beside it."""
    found = {place: frozenset({value}) for place, (_, value) in named.items()}
    for shot in shots:
        for name, value in shot.parameters.items():
            if (shot.action, name) not in named:
                found[shot.action, name] = found.get((shot.action, name), frozenset()) | {value}
    return found


def _leanings(shots: Iterable[Shot]) -> dict[str, float]:
    leanings: dict[str, float] = {}
    for shot in shots:
        if shot.action:
            leanings[shot.action] = max(leanings.get(shot.action, LIKENESS_FLOOR), shot.likeness)
    for name, _ in _DECLINED["en"]:
        leanings[name] = max(leanings.get(name, 0.0), LIKENESS_OF_DECLINING)
    best = max(leanings.values())
    return {name: round(TRUST * math.log(likeness / best), 3) for name, likeness in leanings.items()}


def _lay_out(shot: Shot, lang: Lang) -> str:
    return f"{_SAID[lang]}{in_digits(shot.say, lang)}\n{shot.answer}\n"


def in_digits(text: str, lang: Lang) -> str:
    """Write the numbers of an utterance in digits: a small model copies 26 but cannot read 二十六."""
    out, at = [], 0
    for span in _spelled(text, lang):
        out.append(text[at : span.start] + str(plain(span.value)))
        at = span.end
    return "".join(out) + text[at:]


def in_words(answer: str, text: str, lang: Lang) -> str:
    """Undo `in_digits` inside the free texts of an answer, so that 一千零一夜 is not played as 1001夜."""
    spans = _spelled(text, lang)
    if not spans:
        return answer
    shown, places = in_digits(text, lang), _places(text, spans)

    def mend(found: re.Match[str]) -> str:
        value = json.loads(found[0])
        at = -1 if _DIALLED.fullmatch(found[0]) or value in text else shown.find(value)
        return found[0] if at < 0 else json.dumps(text[places[at] : places[at + len(value)]], ensure_ascii=False)

    return _STRING.sub(mend, answer)


def _places(text: str, spans: Iterable[NumberSpan]) -> list[int]:
    """Say for every place in the text in digits where that is in `text`; inside a number, where the number begins."""
    places: list[int] = []
    at = 0
    for span in spans:
        places += [*range(at, span.start), *[span.start] * len(str(plain(span.value)))]
        at = span.end
    return [*places, *range(at, len(text) + 1)]


def _spelled(text: str, lang: Lang) -> list[NumberSpan]:
    """Find the numbers that are said in words."""
    return [span for span in find_numbers(text, lang) if _is_spelled(text, span, lang)]


def _is_spelled(text: str, span: NumberSpan, lang: Lang) -> bool:
    words = text[span.start : span.end]
    if any(character.isdigit() and character.isascii() for character in words) or span.value < 0:
        return False
    if lang == "en":
        return words.lower() not in _EN_WORDS_ONLY
    return len(words) > 1 or bool(_ZH_COUNTED.match(text, span.end))
