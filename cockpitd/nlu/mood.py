"""Whether an utterance asks, forbids or merely tells; what it is about is not decided here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cockpitd.domain.units import Lang
from cockpitd.nlu.normalize import normalize


@dataclass(frozen=True, slots=True)
class Mood:
    """How something was said."""

    question: bool
    """It asks for information; a polite request ("could you …", 能不能帮我…) does not."""
    courteous: bool
    """The question has the form of a polite wish (天窗能不能开一下, "can we get some air"): words alone do not tell an
    order from a question about what can be done."""
    seeking: bool
    """The question has the form in which things are looked for (附近有没有加油站, "where is a garage")."""
    negated: bool
    """It says what must not be done; "stop", "cancel" and a correction ("不对，…") do not."""
    reported: bool
    """It tells of the past, of a condition or of what someone else said: nothing is being ordered."""


_NEGATED = {
    "zh": re.compile(
        # 特别 and its like are no refusal, and what is sung may be called 别来无恙
        r"(?<![特分个级性识区差告离道送类辨派诀阔鉴久惜放听唱首])别(?![人的墅致克名称处是离样康])"
        r"|不要(?!紧|是|脸)|不用|不必|不许|不准|不需要|不想|无需|禁止"
        r"|没人?[让叫喊]你?|[又可]没点|没说要|不是让你?|不是叫你?|不是要|甭|勿|唔(?:好|使)"
        r"|先不|先留着|就这样(?:挺|别)|用不着|没必要|(?<!可)不可以|(?<!能)不能(?=再?[开关打解锁调放动])|^莫(?=[开关打放动])"
        # 播放 is often misheard as 不放, so that one counts only with an end of its own
        r"|(?:^|[，了啊吧])不(?=[开关听打调导锁解])|(?:^|[，了啊吧])不放.{0,4}(?:了|吧)$"
    ),
    "en": re.compile(
        r"\b(?:do not|don'?t|dont|never(?! mind)|must not|mustn'?t|should not|shouldn'?t|no need to|need not|needn'?t"
        r"|not to|you better not|avoid (?:opening|closing|turning)|without (?:opening|closing|turning|touching)"
        r"|stop (?:opening|closing|raising|lowering|unlocking|locking)|i did not|i didn'?t|nobody|not the"
        r"|no need|rather not|rather (?:you|we|they|he|she|it) (?:did not|didn'?t)|let'?s not|let us not|hold off"
        r"|refrain from|should stay|not necessary|better not|hands off(?! climate)|not going to (?=open|close|turn|put)"
        r"|(?:not|wasn'?t) asking|not now|(?:leave|keep) .{1,40} (?:closed|shut|off|alone))\b"
        r"|^(?:oi |just |please )*(?:leave|keep) .{1,30} (?:exactly|the way|(?:as|how) (?:it is|they are))\b"
        r"|^not\b|^no (?!more\b|problem\b|way\b|idea\b)[a-z]+"
    ),
}
_ALLOWED_NO = {
    "zh": re.compile(r"要不要|用不用|不要紧|别的|特别|分别|个别|级别|性别|识别|区别|差别|别墅|别克|不要停"),
    "en": re.compile(
        r"\bnever mind\b|\b(?:do not|don'?t|mustn'?t|must not) (?:worry|forget|let me forget"
        r"|stop|mind)\b|\bnot too\b|\bnot so\b"
    ),
}
_QUESTION = {
    "zh": re.compile(
        r"[吗呢么]$|吗，|什么(?!都|的$)|多少|多久|多远|多大|多高|多快|多长|几(?!乎|率|何"
        r"|十|百|千)|哪|谁|怎么(?!没|还没|还不|又|这么|那么|老是|总是|都)|怎样|咋|为何"
        r"|为啥|是不是|有没有|能不能|可不可以|会不会|要不要|该不该|行不行"
        r"|对不对|好不好|开没开|关没关|没有$|了没$|有几|是否|还剩|几时|何时|何地|正常不"
        r"|(?<!还)是[^，]{1,8}还是|度还是[零一二三四五六七八九十\d]"
    ),
    "en": re.compile(
        r"^(?:and |so |but |tell me |do you know |i wonder )?(?:what|why|when|where|who"
        r"|whose|which|how|is|are|am|was|were|do|does|did|has|have|had"
        r"|should|shall|may|might|can (?!you\b)|could (?!you\b)|will (?!you\b)|would (?!you\b))\b"
        r"|^(?:tell me|do you know|i wonder|any idea|let me know) (?:if|whether|what|how|when|where|which|who|why)\b"
        r"|\b(?:can|could|will|would|do|did|are|have) you (?:know|tell me|hear|explain|think|like|want|have|see)\b"
        r"|^(?:have|did|do|are|were|had) you\b|\bright$|\bisn'?t it$|\bis it$|\bdo you$|\bdid you$"
    ),
}
_NO_QUESTION = {
    "zh": re.compile(
        r"^(?:随便)?(?:来|放|播|听|唱)点?什么都|无论|不管|怎么都|什么都可以|怎么还不|怎么又"
        r"|没什么|什么的$"
    ),
    "en": re.compile(
        r"^(?:do (?:it|that|so|not)\b|have (?:the|my|a)\b|how about\b|what about\b|do me\b"
        r"|when (?:we|i|it|you)\b|right$)"
    ),
}
_REPORTED = {
    "zh": re.compile(
        r"^(?:如果|假如|要是|假设|万一|昨天|前天|上次|以前|之前|刚才你|刚刚你|你刚才|你刚刚"
        r"|他说|她说|他们说|我妈说|我爸说|有人说|听说|据说|新闻说|书上说)"
        r"|(?:打开|关闭|关上|开)了(?:吗)?.{0,4}(?:之后|以后|的话|的时候)|的时候.{0,3}(?:会"
        r"|可以|能)|我(?:已经|刚才|刚刚|昨天)(?!到|出发)"
    ),
    "en": re.compile(
        r"^(?:if|suppose|imagine|yesterday|last (?:night|week|time)|earlier|once|whenever"
        r"|when (?:i|he|she|they|we)\b)\b"
        r"|\b(?:he|she|they|someone|somebody|my (?:wife|husband|mom|dad|boss)) (?:said"
        r"|says|told|asked|opened|closed|turned|had)\b"
        r"|^(?:i|we|you) (?:already |just |once )?(?:opened|closed|turned|unlocked|locked"
        r"|switched|set|was|were|used to|had)\b"
        r"|\byesterday\b(?=.*\b(?:was|were|opened|closed|turned|went|drove)\b)"
    ),
}
_CORRECTION_HEAD = {
    "zh": re.compile(r"^(?:不对|不是的?(?!让|叫|要|说)|错了|哦不|啊不|不不)，?"),
    "en": re.compile(
        r"^(?:(?:nope|wait|sorry|oops)\b,? ?"
        r"|no\b(?:,| (?=wait|i mean|make|set|turn|put|open|close|play|call|take|go|that|it|the|to|not|no|\d)))"
    ),
}


def mood(text: str, lang: Lang) -> Mood:
    """Judge by the words and the closing mark; when in doubt it is a question, because a plain one never actuates."""
    plain = normalize(text, lang)
    plain = _CORRECTION_HEAD[lang].sub("", plain) or plain
    asked = bool(_QUESTION[lang].search(plain)) and not _NO_QUESTION[lang].search(plain)
    marked = text.rstrip().endswith(("?", "？")) and not _polite(text, plain, lang)
    return Mood(
        question=asked or marked,
        courteous=(asked or marked) and _has_form(_COURTEOUS, plain, lang),
        seeking=(asked or marked) and _has_form(_SEEKING, plain, lang),
        negated=bool(_NEGATED[lang].search(_ALLOWED_NO[lang].sub("", plain))),
        reported=bool(_REPORTED[lang].search(plain)),
    )


_REQUEST = {
    "zh": re.compile(r"帮我|给我|替我|能不能|可不可以|能否|可否|好吗|好不好|可以吗|行吗"),
    "en": re.compile(r"\b(?:can|could|would|will) you\b|\bplease\b|\bwould you mind\b"),
}


def _polite(text: str, plain: str, lang: Lang) -> bool:
    return bool(_REQUEST[lang].search(text.lower())) and not _QUESTION[lang].search(plain)


_COURTEOUS: dict[Lang, re.Pattern[str]] = {
    "zh": re.compile(
        r"能不能|可不可以|能否|可否|(?:可以|能够?)(?=.*吗$)|(?:可以|行|成|中|好)(?:吗|么|不)$|好不好|行不行"
    ),
    "en": re.compile(
        r"^(?:and |so |but )?(?:(?:can|could|may|might) (?:i|we|the|my|it)\b"
        r"|(?:would|will) it be (?:possible|okay|ok) (?:to|if)|is it possible to"
        r"|(?:is there )?any chance (?:of|we|you|i)|do you mind|are you able to)"
    ),
}
_SEEKING: dict[Lang, re.Pattern[str]] = {
    "zh": re.compile(r"怎么(?:走|去|开车去)|在哪(?:里|儿)?$|哪(?:里|儿)有|有没有(?![关开锁人])"),
    "en": re.compile(
        r"^(?:and |so |but )?(?:how (?:do|can|would) (?:i|we) get (?:to|home|there|back)\b"
        r"|where (?:is|can (?:i|we))\b|where's\b|(?:do you have|have you got|is there) (?:a|an|any|some)\b"
        r"|are there any\b)"
    ),
}
_DOUBTED = {
    "zh": re.compile(r"开车时|行驶中|安全|违法|允许|为什么|车型|配置|功能"),
    "en": re.compile(r"\b(?:while|safe|safely|legal|legally|allowed|supposed|ever|why|model|feature)\b"),
}


def _has_form(form: Mapping[Lang, re.Pattern[str]], plain: str, lang: Lang) -> bool:
    """Tell whether nothing asks any more, and nothing doubts, once the form is taken away."""
    rest, found = form[lang].subn("", plain)
    rest = rest.removesuffix("吗").removesuffix("呢")
    return found > 0 and not _QUESTION[lang].search(rest) and not _DOUBTED[lang].search(rest)
