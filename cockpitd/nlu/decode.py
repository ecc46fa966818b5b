"""The grammar the language model writes under, and the reading of what it wrote; no model and no tokenizer here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.domain.turn import Proposal, ProposedAction
from cockpitd.domain.units import Lang, Parameters, Scalar
from cockpitd.errors import EngineError

MAX_ACTIONS = 4
MAX_STRING = 64
"""Longest free text a model may write, whatever the schema allows: names and messages, not essays."""
MAX_HEARD = 300
MAX_ENUMERATED = 4_096
"""Numbers of a stepped range up to this many are spelled out, so that an off-grid value cannot be written."""

_CONTROL = "ASSISTANT_"
_SPOKEN_CONTROL = ("ASSISTANT_NOT_FOR_ME", "ASSISTANT_NOT_SUPPORTED", "ASSISTANT_SMALLTALK", "ASSISTANT_HELP")
"""The only assistant actions a model may choose; stop, confirm, undo … are words of their own, never a guess."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one utterance leaves possible: the grammar of an answer to it names nothing else."""

    text: str
    """Free texts are pieces of this."""
    lang: Lang
    actions: tuple[str, ...]
    """Actions worth considering."""
    most: int = MAX_ACTIONS
    """Most actions the utterance can mean."""
    numbers: tuple[float, ...] = ()
    """Numbers that were said; a parameter one of them fits takes one of them."""
    values: Mapping[tuple[str, str], frozenset[Scalar]] = field(default_factory=dict)
    """(action, parameter) -> enum values named by the utterance or shown beside it."""


def offered(catalogue: Catalogue) -> tuple[ActionSpec, ...]:
    """Return the actions a model may name, in a stable order."""
    specs = (catalogue.actions[name] for name in sorted(catalogue.actions))
    return tuple(spec for spec in specs if not spec.name.startswith(_CONTROL) or spec.name in _SPOKEN_CONTROL)


def canonical(actions: Sequence[tuple[ActionSpec, Parameters]]) -> str:
    """Write actions exactly as the grammar would have a model write them: prompts must show nothing else."""
    said = [{"action": spec.name, "parameters": _ordered(spec, parameters)} for spec, parameters in actions]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _ordered(spec: ActionSpec, parameters: Parameters) -> dict[str, Scalar]:
    return {name: _plain(parameters[name]) for name in spec.properties if name in parameters}


def _plain(value: Scalar) -> Scalar:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# --- the grammar -----------------------------------------------------------------------------------------------------


def grammar(catalogue: Catalogue, heard: Heard | None = None) -> str:
    """Derive the llguidance grammar (its Lark dialect): compact JSON, one order of keys, no free whitespace.

    With `heard` it is tightened to what the utterance leaves possible; it never allows more than without.
    """
    specs = offered(catalogue)
    if heard is not None:
        specs = tuple(spec for spec in specs if spec.name in heard.actions or spec.name in _SPOKEN_CONTROL) or specs
    more = min(heard.most if heard else MAX_ACTIONS, MAX_ACTIONS) - 1
    rest = f' ("," item){{0,{more}}}' if more else ""
    lines = [f'start: "[" item{rest} "]"', 'item: "{\\"action\\":\\"" call "}}"']
    lines.append("call: " + " | ".join(f"a{number}" for number in range(len(specs))))
    for number, spec in enumerate(specs):
        lines.extend(_action_rules(f"a{number}", spec, heard))
    if heard is not None:
        lines.append(_said(heard))
    return "\n".join(lines) + "\n"


def _action_rules(rule: str, spec: ActionSpec, heard: Heard | None) -> Iterator[str]:
    """One action: `_p` rules are the parameters, `_f`/`_n` what may follow with nothing or something before it."""
    names = [name for name in spec.properties if name in spec.required or _sayable(spec.properties[name], heard)]
    head = _literal(f'{spec.name}","parameters":{{')
    yield f"{rule}: {head} {rule}_f0" if names else f"{rule}: {head}"
    for index, name in enumerate(names):
        value = _value(spec, name, heard)
        if value.startswith("SAID &"):  # only terminals can be intersected
            yield f"V_{rule.upper()}_{index}: {value}"
            value = f"V_{rule.upper()}_{index}"
        yield f"{rule}_p{index}: {_literal(json.dumps(name) + ':')} {value}"
        last, required = index == len(names) - 1, name in spec.required
        first_tail, next_tail = ("", "") if last else (f" {rule}_n{index + 1}", f" {rule}_f{index + 1}")
        empty = "" if spec.parameters.get("minProperties", 0) else ' | ""'
        skip_first = "" if required else f" |{next_tail}" if next_tail else empty
        skip_next = "" if required else f" |{first_tail}" if first_tail else ' | ""'
        yield f"{rule}_f{index}: {rule}_p{index}{first_tail}{skip_first}"
        yield f'{rule}_n{index}: "," {rule}_p{index}{first_tail}{skip_next}'


def _value(spec: ActionSpec, name: str, heard: Heard | None) -> str:
    schema = spec.properties[name]
    if "enum" in schema:
        named = heard.values.get((spec.name, name), frozenset()) if heard else frozenset()
        values = [value for value in schema["enum"] if value in named] or schema["enum"]
        return _choice(json.dumps(value, ensure_ascii=False) for value in values)
    match schema.get("type"):
        case "boolean":
            return _choice(("true", "false"))
        case "integer" | "number":
            said = sorted({value for value in heard.numbers if _fits(value, schema)}) if heard else []
            return _choice(json.dumps(_plain(value)) for value in said) if said else _number(schema)
        case _:
            if heard is None or not _sayable(schema, heard):
                return _string(schema)
            narrower = "pattern" in schema or schema.get("maxLength", MAX_STRING) < MAX_STRING
            return f"SAID & {_string(schema)}" if narrower else "SAID"


def _fits(value: float, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf):
        return False
    step = schema.get("multipleOf", 1 if schema["type"] == "integer" else None)
    return step is None or Decimal(str(value)) % Decimal(str(step)) == 0


def _sayable(schema: Mapping[str, Any], heard: Heard | None) -> bool:
    """Tell whether a text of an asked form (a telephone number) is in the utterance: a grammar must have an end."""
    if heard is None or "pattern" not in schema:
        return True
    form = str(schema["pattern"]).removeprefix("^").removesuffix("$")
    found = re.search(rf"(?<!\S)(?:{form})(?!\S)" if heard.lang == "en" else form, _printable(heard.text))
    return found is not None


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable() and character not in '"\\').strip()[
        :MAX_HEARD
    ]


def _said(heard: Heard) -> str:
    """Any piece of the utterance: words in English, characters in Mandarin, with something at both ends."""
    plain = _printable(heard.text)
    kind = "substring_chars" if heard.lang == "zh" else "substring_words"
    piece = json.dumps({kind: plain if re.search(r"\w", plain) else "-"}, ensure_ascii=False)
    edge = r"[^\s，。？！,.?!]"
    return f'PIECE: %regex {piece}\nSAID: "\\"" (PIECE & /{edge}(.{{0,{MAX_STRING - 2}}}{edge})?/) "\\""'


def _number(schema: Mapping[str, Any]) -> str:
    step = schema.get("multipleOf", 1 if schema["type"] == "integer" else None)
    low, high = schema.get("minimum"), schema.get("maximum")
    if step is not None and low is not None and high is not None:
        values = list(_grid(Decimal(str(low)), Decimal(str(high)), Decimal(str(step))))
        if len(values) <= MAX_ENUMERATED:
            return _pattern("(" + "|".join(re.escape(value) for value in values) + ")")
    limits = {key: schema[key] for key in ("type", "minimum", "maximum") if key in schema}
    return "%json " + json.dumps(limits)


def _grid(low: Decimal, high: Decimal, step: Decimal) -> Iterator[str]:
    """All multiples of `step` within the range, shortest decimal form."""
    at = math.ceil(low / step) * step
    while at <= high:
        text = format(at.normalize(), "f")
        yield "0" if text == "-0" else text
        at += step


def _string(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        return _pattern('"(' + str(schema["pattern"]).removeprefix("^").removesuffix("$") + ')"')
    longest = min(int(schema.get("maxLength", MAX_STRING)), MAX_STRING)
    shortest = max(1, min(int(schema.get("minLength", 1)), longest))
    inner, edge = r'[^"\\\x00-\x1f\x7f]', r'[^"\\\x00-\x20\x7f\u3000]'
    if longest == 1:
        return _pattern(f'"{edge}"')
    whole = f"{edge}{inner}{{{max(0, shortest - 2)},{longest - 2}}}{edge}"
    return _pattern(f'"({whole}|{edge})"' if shortest == 1 else f'"{whole}"')


def _choice(values: Iterator[str] | tuple[str, ...]) -> str:
    return "(" + " | ".join(_literal(value) for value in values) + ")"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _pattern(regex: str) -> str:
    return "/" + regex.replace("/", r"\/") + "/"


# --- reading ---------------------------------------------------------------------------------------------------------


def parse_completion(text: str, confidences: Sequence[float]) -> Proposal:
    """Read what the model wrote; anything but the agreed form is a breakage, never repaired."""
    try:
        items = json.loads(text)
    except ValueError as exc:
        raise _malformed(text) from exc
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ACTIONS or len(items) != len(confidences):
        raise _malformed(text)
    pairs = zip(items, confidences, strict=True)
    return Proposal(tuple(_action(item, confidence, text) for item, confidence in pairs), "llm")


def _action(item: object, confidence: float, text: str) -> ProposedAction:
    if not isinstance(item, dict) or set(item) != {"action", "parameters"}:
        raise _malformed(text)
    name, parameters = item["action"], item["parameters"]
    if not isinstance(name, str) or not isinstance(parameters, dict):
        raise _malformed(text)
    if not all(isinstance(value, bool | int | float | str) for value in parameters.values()):
        raise _malformed(text)
    return ProposedAction(name, parameters, confidence)


def _malformed(text: str) -> EngineError:
    return EngineError("llm-malformed", f"the language model wrote {text[:80]!r}, which is not a list of actions")
