"""Actions put into words for people: one-line descriptions, a whole action as text, the Markdown reference."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cockpitd.catalogue.writes import describe as describe_signal
from cockpitd.domain.actions import ActionSpec, Catalogue, Write
from cockpitd.domain.template import parse
from cockpitd.domain.units import LANGS
from cockpitd.domain.vehicle import Signal

SHOWN_FORMS = 3
"""Expansions listed per phrase by `show`."""


def parameter(name: str, schema: Mapping[str, Any], *, required: bool) -> str:
    """One parameter: name, whether it may be left out, what it takes."""
    return f"{name}{'' if required else '?'}: {_takes(schema)}"


def _takes(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if schema["type"] == "boolean":
        return "true | false"
    if schema["type"] == "string":
        return f"text, up to {schema.get('maxLength', '…')} characters"
    unit = schema.get("unit", "none")
    step = f" in steps of {schema['multipleOf']:g}" if "multipleOf" in schema else ""
    whole = " (whole)" if schema["type"] == "integer" and not step and unit == "none" else ""
    return f"{schema['minimum']:g}…{schema['maximum']:g}{'' if unit == 'none' else f' {unit}'}{step}{whole}"


def write(item: Write) -> str:
    """One write: which value under which condition, without the signal."""
    if item.value is not None:
        what = f"= {item.value!r}"
    elif item.step is not None:
        what = f"+ {{{item.step}}}" + ("" if item.default is None else f" (not said: {item.default!r})")
    else:
        table = "" if not item.map else " as " + ", ".join(f"{key} → {value!r}" for key, value in item.map.items())
        what = f"= {{{item.parameter}}}{table}" + ("" if item.default is None else f" (not said: {item.default!r})")
    when = "; ".join(f"{name} is {' | '.join(map(_value, values))}" for name, values in item.when.items())
    return f"{what}{' [pulse]' if item.pulse else ''}{f', when {when}' if when else ''}"


def _value(value: object) -> str:
    return "not said" if value is None else str(value)


def show(spec: ActionSpec, signals: Mapping[str, Signal]) -> Iterator[str]:
    """Everything one file says, in lines."""
    yield f"{spec.name} — {spec.title['zh']} / {spec.title['en']}"
    yield f"  file        {spec.source}"
    yield f"  domain      {spec.domain}{f', topic {spec.topic}' if spec.topic else ''}, polarity {spec.polarity}"
    yield f"  class       {spec.klass}, risk {spec.risk}{', always asks first' if spec.confirm else ''}"
    yield f"  lives       {spec.ttl_ms} ms{', read back' if spec.readback and spec.writes else ''}"
    yield from _block("parameters", [line for name in spec.properties for line in _parameter_lines(spec, name)])
    yield from _block("writes", [line for item in spec.writes for line in _write_lines(item, signals)])
    yield from _block("reads", [f"{{{name}}} = {path}" for name, path in spec.reads.items()])
    for key, lists in (("phrases", spec.phrases), ("follow-ups", spec.follow_ups), ("reflex", spec.reflex)):
        for lang in LANGS:
            yield from _block(f"{key} {lang}", [line for phrase in lists[lang] for line in _phrase_lines(phrase.say)])
    for lang in LANGS:
        yield from _block(f"replies {lang}", _reply_lines(spec.replies[lang]))
        yield from _block(f"examples {lang}", [f"{item.say} → {dict(item.parameters)}" for item in spec.examples[lang]])


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield f"  {title}"
        yield from (f"    {line}" for line in listed)


def _parameter_lines(spec: ActionSpec, name: str) -> Iterator[str]:
    yield parameter(name, spec.properties[name], required=name in spec.required)
    for value in spec.properties[name].get("enum", ()):
        names = " / ".join(", ".join(spec.names(name, value, lang)) for lang in LANGS)
        yield f"  {value}: {names}"


def _write_lines(item: Write, signals: Mapping[str, Signal]) -> Iterator[str]:
    signal = signals[item.signal]
    yield f"{item.signal} {write(item)}"
    yield f"  takes {describe_signal(signal)}; hazard {signal.hazard}; safe: {_safe(signal)}"


def _safe(signal: Signal) -> str:
    states = signal.safe if isinstance(signal.safe, tuple) else (signal.safe,)
    return ", ".join(str(state) for state in states)


def _phrase_lines(say: str) -> Iterator[str]:
    yield say
    forms = parse(say).expand(SHOWN_FORMS + 1)
    if len(forms) > 1:
        more = " · …" if len(forms) > SHOWN_FORMS else ""
        yield "  e.g. " + " · ".join(forms[:SHOWN_FORMS]) + more


def _reply_lines(outcomes: Mapping[str, tuple[Any, ...]]) -> Iterator[str]:
    for outcome, templates in outcomes.items():
        for template in templates:
            when = ", ".join(f"{name} is {value}" for name, value in template.when.items())
            yield f"{outcome}: {template.say}{f'  [when {when}]' if when else ''}"


def table(catalogue: Catalogue) -> Iterator[str]:
    """One line an action, in columns."""
    specs = by_domain(catalogue)
    rows: list[tuple[str, ...]] = [("domain", "action", "class", "risk", "标题", "title")]
    rows += [(spec.domain, spec.name, spec.klass, spec.risk, spec.title["zh"], spec.title["en"]) for spec in specs]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)).rstrip()


def _width(text: str) -> int:
    """Columns on a terminal: Mandarin characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def by_domain(catalogue: Catalogue) -> list[ActionSpec]:
    """All actions, domain after domain."""
    return sorted(catalogue.actions.values(), key=lambda spec: (spec.domain, spec.name))


def markdown(catalogue: Catalogue) -> Iterator[str]:
    """The reference of all actions; the same files always give the same text."""
    specs = by_domain(catalogue)
    domains = list(dict.fromkeys(spec.domain for spec in specs))
    yield "# Actions"
    yield ""
    yield f"{len(specs)} actions in {len(domains)} domains. Written by `cockpitd actions docs`; do not edit."
    yield "`?` marks a parameter that may be left out."
    for domain in domains:
        yield ""
        yield f"## {domain}"
        yield ""
        yield "| action | 标题 / title | class | risk | parameters | moves or reads | 例 / examples |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_row(spec) for spec in specs if spec.domain == domain)


def _row(spec: ActionSpec) -> str:
    parameters = [parameter(name, spec.properties[name], required=name in spec.required) for name in spec.properties]
    paths = dict.fromkeys([*(item.signal for item in spec.writes), *spec.reads.values()])
    examples = [spec.examples[lang][0].say for lang in LANGS]
    cells = [
        f"`{spec.name}`",
        f"{spec.title['zh']} / {spec.title['en']}",
        spec.klass,
        spec.risk + (", asks first" if spec.confirm or spec.risk == "guarded" else ""),
        "<br>".join(parameters) or "—",
        "<br>".join(f"`{path.removeprefix('Vehicle.')}`" for path in paths) or "—",
        "<br>".join(examples),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
