"""How the same words come across: fillers, politeness, marks, casing; mishearings stand in `noise`."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from cockpitd.domain.units import Lang
from cockpitd.training.utterance import Piece, Utterance

FILLERS: dict[Lang, tuple[str, ...]] = {
    "zh": (
        "嗯，", "那个，", "呃，", "额，", "就是，", "哎，", "诶，", "那什么，", "这个，", "嗯嗯，", "啊，", "你好，",
        "喂，", "哈喽，", "话说，",
        "小助手，", "助手，", "师傅，", "亲，", "那个那个，", "来，", "好了，", "对了，", "现在，", "我说，",
    ),
    "en": (
        "um, ", "uh, ", "er, ", "erm, ", "so, ", "okay, ", "right, ", "well, ", "hey, ", "hi, ", "oh, ", "hello, ",
        "hey car, ", "assistant, ", "like, ",
        "okay so ", "um um, ", "yeah, ", "alright, ", "hm, ", "listen, ", "oh and ", "now, ", "ah, ",
    ),
}  # fmt: skip
POLITE: dict[Lang, tuple[str, ...]] = {
    "zh": (
        "请", "帮我", "麻烦", "请帮我", "麻烦帮我", "给我", "麻烦你", "帮忙", "我要", "我想", "你给我", "请你", "快",
        "赶紧", "快帮我", "能不能帮我",
        "可以帮我", "劳驾", "拜托", "替我",
    ),
    "en": (
        "please ", "can you ", "could you ", "would you ", "can you please ", "could you please ", "i want you to ",
        "i'd like you to ", "just ",
        "go ahead and ", "kindly ", "i need you to ", "quickly ", "let's ",
    ),
}  # fmt: skip
TAILS: dict[Lang, tuple[str, ...]] = {
    "zh": (
        "，谢谢", "吧", "呗", "啊", "哈", "，谢谢你", "，麻烦了", "，快点", "，好吗", "，行吗", "，谢了", "嘛",
        "，辛苦了",
    ),
    "en": (
        " please", " thanks", " thank you", " for me", " now", " would you", " if you can", ", cheers", " right now",
        ", thanks a lot",
    ),
}  # fmt: skip
_MANNERS = re.compile(r"请|麻烦|帮|谢|吗|吧|呗|能|可以|please|can you|could|would|thank|want|like to|\bi\b|\bmy\b")
_VERB: dict[Lang, re.Pattern[str]] = {
    "zh": re.compile(
        r"(?:打开|关闭|关掉|关上|开启|启动|停止|播放|切换|切到|换成|调到|调高|调低|把|将|导航|设置|取消|播|放|查"
        r"|升|降|收起)"
    ),
    "en": re.compile(
        r"(?:turn|switch|open|close|shut|play|set|put|start|stop|pause|skip|navigate|take|call|send|text|find|raise|lower"
        r"|increase|decrease|lock|unlock|dim|make|give|show|add|cancel|remind|wake|fold|unfold|heat|cool|warm)\b"
    ),
}
_END = re.compile(r"[。.!！？?，,；;]\s*$")
_CLAUSE = re.compile(r"[，,]\s*")
_FILLED, _POLITE, _TAILED = 0.12, 0.16, 0.10
_BEHIND = 0.35
"""Share of clauses without weight that come behind the wish."""
_WRITTEN = 0.35
"""Share of English utterances that are typed with capitals and marks; the rest looks as a recogniser writes it."""
_MARKED, _UNMARKED = 0.2, 0.5
"""Share of Mandarin utterances that get a full stop, and of those that lose their commas."""


def orders(utterance: Utterance) -> bool:
    """Tell whether an utterance begins with a plain imperative, which politeness and negation can go before."""
    first = utterance.pieces[0].text.lstrip().lower() if utterance.pieces else ""
    return bool(_VERB[utterance.lang].match(first)) and not utterance.pieces[0].slot


def vary(utterance: Utterance, rng: Random, *, eager: bool = False) -> Utterance:
    """Say it with fillers and manners, as often as people do; `eager` makes sure that something is added."""
    lang, pieces, text = utterance.lang, list(utterance.pieces), utterance.text()
    plain = not _MANNERS.search(text.lower())
    if plain and orders(utterance) and rng.random() < _POLITE:
        pieces.insert(0, Piece(rng.choice(POLITE[lang])))
    elif eager or rng.random() < _FILLED:
        pieces.insert(0, Piece(rng.choice(FILLERS[lang])))
    if plain and orders(utterance) and rng.random() < _TAILED and not _END.search(text):
        tails = TAILS[lang] if not pieces[-1].free else tuple(tail for tail in TAILS[lang] if tail[0] in "，,")
        pieces.append(Piece(rng.choice(tails)))
    return utterance.with_pieces(*pieces)


def beside(utterance: Utterance, aside: str, rng: Random) -> Utterance:
    """Say a clause before or after that changes nothing; behind a free text it would seem to belong to it."""
    mark = "，" if utterance.lang == "zh" else ", "
    if rng.random() < _BEHIND and not utterance.pieces[-1].free and not _END.search(utterance.text()):
        return utterance.with_pieces(*utterance.pieces, Piece(mark + aside))
    return utterance.with_pieces(Piece(aside + mark), *utterance.pieces)


def typeset(utterance: Utterance, rng: Random) -> Utterance:
    """Give it marks and casing, or take them away, as a keyboard or a recogniser would."""
    return _typeset_zh(utterance, rng) if utterance.lang == "zh" else _typeset_en(utterance, rng)


def _typeset_zh(utterance: Utterance, rng: Random) -> Utterance:
    pieces, chance = utterance.pieces, rng.random()
    if chance < _MARKED:
        end = "" if _END.search(utterance.text()) else "？" if utterance.text().endswith(("吗", "呢")) else "。"
        return utterance.with_pieces(*pieces, Piece(end))
    # A comma beside a free text stays: without it nobody could tell where the text ends.
    if chance < _UNMARKED and not any(piece.free for piece in pieces):
        return utterance.with_pieces(*(replace(piece, text=_CLAUSE.sub("", piece.text)) for piece in pieces))
    return utterance


def _typeset_en(utterance: Utterance, rng: Random) -> Utterance:
    if rng.random() >= _WRITTEN:
        lowered = (replace(piece, text=piece.text.lower()) for piece in utterance.pieces)
        return utterance.with_pieces(
            *(piece if piece.slot else replace(piece, text=_CLAUSE.sub(" ", piece.text)) for piece in lowered)
        )
    text = utterance.text()
    first, *rest = utterance.pieces
    if not first.slot:
        first = replace(first, text=first.text.lstrip()[:1].upper() + first.text.lstrip()[1:])
    pieces = [first, *rest]
    pieces = [piece if piece.slot else replace(piece, text=re.sub(r"\bi\b", "I", piece.text)) for piece in pieces]
    asks = re.match(r"(?:what|where|who|how|when|is|are|can|could|would|do|does|will|why|which)\b", text.lower())
    end = "" if _END.search(text) else rng.choice(("?", "?", "") if asks else (".", ".", "", "!"))
    return utterance.with_pieces(*pieces, Piece(end))
