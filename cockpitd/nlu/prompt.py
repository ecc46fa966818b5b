"""The text put before the language model: a fixed beginning per language, the nearest examples, the utterance."""

from __future__ import annotations

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import LANGS, Lang
from cockpitd.nlu.decode import canonical
from cockpitd.nlu.shots import Shot, ShotIndex

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


class PromptBook:
    """Prompts for one catalogue."""

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

    def tail(self, text: str, lang: Lang, context: str, count: int) -> str:
        """Return what follows the beginning: the nearest shots and the utterance, ending where the answer begins."""
        shots = "".join(_lay_out(shot, lang) for shot in self._indexes[lang].nearest(text, count))
        before = f"{_BEFORE[lang]}{context}\n" if context else ""
        return f"{shots}{before}{_SAID[lang]}{' '.join(text.split())}\n"


def _lay_out(shot: Shot, lang: Lang) -> str:
    return f"{_SAID[lang]}{shot.say}\n{shot.answer}\n"
