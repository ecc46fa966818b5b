"""What must hold for the answers: those of one action, and the shared ones in `replies.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cockpitd.catalogue.source import Problem, Source
from cockpitd.domain.actions import ActionSpec, ReplyTemplate
from cockpitd.domain.units import LANGS, Lang
from cockpitd.domain.vehicle import Signal

COMMON_SLOTS = frozenset({"reason", "clock", "date", "title"})

SHARED_CODES = (
    # why policy says no or asks
    "moving", "speed-unknown", "not-parked", "not-fitted", "signal-unknown", "never-by-voice", "driver-only",
    "high-speed", "visibility", "bad-write", "nothing-to-do", "confirm", "unsure",
    # why a reading of the sentence cannot be meant
    "out-of-range", "bad-value", "missing", "not-said", "contradicted", "unknown-action",
    "question", "negated",
    # what came of it
    "done", "failed", "expired", "unknown", "already", "at-limit",
    # the conversation itself
    "not-understood", "not-for-me", "cancelled", "stopped", "engine-down", "say-again", "no-speech", "undone",
    "nothing-to-undo", "nothing-pending",
)  # fmt: skip
"""Codes that the flow may have to put into words whatever the action."""

SHARED_SLOTS = COMMON_SLOTS | {"minimum", "maximum", "unit"}

_SLOT = re.compile(r"\{([^{}]*)\}")


def required_outcomes(spec: ActionSpec) -> tuple[str, ...]:
    """Outcomes for which an action must have an answer."""
    wanted = ["done"]
    if spec.writes:
        wanted += ["noop", "refused", "failed"]
    elif spec.klass == "query":
        wanted += ["failed"]
    if spec.confirm or spec.risk == "guarded":
        wanted += ["confirm"]
    if spec.required:
        wanted += ["clarify"]
    return tuple(wanted)


def check_replies(spec: ActionSpec, source: Source, signals: Mapping[str, Signal]) -> Iterator[Problem]:
    """Find outcomes without an answer and answers with slots nobody fills."""
    for lang in LANGS:
        for outcome in required_outcomes(spec):
            if outcome not in spec.replies[lang]:
                message = f"no answer for `{outcome}`; add replies.{lang}.{outcome}"
                yield source.problem("reply-missing", ("replies", lang), message)
        for outcome, templates in spec.replies[lang].items():
            for code, message in _templates(spec, templates, outcome, signals):
                yield source.problem(code, ("replies", lang, outcome), message)


def _templates(
    spec: ActionSpec, templates: tuple[ReplyTemplate, ...], outcome: str, signals: Mapping[str, Signal]
) -> Iterator[tuple[str, str]]:
    always = _read_slots(spec, signals, always=True) | COMMON_SLOTS
    known = {*spec.properties, *_read_slots(spec, signals, always=False), *COMMON_SLOTS}
    conditions = {*spec.properties, *spec.reads, *(["missing"] if outcome == "clarify" else [])}
    unknown = [slot for template in templates for slot in _SLOT.findall(template.say) if slot not in known]
    for slot in unknown:
        yield "reply-slot", f"{{{slot}}} is neither a parameter nor a read"
    for template in templates:
        for name in template.when:
            if name not in conditions:
                yield "reply-slot", f"`when` of {template.say!r} looks at {name!r}, neither a parameter nor a read"
    if outcome != "clarify":
        always |= set(spec.required)
    if not unknown and not any(template.when or set(_SLOT.findall(template.say)) <= always for template in templates):
        yield "reply-fallback", "every template needs a value that may be absent; add one that works without"


def _read_slots(spec: ActionSpec, signals: Mapping[str, Signal], *, always: bool) -> set[str]:
    """Slots that reads fill: metres also as `{name_km}`; an empty text fills nothing, so texts are not always there."""
    found = set()
    for name, path in spec.reads.items():
        signal = signals.get(path)
        if not always or (signal is not None and signal.datatype != "string"):
            found.add(name)
            found.update([f"{name}_km"] if signal is not None and signal.unit == "m" else [])
    return found


def check_shared_replies(source: Source) -> Iterator[Problem]:
    """Find shared codes without words in a language."""
    table = source.data.get("replies")
    if not isinstance(table, dict) or set(source.data) != {"replies"}:
        yield source.problem("schema", (), "the file holds one key, `replies`, with zh and en below it")
        return
    for lang in LANGS:
        own = table.get(lang)
        if isinstance(own, dict):
            yield from _shared(own, lang, source)
        else:
            yield source.problem("language-missing", ("replies",), f"`{lang}` is missing; every code needs both")


def _shared(own: dict[str, object], lang: Lang, source: Source) -> Iterator[Problem]:
    for code in SHARED_CODES:
        if code not in own:
            yield source.problem("reply-missing", ("replies", lang), f"no words for `{code}`; add them")
    for code, text in own.items():
        if not isinstance(text, str) or not text:
            yield source.problem("schema", ("replies", lang, code), f"must be text, not {text!r}; put it in quotes")
            continue
        for slot in _SLOT.findall(text):
            if slot not in SHARED_SLOTS:
                yield source.problem("reply-slot", ("replies", lang, code), f"nobody fills {{{slot}}}")
