"""Commands that are not to be carried out: forbidden, asked about or told of; the answer is "not for me"."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from cockpitd.domain.actions import Catalogue
from cockpitd.domain.units import Lang
from cockpitd.nlu.mood import mood
from cockpitd.training.surface import orders
from cockpitd.training.utterance import Call, Kind, Piece, Utterance

NOT_FOR_ME = "ASSISTANT_NOT_FOR_ME"
_FORBIDDEN: dict[Lang, tuple[str, ...]] = {
    "zh": (
        "别{}", "不要{}", "先别{}", "千万别{}", "你别{}", "不用{}", "不用{}了", "我没让你{}", "不是让你{}", "不许{}",
        "不准{}", "先不要{}", "没叫你{}", "不需要{}",
        "千万不要{}啊", "暂时别{}", "我可没说要{}", "无需{}", "别给我{}", "现在别{}",
    ),
    "en": (
        "don't {}", "do not {}", "please don't {}", "please do not {}", "never {}", "no need to {}",
        "i didn't ask you to {}", "you don't need to {}",
        "don't you dare {}", "i don't want you to {}", "you shouldn't {}", "there's no need to {}",
        "i did not tell you to {}", "don't {} yet",
        "make sure you don't {}", "you mustn't {}", "whatever you do don't {}", "don't {} please",
    ),
}  # fmt: skip
_ASKED: dict[Lang, tuple[str, ...]] = {
    "zh": (
        "为什么要{}", "如果{}会怎么样", "什么时候该{}", "谁让你{}的", "要是{}的话会怎样", "该不该{}", "他说{}就行了",
        "昨天我让他{}", "听说{}很费电", "要不要{}呢", "假如{}会不会危险",
        "他们说先{}", "为啥要{}啊", "我妈说要{}", "上次我说{}你没听见", "新闻说开车时{}很危险", "我刚才{}了吗",
    ),
    "en": (
        "why would i {}", "what happens if i {}", "should i {}", "when should people {}", "why did you {}",
        "he told me to {}", "my wife said to {}",
        "if i {} does it use more fuel", "yesterday he asked me to {}", "did you {}", "who told you to {}",
        "do people usually {}", "she said i should {}",
        "is it safe to {} while driving", "would it be bad to {}", "someone told him to {}",
        "if we {} will the range drop",
    ),
}  # fmt: skip
_TAIL = re.compile(r"[吧呗啊哈啦了]+$")
_CORRECTED = re.compile(r"[，,。.？?]|不对|不是|算了|说错|\b(?:no|wait|sorry|actually|mean)\b")
_MOST = 40


def decline(utterance: Utterance, catalogue: Catalogue, rng: Random) -> Utterance | None:
    """Forbid, ask about or tell of a command; None when it is no plain command or stays one."""
    call = utterance.calls[0]
    text = _TAIL.sub("", utterance.text())
    if call.spec.klass != "command" or not orders(utterance) or len(text) > _MOST or _CORRECTED.search(text):
        return None
    before = mood(text, utterance.lang)
    if before.negated or before.question or before.reported:
        return None
    kind: Kind = rng.choice(("negated", "negated", "asked"))
    frames = (_FORBIDDEN if kind == "negated" else _ASKED)[utterance.lang]
    number = rng.randrange(len(frames))
    head, tail = frames[number].split("{}")
    pieces = [replace(piece, free=False, slot=piece.slot or "kept") for piece in utterance.pieces]
    said = utterance.with_pieces(Piece(head), *pieces, Piece(tail))
    after = mood(said.text(), utterance.lang)
    if not (after.negated or after.question or after.reported):
        return None
    return replace(said, kind=kind, calls=(Call(catalogue.actions[NOT_FOR_ME], {}),))
