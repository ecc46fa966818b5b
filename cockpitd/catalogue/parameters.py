"""What must hold for the parameters of an action and for the values its examples and phrases give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from cockpitd.catalogue.source import Problem, Source, Where
from cockpitd.catalogue.values import parameter_validator
from cockpitd.domain.actions import ActionSpec
from cockpitd.domain.units import LANGS, Lang


def check_parameters(spec: ActionSpec, source: Source) -> Iterator[Problem]:
    """Find what is wrong with the declarations, then with the examples that use them."""
    try:
        Draft202012Validator.check_schema(spec.parameters)
    except SchemaError as exc:
        where: Where = ("parameters", *exc.absolute_path)
        yield source.problem("parameter-schema", where, f"not a valid JSON Schema: {exc.message}")
        return
    found = list(_declarations(spec, source))
    # Examples of a wrong declaration would only repeat what is wrong with it.
    yield from found or _examples(spec, source)


def _declarations(spec: ActionSpec, source: Source) -> Iterator[Problem]:
    for name in spec.required:
        if name not in spec.properties:
            yield source.problem("parameter-unknown", ("parameters", "required"), f"{name!r} is not declared")
    for name, schema in spec.properties.items():
        for code, message in _declaration(schema):
            yield source.problem(code, ("parameters", "properties", name), message)
        for lang in LANGS:
            yield from _aliases(schema, ("parameters", "properties", name, "names"), lang, source)


def _declaration(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if schema["type"] in ("integer", "number"):
        yield from _number(schema)
    elif "enum" in schema:
        yield from _enum(schema)
    elif schema["type"] == "string":
        if "maxLength" not in schema:
            yield "parameter-range", "free text needs a maxLength"
        if "names" in schema:
            yield "enum-names", "`names` goes with `enum`; add the enum or remove the names"


def _number(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None or high is None:
        yield "parameter-range", "a number needs minimum and maximum, so that nonsense is refused naming the range"
    elif low > high:
        yield "parameter-range", f"minimum {low} is above maximum {high}"


def _enum(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = schema.get("names", {})
    for value in schema["enum"]:
        if value not in names:
            yield "enum-names", f"the value {value!r} has no `names` in zh and en; add what people call it"
    for value in names:
        if value not in schema["enum"]:
            yield "enum-names", f"`names` has {value!r}, which is not in the enum"


def _aliases(schema: Mapping[str, Any], where: Where, lang: Lang, source: Source) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for value, by_lang in schema.get("names", {}).items():
        for alias in by_lang[lang]:
            first = owner.setdefault(alias.lower(), value)
            if first != value:
                message = f"{alias!r} names both {first!r} and {value!r}; keep one"
                yield source.problem("enum-names", (*where, value, lang), message)


def _examples(spec: ActionSpec, source: Source) -> Iterator[Problem]:
    whole = parameter_validator(spec.parameters)
    partly = parameter_validator({**spec.parameters, "required": [], "minProperties": 0})
    for lang in LANGS:
        for position, example in enumerate(spec.examples[lang]):
            for error in whole.iter_errors(example.parameters):
                message = f"{example.say!r}: {error.message}; correct the parameters"
                yield source.problem("example-parameters", ("examples", lang, position), message)
        for key, lists in (("phrases", spec.phrases), ("follow_ups", spec.follow_ups), ("reflex", spec.reflex)):
            for position, phrase in enumerate(lists[lang]):
                for error in partly.iter_errors(phrase.set):
                    message = f"`set` of {phrase.say!r}: {error.message}"
                    yield source.problem("phrase-set", (key, lang, position), message)
