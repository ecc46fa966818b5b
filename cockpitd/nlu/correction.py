"""Where a speaker corrects himself within one sentence; what the corrected sentence means is read elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpitd.domain.units import Lang
from cockpitd.nlu.numbers import find_numbers

_STRONG = {
    "zh": re.compile(
        r"，?(?:哦|啊|呃|嗯)?(?:不对不对|不对|不是不是|说错了|错了|我说错了|我是说|我的意思是"
        r"|等等|等一下|哦不|啊不|不不不?|算了还是|还是)(?:，|应该是|应该|是|改成|我要的是"
        r"|我说的是)*"
    ),
    "en": re.compile(
        r",? ?\b(?:no no|oh no|no wait|oh wait|wait wait|wait no|wait|i mean|i meant|sorry"
        r"|scratch that|correction|make that|or rather|rather|actually|oops)\b"
        r"(?:,? ?\b(?:no|i mean|i meant|make that|make it|sorry|wait|actually)\b)*(?:,? |$)"
    ),
}
_WEAK = {
    "zh": re.compile(r"，不是?，|，不(?=[一-鿿\d]{1,6}$)|，不是"),
    "en": re.compile(r",? \b(?:no|nope|not that)\b,? "),
}
_HEAD = {
    "zh": re.compile(
        r"^(?:不对不对|不对|不是|错了|哦不|啊不|不不不?|不)(?:，|(?=[是改换调]))(?:应该是"
        r"|应该|是)?|^(?:不对|错了|不是)(?=[改换调一二三四五六七八九十两百\d])"
    ),
    "en": re.compile(
        r"^(?:no no|no wait|no|nope|wait|sorry|i mean|i meant|actually|oops)(?:,? (?:i "
        r"mean|i meant|sorry|wait|make that))*,? (?=\S)"
    ),
}


@dataclass(frozen=True, slots=True)
class Correction:
    """A sentence in two halves, the second of which replaces (a part of) the first."""

    before: str
    after: str
    strong: bool
    """The words can hardly mean anything but a correction (不对, I mean); `no` alone can."""


def find(text: str, lang: Lang) -> Correction | None:
    """Return the last correction within a normalised text, or None."""
    for table, strong in ((_STRONG, True), (_WEAK, False)):
        for found in reversed([*table[lang].finditer(text)]):
            before, after = text[: found.start()].strip(" ,，"), text[found.end() :].strip(" ,，")
            if before and after:
                return Correction(before, after, strong)
    return None


def without_head(text: str, lang: Lang) -> str:
    """Drop a correction that opens the utterance ("不对，是二十六度": it mends the turn before)."""
    rest = _HEAD[lang].sub("", text, count=1).strip(" ,，")
    return rest or text


def splices(correction: Correction, spans: tuple[tuple[int, int], ...], lang: Lang) -> list[str]:
    """List sentences the correction may mean, the likeliest first.

    `spans` are the character spans of the values in the first half, the last one first: the second half most often
    replaces one of them, with or without what follows it; else it replaces the end of the first half. A number is
    replaced whole: "twenty, no, six" is never twenty-six.
    """
    before, after = correction.before, correction.after
    gap = "" if lang == "zh" else " "
    out = [_join(before[:start], after, before[end:], gap) for start, end in spans]
    out += [_join(before[:start], after, "", gap) for start, _ in spans]
    cuts = (
        range(len(before) - 1, 0, -1) if lang == "zh" else [at for at, char in enumerate(before) if char == " "][::-1]
    )
    out += [_join(before[:cut], after, "", gap) for cut in cuts if not _runs_together(before[:cut], after, lang)]
    return list(dict.fromkeys(out))


def _runs_together(head: str, rest: str, lang: Lang) -> bool:
    """Tell whether the end of one text and the beginning of another would be read as one number."""
    seam = len(head)
    numbers = find_numbers(f"{head}{rest}" if lang == "zh" else f"{head} {rest}", lang)
    return any(span.start < seam < span.end for span in numbers)


def _join(head: str, middle: str, tail: str, gap: str) -> str:
    return gap.join(part for part in (head.strip(" ,，"), middle, tail.strip(" ,，")) if part)
