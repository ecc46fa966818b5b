"""Reading the answer to "which …?": an utterance that is one parameter's value and nothing else."""

from __future__ import annotations

import re

from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu.normalize import normalize
from cockpitd.nlu.slots import TextSlot, reader
from cockpitd.nlu.sound import Strictness, hear
from cockpitd.nlu.text import tokenise

_LEAD: dict[Lang, re.Pattern[str]] = {
    "zh": re.compile(r"^(?:那就|就|是|要|选|调到|设成|到|去|打给|给|来)+(?=.)"),
    "en": re.compile(r"^(?:(?:it is|it's|its|make it|set it|to|at|for|call|the|um|well)\s+)+(?=.)"),
}
_TAIL: dict[Lang, frozenset[str]] = {
    "zh": frozenset("度 摄氏度 分钟 分 个 小时 点 兆赫 的 吧 那个 就行 好 了 好了 百分".split()),
    "en": frozenset("degrees degree celsius percent minutes minute hours hour please one side seat then".split()),
}


def is_free_text(spec: ActionSpec, parameter: str) -> bool:
    """Tell whether the parameter takes any words, so that a command must be tried before a value."""
    return isinstance(reader(spec, parameter, "zh"), TextSlot)


def bare_value(spec: ActionSpec, parameter: str, text: str, lang: Lang) -> Scalar | None:
    """Return the value if the whole utterance is one, None otherwise; its range is grounding's business."""
    plain = normalize(text, lang)
    slot = reader(spec, parameter, lang)
    for said in (_LEAD[lang].sub("", plain), plain):
        tokens = tokenise(said, lang)
        if not tokens.items:
            continue
        levels = (Strictness.LETTERS, *Strictness) if lang == "zh" else (Strictness.LETTERS,)
        for strictness in levels:
            heard = hear(tokens, strictness)
            for end, value in sorted(slot.read(heard, 0), key=lambda found: -found[0]):
                rest = heard.words[end:]
                if all(word in _TAIL[lang] for word in rest) or "".join(rest) in _TAIL[lang]:
                    return value
    return None
