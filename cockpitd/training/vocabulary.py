"""Which tokens of the base our own model must keep: all that the rows and the files of this checkout pass through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cockpitd import catalogue, paths
from cockpitd.domain.units import LANGS
from cockpitd.models import gguf_body, vocabulary
from cockpitd.nlu.prompt import PromptBook
from cockpitd.training.lessons import lessons
from cockpitd.training.lexicon import read_yaml
from cockpitd.training.merges import Merger

_TEMPLATE = re.compile(r"[\[\](){}|<>]+")
"""Signs that a pattern and a lexicon put between words."""


def needed(base: Path, texts: Iterable[str]) -> tuple[str, ...]:
    """List the tokens that must be kept beyond the rule, the commonest first."""
    known = vocabulary.Vocabulary.of(gguf_body.Body(base).values)
    merger = Merger.of(known)
    words = {word for text in texts for word in merger.words(text)}
    passed = {token for word in words for token in merger.passed(word)}
    return vocabulary.beyond_rule(known, passed)


def texts(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Give every text our model may meet while it is taught and all that the files of this checkout say."""
    rows = list(rows)
    known = catalogue.load()
    for row in rows:
        yield f"{row['input']}\n{row['context']}"
        yield _dump(row["output"])
    for lesson in lessons(rows, known, seed=1):
        yield f"{lesson.prompt}{lesson.answer}"
    for lang in LANGS:
        yield from (f"{prompt.prefix}{prompt.tail}" for prompt in PromptBook(known).prompts("?", lang, "[]", 1))
    for home in (paths.schemas_dir(), paths.models_dir() / "cockpit-n" / "data"):
        for path in sorted(home.rglob("*.yaml")):
            for said in _strings(read_yaml(path)):
                yield from _spellings(said)


def read_rows(directory: Path) -> Iterator[dict[str, Any]]:
    """Read the rows that `cockpitd train data` has written."""
    for path in sorted(directory.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def _strings(data: object) -> Iterator[str]:
    """Walk everything a YAML file says."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _strings(key)
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)
    elif isinstance(data, str):
        yield data


def _spellings(said: str) -> Iterator[str]:
    """Write a text alone, within a sentence, as a value of an answer, and in other cases."""
    for part in _TEMPLATE.split(said):
        text = part.strip()
        for form in dict.fromkeys((text, text.lower(), text.capitalize(), text.title())):
            yield f"{form}\n {form}"
            yield _dump([{"action": form, "parameters": {form: form}}])


def _dump(output: object) -> str:
    return json.dumps(output, ensure_ascii=False, separators=(",", ":"))
