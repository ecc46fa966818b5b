"""Turns YAML data that already fits the meta-schema into the nouns of the domain; it checks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from cockpitd.catalogue.source import Source
from cockpitd.domain.actions import ActionSpec, Example, Phrase, ReplyTemplate, Write
from cockpitd.domain.units import LANGS, Lang
from cockpitd.domain.vehicle import Hazard, Signal

K = TypeVar("K")
V = TypeVar("V")


def frozen(items: Mapping[K, V]) -> Mapping[K, V]:
    """Give a mapping that cannot be changed.

    Leaves that travel on (a phrase's `set`, an example's parameters, a parameter schema) stay plain dicts instead:
    events and validators copy, serialise and type-check them, which a mapping proxy does not survive.
    """
    return MappingProxyType(dict(items))


def signal(path: str, data: Mapping[str, Any]) -> Signal:
    """Make a signal from its entry; `hazard` and `safe` may be left out for what cannot be written."""
    safe = data.get("safe", "any")
    return Signal(
        path=path,
        datatype=data["datatype"],
        kind=data["kind"],
        hazard=Hazard(data.get("hazard", "comfort")),
        safe=tuple(safe) if isinstance(safe, list) else safe,
        initial=data["initial"],
        title=frozen(data["title"]),
        unit=data.get("unit", ""),
        minimum=data.get("min"),
        maximum=data.get("max"),
        allowed=tuple(data.get("allowed", ())),
    )


def action(source: Source) -> ActionSpec:
    """Make an action from its file; its domain is the folder the file lies in."""
    data = source.data
    return ActionSpec(
        name=data["action"],
        domain=source.path.parent.name,
        title=frozen(data["title"]),
        klass=data["class"],
        risk=data["risk"],
        confirm=data.get("confirm", False),
        ttl_ms=data["ttl_ms"],
        parameters=_parameters(data.get("parameters", {})),
        writes=tuple(_write(item) for item in data.get("writes", ())),
        reads=frozen(data.get("reads", {})),
        readback=data.get("readback", True),
        phrases=_phrases(data.get("phrases", {})),
        replies=frozen({lang: _outcomes(data["replies"][lang]) for lang in LANGS}),
        examples=frozen({lang: _examples(data["examples"][lang]) for lang in LANGS}),
        reflex=_phrases(data.get("reflex", {})),
        follow_ups=_phrases(data.get("follow_ups", {})),
        topic=data.get("topic", ""),
        polarity=data.get("polarity", "none"),
        source=source.name,
    )


def _parameters(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Close the schema: a parameter that the file does not declare is never accepted."""
    return {"type": "object", "properties": {}, **data, "additionalProperties": False}


def _write(data: Mapping[str, Any]) -> Write:
    return Write(
        signal=data["signal"],
        value=data.get("value"),
        parameter=data.get("parameter"),
        step=data.get("step"),
        default=data.get("default"),
        map=frozen(data.get("map", {})),
        when=frozen({name: tuple(values) for name, values in data.get("when", {}).items()}),
        pulse=data.get("pulse", False),
    )


def _phrase(item: str | Mapping[str, Any]) -> Phrase:
    return Phrase(item) if isinstance(item, str) else Phrase(item["say"], dict(item.get("set", {})))


def _phrases(data: Mapping[str, Any]) -> Mapping[Lang, tuple[Phrase, ...]]:
    return frozen({lang: tuple(_phrase(item) for item in data.get(lang, ())) for lang in LANGS})


def _reply(item: str | Mapping[str, Any]) -> ReplyTemplate:
    return ReplyTemplate(item) if isinstance(item, str) else ReplyTemplate(item["say"], dict(item.get("when", {})))


def _outcomes(data: Mapping[str, Any]) -> Mapping[str, tuple[ReplyTemplate, ...]]:
    return frozen({outcome: tuple(_reply(item) for item in items) for outcome, items in data.items()})


def _examples(data: list[Mapping[str, Any]]) -> tuple[Example, ...]:
    return tuple(Example(item["say"], dict(item.get("parameters", {}))) for item in data)
