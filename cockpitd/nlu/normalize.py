"""Bringing an utterance to one plain form: width, case, fillers, names called, politeness, repetition; no meaning."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from cockpitd.domain.units import Lang
from cockpitd.nlu.hanzi import simplified
from cockpitd.nlu.language import is_han

SEPARATOR: dict[Lang, str] = {"zh": "，", "en": ","}
"""What every sentence or clause mark becomes; a clause boundary is all that punctuation is kept for."""

_MARKS = re.compile(r"[，。！？；：、…~～,!?;:\"“”„«»()（）\[\]【】《》<>|_*/\\—–]+|\.(?!\d)|(?<=\s)-+(?=\s)")
_KEPT_COLON = re.compile(r"(?<=\d):(?=\d\d)")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "−": "-", "﹣": "-"})

_FILLER: dict[Lang, str] = {
    "zh": r"嗯+|啊+|呃+|额+|哦+|噢+|唉+|哎+|诶+|欸+|喂|嘿|那个(?=[，\s]|嗯|呃|把|打|关|开|调|帮|我|$)|就是说|怎么说呢",
    "en": r"uh+|um+|uhm+|er+m?|hmm*|ah+|oh|well|so|like|okay so|ok so|you know|hey|hi|hello|alright|all right|right",
}
_CALLED: dict[Lang, str] = {
    "zh": r"(?:你好|嗨|嘿|喂)?(?:小车小车|小车|小驾小驾|小驾|车机|助手|语音助手)|你好|您好|(?:我的)?(?:亲爱的)",
    "en": (
        r"(?:hey|hi|hello|ok|okay|yo) (?:there )?(?:car|cockpit|assistant|computer|buddy)"
        r"|dear car|car(?=,)|computer(?=,)|assistant(?=,)"
    ),
}
_VERB_AFTER_ME = (
    r"(?=打(?!电话|个电话|给)|开|关|放|播|来|调|导|讲|唱|找|换|设|锁|查|弄|把|将|升"
    r"|降|停|暂|切|加|减|念|读|看|取|拿|搜)"
)
_POLITE: dict[Lang, str] = {
    "zh": (
        r"请问(?=.*(?:能不能|可不可以|可以|能)(?:请你|帮|给我))|请你?|麻烦(?:你|您)?(?:一下)?|拜托(?:你|您)?|劳驾"
        r"|(?:你|您)?(?:能不能|可不可以|能否|可否)(?:请)?(?:(?:帮忙|帮我|给我|替我|帮)(?:一下)?)?"
        r"|(?:你|您)?(?:可以|能|能够)(?:请你)?(?:帮忙|帮我|给我|替我)(?:一下)?(?=.*[吗嘛么]?$)"
        r"|(?:你|您)?(?:帮忙|帮我(?:一下)?)(?!妈|爸|老|儿|女|们|姐|哥|弟|妹|朋|家)|替我|给我" + _VERB_AFTER_ME
    ),
    "en": (
        r"please|kindly|(?:could|can|would|will) (?:you|ya)(?: be so kind as to)?(?: please"
        r"| kindly| just| maybe| possibly)*"
        r"|(?:i would|i'd|id) (?:like|love) (?:you|for you) to|i (?:want|need) you to|would "
        r"you mind|do me a favou?r and"
        r"|go ahead and|maybe|just|perhaps|you could|if you (?:could|can|would)(?: please)?|quickly|be a dear and"
    ),
}
_TAIL: dict[Lang, str] = {
    "zh": (
        r"好吗|好不好|可以吗|行吗|行不行|可不可以|谢谢(?:你|您|了|啦)?|多谢|拜托(?:了|你"
        r"|您)?|吧|啊|呀|哦|噢|哈|啦|呗|嘛|咯|喽|嗯|呃|哟|挨|唉|哎|麻烦(?:你|您)?了"
    ),
    "en": (
        r"please|thanks(?: a lot| so much)?|thank you(?: so much| very much)?|would you"
        r"|will you|could you|can you|for me|ok|okay|uh+|um+|er|now|right now|if you (?:can"
        r"|could|would|please)|buddy|mate|then"
    ),
}
_QUESTION_TAIL = re.compile(r"[吗嘛么]$")
_SLIPS = (
    (re.compile(r"\b(turn|switch|shut) of\b(?! (?:all|my|the) (?:kind|sort))"), r"\1 off"),
    (re.compile(r"\ba[./ ]?c\b(?!\w)"), "ac"),
    (re.compile(r"\b(dr|mr|mrs|ms|st)\."), r"\1"),
    (re.compile(r"\b(gonna)\b"), "going to"),
    (re.compile(r"\b(wanna)\b"), "want to"),
    (re.compile(r"\bgimme\b"), "give me"),
    (re.compile(r"°\s*c?\b|°|℃"), " degrees "),
    (re.compile(r"(?<=[a-z])-(?=[a-z])"), " "),
)


def normalize(text: str, lang: Lang) -> str:
    """Return the plain form; doing it twice changes nothing, and words in the middle of a clause stay as they are."""
    current = surface(text, lang)
    for _ in range(8):
        changed = _pass(current, lang)
        if changed == current:
            break
        current = changed
    return current


def _pass(text: str, lang: Lang) -> str:
    separator = SEPARATOR[lang]
    clauses = [_clause(clause.strip(), lang) for clause in text.split(separator)]
    kept = [clause for clause in clauses if clause and not _HEADS[lang].fullmatch(clause)]
    if not kept:
        kept = [clause for clause in clauses if clause][:1]
    if not kept:
        return ""
    joined = _join(kept, lang)
    return _collapse(joined, lang)


def _join(clauses: list[str], lang: Lang) -> str:
    return "，".join(clauses) if lang == "zh" else ", ".join(clauses)


_HALF_DEGREE = re.compile(r"([一二两三四五六七八九十\d])度半")
"""二十五度半 is said with the half behind the unit."""


@lru_cache(maxsize=32768)
def surface(text: str, lang: Lang) -> str:
    """Return width, case, quotes and marks in one form, with every word left in."""
    plain = unicodedata.normalize("NFKC", text.replace("℃", "度" if lang == "zh" else " degrees ")).lower()
    plain = unicodedata.normalize("NFKC", plain).translate(_QUOTES)
    plain = "".join(char if char.isprintable() else " " for char in plain)
    if lang == "en":
        for pattern, put in _SLIPS:
            plain = pattern.sub(put, plain)
    else:
        plain = simplified(plain).replace("°c", "度").replace("°", "度")
        plain = _HALF_DEGREE.sub(lambda found: f"{found[1]}{'.5' if found[1][-1].isdecimal() else '点五'}度", plain)
    plain = _KEPT_COLON.sub("\0", plain)
    plain = _MARKS.sub(f"{SEPARATOR[lang]} ", plain).replace("\0", ":")
    plain = " ".join(plain.split())
    if lang == "zh":
        plain = _tighten(plain)
    plain = re.sub(r"\s*([,，])(?:\s*[,，])*\s*", r"\1 " if lang == "en" else r"\1", plain)
    return plain.strip(" ,，")


def _tighten(text: str) -> str:
    """Drop blanks beside Chinese characters (vosk writes one between words); keep them within Latin names."""
    out = ""
    for at, char in enumerate(text):
        if char == " " and 0 < at < len(text) - 1:
            before, after = text[at - 1], text[at + 1]
            if is_han(before) or is_han(after) or before in "，," or after in "，,":
                continue
        out += char
    return out


def _clause(clause: str, lang: Lang) -> str:
    """Strip fillers, names and politeness from both edges, as long as something is left."""
    while True:
        stripped = _head(clause, lang)
        stripped = _tail(stripped, lang)
        if stripped == clause:
            return clause
        clause = stripped


_BEFORE = {"zh": "", "en": r"(?<![\w'])"}
_AFTER = {"zh": "", "en": r"(?![\w'])"}
_HEADS = {
    lang: re.compile(rf"(?:{_CALLED[lang]}|{_FILLER[lang]}|{_POLITE[lang]}){_AFTER[lang]}\s*") for lang in SEPARATOR
}
_TAILS = {lang: re.compile(rf"{_BEFORE[lang]}(?:{_TAIL[lang]})$") for lang in SEPARATOR}
_ASKED_POLITELY = {
    "zh": re.compile(r"^(?:你|您)?(?:能不能|可不可以|能否|可否|(?:可以|能|能够)(?:请你)?(?:帮忙|帮我|给我|替我))"),
    "en": re.compile(r"(?!)"),
}


def _head(clause: str, lang: Lang) -> str:
    found = _HEADS[lang].match(clause)
    if not found or not found.end() or found.end() == len(clause):
        return clause
    rest = clause[found.end() :].strip()
    if _ASKED_POLITELY[lang].match(clause):
        rest = _QUESTION_TAIL.sub("", rest) or rest
    return rest or clause


def _tail(clause: str, lang: Lang) -> str:
    found = _TAILS[lang].search(clause)
    if not found or found.start() == 0:
        return clause
    return clause[: found.start()].strip() or clause


def _collapse(text: str, lang: Lang) -> str:
    """Say only once what was said two or more times in a row (开灯开灯开灯; stop, stop, stop)."""
    separator = SEPARATOR[lang]
    bare = text.replace(separator, "" if lang == "zh" else " ")
    units = [*bare] if lang == "zh" and " " not in bare else bare.split()
    glue = "" if lang == "zh" and " " not in bare else " "
    total = len(units)
    for size in range(1, total // 2 + 1):
        if total % size == 0 and units == units[:size] * (total // size) and _repeatable(units[:size], total // size):
            return glue.join(units[:size])
    return text


_TWICE = 2
_SHORT_WORD = 3


def _repeatable(unit: list[str], times: int) -> bool:
    """Reduplication is a word of its own (天天, 看看, 1 1, bye bye), so one short unit must come three times."""
    if any(char.isdecimal() for word in unit for char in word):
        return False
    return times > _TWICE or len(unit) > 1 or len(unit[0]) > _SHORT_WORD
