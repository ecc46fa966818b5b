"""The words each action lives by, drawn from its file and weighed over the catalogue; none is written by hand."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.domain.template import Alternatives, Literal, Node, Optional, Sequence, Slot
from cockpitd.domain.units import LANGS, Lang, Scalar
from cockpitd.nlu import numbers_en, numbers_zh
from cockpitd.nlu.index import parsed
from cockpitd.nlu.language import is_han
from cockpitd.nlu.normalize import surface
from cockpitd.nlu.slots import spoken_names
from cockpitd.nlu.text import tokenise

STOP: dict[Lang, frozenset[str]] = {
    "zh": frozenset(
        "我你他她它们的了吧吗呢啊呀哦嘛把将给帮请让想要会能可以是在有和跟也就都还再又这那哪个些点下一到去来上里儿么什怎为很太真好不没别"
    )
    | frozenset("现先后得着过被从向对于与或但而且因如果所以"),
    "en": frozenset(
        "a an the i you he she it we they me my your his her our their us them this that "
        "these those is are am was were be been being do does did"
        " have has had can could will would should may might must shall to of in on at "
        "for from with by and or but if so as not no yes please just"
        " now then there here up down out off over some any all more very too really get "
        "got make let let's want need like go going put set turn"
        " give take what which who when where why how one two about into than okay thing "
        "things something way bit little lot much many it's i'm"
        " could'nt would'nt im ive use back good well right".split()
    ),
}
"""Words that prove nothing about what an utterance is about."""


DOING: dict[Lang, frozenset[str]] = {
    "zh": frozenset(
        "打开关闭放停调设换把升降锁看听说播起启动掉弄搞加减变转走导航找叫念读讲拿收折展喷洗擦吹烘亮灭响跳接挂发查记存取消定提醒"
    )
    | frozenset(
        (
            "打开 关闭 关掉 关上 启动 开启 停止 取消 播放 调到 调高 调低 提醒 告诉 查看 设置 "
            "切换 换到 改成 升高 降低 跳过 收起 展开"
        ).split()
    ),
    "en": frozenset(
        "open clos shut start stop paus play skip call lock unlock heat warm cool fold "
        "wash spray show tell hear find activat switch"
        " enabl disabl kill drop cut end cancel keep mak bring tak raise lower hang pick "
        "send read say speak look check watch wait run let"
        " leav add remov sav driv rid fix lov lik think feel sound next last first new "
        "old close play start car time day long last".split()
    ),
}
"""Words for doing something, and words of any talk: alone they do not say to what (stems, in English)."""


class Lexicon:
    """Content words of every action and how telling each is."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._words: dict[Lang, dict[str, frozenset[str]]] = {}
        self._weights: dict[Lang, dict[str, float]] = {}
        for lang in LANGS:
            by_action = {
                spec.name: frozenset(_content(_sources(spec, lang), lang)) for spec in catalogue.actions.values()
            }
            spread = Counter(word for words in by_action.values() for word in words)
            total = max(2, len(by_action))
            self._words[lang] = by_action
            self._weights[lang] = {word: math.log(total / count) / math.log(total) for word, count in spread.items()}

    def support(self, action: str, text: str, lang: Lang, said: Iterable[str] = ()) -> float:
        """Return which share of an utterance's content (0..1) belongs to an action or to the values it was given.

        Words of many actions count little; words no action knows count fully against it, and an utterance in which
        nothing but the values (`said`) speaks for the action gets half.
        """
        words = list(_content([text], lang))
        own, weights = self._words[lang].get(action, frozenset()), self._weights[lang]
        given = frozenset(_content(said, lang))
        total = mine = values = 0.0
        for word in words:
            weight = max(0.05, weights.get(word, 1.0)) if word in weights or not _is_bigram(word, lang) else 0.4
            total += weight
            if word in given:
                values += weight
            elif word in own:
                mine += weight
        if not total:
            return 0.0
        return (mine + values) / total if mine else values / total / 2

    def names_object(self, action: str, text: str, lang: Lang, said: Iterable[str] = ()) -> bool:
        """Tell whether the utterance names what this action is about: a telling word that is no verb of doing."""
        given = frozenset(_content(said, lang))
        own, weights = self._words[lang].get(action, frozenset()), self._weights[lang]
        return any(
            word in own and word not in given and weights[word] > _NAMING and word not in DOING[lang]
            for word in _content([text], lang)
        )

    def words(self, lang: Lang) -> Mapping[str, frozenset[str]]:
        """Return the content words of each action."""
        return self._words[lang]


_STEM_AT_LEAST = 2
_NAMING = 0.35
"""Weight of a word about a sixth of the actions share; a noun rarer than that names its object."""


def _is_bigram(word: str, lang: Lang) -> bool:
    return lang == "zh" and len(word) > 1 and is_han(word[0])


def _sources(spec: ActionSpec, lang: Lang) -> Iterator[str]:
    yield spec.title.get(lang, "")
    for phrases in (spec.phrases, spec.reflex, spec.follow_ups):
        for phrase in phrases.get(lang, ()):
            yield from literals(parsed(phrase.say))
    for example in spec.examples.get(lang, ()):
        yield example.say
    for name, schema in spec.properties.items():
        for value in schema.get("enum", ()):
            yield from spoken_names(spec, name, value, lang)


def literals(node: Node | Sequence) -> Iterator[str]:
    """Yield the fixed pieces of a phrase; pieces in different options never run together."""
    match node:
        case Literal(text):
            yield text
        case Sequence(parts):
            run = ""
            for part in parts:
                if isinstance(part, Literal):
                    run += part.text
                    continue
                yield run
                run = ""
                yield from literals(part)
            yield run
        case Alternatives(options):
            for option in options:
                yield from literals(option)
        case Optional(body):
            yield from literals(body)
        case Slot():
            return


def _content(texts: Iterable[str], lang: Lang) -> Iterator[str]:
    """Yield each content word once: English words, Chinese single characters and pairs of them."""
    seen: set[str] = set()
    for text in texts:
        words = tokenise(surface(text, lang), lang).words() if text else ()
        for word in _units(words, lang):
            if word not in seen:
                seen.add(word)
                yield word


def _units(words: tuple[str, ...], lang: Lang) -> Iterator[str]:
    stop = STOP[lang]
    for at, word in enumerate(words):
        if _is_number(word, lang) or word in stop:
            continue
        yield _stem(word) if lang == "en" else word
        after = words[at + 1] if at + 1 < len(words) else ""
        if (
            lang == "zh"
            and is_han(word[0])
            and after
            and is_han(after[0])
            and after not in stop
            and not _is_number(after, lang)
        ):
            yield word + after


def _is_number(word: str, lang: Lang) -> bool:
    if word[0].isdecimal() or word == "%":
        return True
    return word in (numbers_zh.NUMERALS if lang == "zh" else numbers_en.NUMERALS)


def _stem(word: str) -> str:
    """Cut the commonest English endings, so that lights and light, opening and open meet."""
    for ending, put in (("'s", ""), ("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) > _STEM_AT_LEAST and not word.endswith("ss"):
            return word[: len(word) - len(ending)] + put
    return word


def value_words(rows: Iterable[tuple[Scalar, str]], lang: Lang) -> Mapping[str, frozenset[str]]:
    """Return the words that speak for one value of a parameter and for no other (value as text -> words)."""
    found: dict[str, set[str]] = defaultdict(set)
    for value, say in rows:
        found[str(value)].update(_content([say], lang))
    spread = Counter(word for words in found.values() for word in words)
    return {value: frozenset(word for word in words if spread[word] == 1) for value, words in found.items()}


def content(text: str, lang: Lang) -> frozenset[str]:
    """Return the content words of one text."""
    return frozenset(_content([text], lang))
