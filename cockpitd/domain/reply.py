"""Replies from templates: the first whose conditions hold and whose slots are all known; never from a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cockpitd.domain.actions import ActionSpec, Catalogue, ReplyTemplate
from cockpitd.domain.policy import Confirm, Refuse, Verdict
from cockpitd.domain.turn import Done, Expired, Failed, NoOp, Outcome, Rejected, Rejection, Unknown
from cockpitd.domain.units import Lang, Scalar
from cockpitd.domain.vehicle import Signal

_SLOT = re.compile(r"\{(\w+)\}")

_BOOLEAN: Mapping[Lang, tuple[str, str]] = {"zh": ("关着", "开着"), "en": ("off", "on")}

Slots = Mapping[str, Scalar]


def render(templates: Sequence[ReplyTemplate], slots: Slots, spoken: Mapping[str, str]) -> str:
    """Fill the first fitting template; empty when none fits. `spoken` holds each slot as it is to be said."""
    for template in templates:
        if any(slots.get(name) != value for name, value in template.when.items()):
            continue
        if all(name in spoken for name in _SLOT.findall(template.say)):
            return _SLOT.sub(lambda found: spoken[found[1]], template.say)
    return ""


def shared(catalogue: Catalogue, lang: Lang, code: str, spoken: Mapping[str, str]) -> str:
    """Fill a shared reply; a code without a text falls back to `failed`, so that something true is always said."""
    texts = catalogue.replies.get(lang, {})
    text = texts.get(code) or texts.get("failed", code)
    return _SLOT.sub(lambda found: spoken.get(found[1], ""), text)


def say_number(value: float) -> str:
    """Write a number as it is read aloud: 25.0 -> 25."""
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def say_parameters(spec: ActionSpec, parameters: Mapping[str, Scalar], lang: Lang) -> dict[str, str]:
    """Parameter -> spoken form: enum display names, numbers without needless decimals."""
    out: dict[str, str] = {}
    for name, value in parameters.items():
        names = spec.names(name, value, lang)
        out[name] = names[0] if names else say_value(value, lang)
    return out


def say_value(value: Scalar, lang: Lang) -> str:
    """Spoken form of a bare value."""
    if isinstance(value, bool):
        return _BOOLEAN[lang][value]
    return value if isinstance(value, str) else say_number(value)


def say_reading(name: str, signal: Signal, value: Scalar, lang: Lang) -> dict[str, str]:
    """Slot -> spoken form of a signal value; metres fill `{name_km}` too, and an empty string is no value."""
    if value == "":
        return {}
    spoken = {name: say_value(value, lang)}
    if signal.unit == "m" and isinstance(value, int | float):
        spoken[f"{name}_km"] = say_number(round(value / 1000))
    return spoken


def of_verdict(catalogue: Catalogue, spec: ActionSpec, verdict: Verdict, lang: Lang, spoken: Mapping[str, str]) -> str:
    """Say why not, or ask; an `Allow` has nothing to say yet."""
    told = {"title": spec.title[lang], **spoken}
    if isinstance(verdict, Refuse):
        reason = shared(catalogue, lang, verdict.reason, told)
        text = render(spec.replies[lang].get("refused", ()), {}, {**told, "reason": reason})
        return text or reason
    if isinstance(verdict, Confirm):
        own = render(spec.replies[lang].get("confirm", ()), {}, told)
        question = own or shared(catalogue, lang, "unsure" if verdict.reason == "unsure" else "confirm", told)
        if verdict.reason in ("confirm", "unsure"):
            return question
        return shared(catalogue, lang, verdict.reason, told) + ("，" if lang == "zh" else ". ") + question
    return ""


def of_outcome(
    catalogue: Catalogue, spec: ActionSpec, outcome: Outcome, lang: Lang, slots: Slots, spoken: Mapping[str, str]
) -> str:
    """Say what came of it."""
    told = {"title": spec.title[lang], **spoken}
    if isinstance(outcome, Rejected):
        return of_rejection(catalogue, spec, outcome.rejection, lang, told)
    key, fallback = _keys(outcome)
    own = render(spec.replies[lang].get(key, ()), slots, told) if key else ""
    return own or shared(catalogue, lang, fallback, told)


def _keys(outcome: Done | NoOp | Failed | Expired | Unknown) -> tuple[str, str]:
    """Own reply key and shared fallback of an outcome; an empty own key means the shared one is always right."""
    match outcome:
        case Done():
            return "done", "done"
        case NoOp(code="at-limit"):
            return "", "at-limit"
        case NoOp(code="repeated"):
            return "", "done"
        case NoOp():
            return "noop", "already"
        case Failed(code="signal-unknown"):
            return "", "signal-unknown"
        case Failed():
            return "failed", "failed"
        case Expired():
            return "", "expired"
        case Unknown():
            return "", "unknown"


def of_rejection(
    catalogue: Catalogue, spec: ActionSpec | None, rejection: Rejection, lang: Lang, spoken: Mapping[str, str]
) -> str:
    """Name what cannot be meant, and the range if there is one; ask for what is missing."""
    told = dict(spoken)
    if spec is not None:
        told.setdefault("title", spec.title[lang])
        if rejection.code == "missing":
            asked = render(spec.replies[lang].get("clarify", ()), {"missing": rejection.parameter}, told)
            if asked:
                return asked
        told["unit"] = _say_unit(str(spec.properties.get(rejection.parameter, {}).get("unit", "")), lang)
    for name, bound in (("minimum", rejection.minimum), ("maximum", rejection.maximum)):
        if bound is not None:
            told[name] = say_number(bound)
    return shared(catalogue, lang, rejection.code, told)


_UNITS: Mapping[str, Mapping[Lang, str]] = {
    "celsius": {"zh": "度", "en": " degrees"},
    "percent": {"zh": "", "en": " percent"},
    "km/h": {"zh": "公里每小时", "en": " kilometres an hour"},
    "MHz": {"zh": "兆赫", "en": " megahertz"},
    "s": {"zh": "秒", "en": " seconds"},
    "min": {"zh": "分钟", "en": " minutes"},
}


def _say_unit(unit: str, lang: Lang) -> str:
    return _UNITS.get(unit, {}).get(lang, "")
