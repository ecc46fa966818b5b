"""Wishes before a command ("我想…", "I'd like to …") that do not change it; tried when the plain form fails."""

from __future__ import annotations

import re

from cockpitd.domain.units import Lang

_WISH = {
    "zh": re.compile(
        r"^(?:好的?，?|那就?|就|先|快|快点|赶紧|赶快|马上|立刻|现在|再|还是|可以|能|你"
        r"|您|让|我(?:现在)?(?:想要?|要|需要|希望)(?:你|让你)?|想要?|要|需要|希望你?|直接"
        r"|给我|帮我|替我)+"
    ),
    "en": re.compile(
        r"^(?:(?:okay|ok|now|so|and|then|also|first|next|quick|again|alright|i (?:want"
        r"|need|would like|would love|wish|'d like|'d love)(?: you)?(?: to)?|i'd (?:like"
        r"|love)(?: you)?(?: to)?"
        r"|let's|let us|let me|we (?:need|want) to|try to|try and|you (?:can|should|must"
        r"|need to)|time to|be sure to|make sure to|help me(?: to)?|go and|please) )+"
    ),
}


def without_wish(text: str, lang: Lang) -> str:
    """Drop the wish, or return the text unchanged when nothing would be left."""
    rest = _WISH[lang].sub("", text, count=1).strip(" ,，")
    return rest or text
