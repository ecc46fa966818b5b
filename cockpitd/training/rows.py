"""One row of training data: what makes it fit to be taught, and how a set of rows is written, hashed and counted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from jsonschema import Draft202012Validator

from cockpitd.catalogue import parameter_validator
from cockpitd.domain.actions import ActionSpec, Catalogue
from cockpitd.domain.units import Lang, Scalar
from cockpitd.nlu.decode import MAX_ACTIONS, MAX_STRING, canonical
from cockpitd.training.patterns import PARTS, Part
from cockpitd.training.utterance import Kind, Utterance

INSTRUCTION: Mapping[Lang, str] = {
    "zh": "车载助手把司机说的话写成动作。",
    "en": "The car assistant writes what the driver says as actions.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One example."""

    part: Part
    lang: Lang
    kind: Kind
    families: tuple[str, ...]
    text: str
    context: str
    answer: str
    """The actions exactly as the grammar would have a model write them."""
    noisy: bool

    def line(self) -> str:
        """Write it as one line of a data file."""
        data = {
            "instruction": INSTRUCTION[self.lang],
            "input": self.text,
            "context": self.context,
            "output": json.loads(self.answer),
            "lang": self.lang,
            "kind": self.kind,
            "noisy": self.noisy,
            "families": list(self.families),
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


class Checker:
    """Judges whether an utterance may be taught."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._validator = cache(lambda name: parameter_validator(catalogue.actions[name].parameters))

    def row(self, utterance: Utterance, part: Part, *, noisy: bool) -> Row | None:
        """Make the row; None when a value breaks its schema or a free text was not said."""
        text = utterance.text()
        meant: list[tuple[ActionSpec, dict[str, Scalar]]] = []
        for spec, parameters in utterance.meant():
            said = {name: _as_said(spec.properties[name], value, text) for name, value in parameters.items()}
            given = {name: value for name, value in said.items() if value is not None}
            if len(given) < len(said) or not self._fits(spec, given):
                return None
            meant.append((spec, given))
        if not text or not 1 <= len(meant) <= MAX_ACTIONS:
            return None
        answer = canonical(meant)
        return Row(part, utterance.lang, utterance.kind, utterance.families, text, utterance.context, answer, noisy)

    def _fits(self, spec: ActionSpec, parameters: Mapping[str, Scalar]) -> bool:
        validator: Draft202012Validator = self._validator(spec.name)
        return bool(validator.is_valid(dict(parameters)))


def _as_said(schema: Mapping[str, Any], value: Scalar, text: str) -> Scalar | None:
    """Return a free text letter for letter as the utterance has it: the grammar lets a model write nothing else."""
    if not isinstance(value, str) or "enum" in schema:
        return value
    at = text.lower().find(value.lower())
    return text[at : at + len(value)] if at >= 0 and 0 < len(value) <= MAX_STRING else None


def write(rows: Sequence[Row], directory: Path, about: Mapping[str, object]) -> dict[str, object]:
    """Write one file a part and a manifest with the hash of them all; return the manifest."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        lines = "".join(f"{row.line()}\n" for row in rows if row.part == name)
        (directory / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    manifest = {**about, "sha256": digest(rows), **statistics(rows)}
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (directory / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def mostly_new(
    rows: Iterable[Mapping[str, Any]], known: Iterable[Mapping[str, Any]], again: float, seed: int
) -> list[Mapping[str, Any]]:
    """Keep every row with a pattern that no `known` row has, and a share (`again`) of the others, drawn by the seed."""
    learnt = {family for row in known for family in row["families"]}
    rng = Random(f"{seed} known")  # noqa: S311 (data, no secret)
    return [row for row in rows if not learnt.issuperset(row["families"]) or rng.random() < again]


def digest(rows: Iterable[Row]) -> str:
    """Hash all rows in their order."""
    found = hashlib.sha256()
    for row in rows:
        found.update(f"{row.part}\t{row.line()}\n".encode())
    return found.hexdigest()


def statistics(rows: Sequence[Row]) -> dict[str, object]:
    """Count the rows by part, language, kind and action."""
    actions: Counter[str] = Counter()
    for row in rows:
        actions.update(f"{item['action']} {row.lang}" for item in json.loads(row.answer))
    return {
        "rows": len(rows),
        "distinct_texts": len({(row.lang, row.text) for row in rows}),
        "families": len({family for row in rows for family in row.families}),
        "noisy": sum(row.noisy for row in rows),
        "with_context": sum(bool(row.context) for row in rows),
        "parts": _counted(row.part for row in rows),
        "languages": _counted(row.lang for row in rows),
        "kinds": _counted(f"{row.kind} {row.lang}" for row in rows),
        "actions": dict(sorted(actions.items())),
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
