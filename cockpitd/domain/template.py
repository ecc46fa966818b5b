"""The phrase language of action files, parsed to a small tree; matching utterances against it stands in `nlu`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn, TypeAlias

EXPAND_LIMIT = 200
"""How many expansions of one phrase are listed when the caller does not say."""

_SLOT_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_SPECIAL = "[](){}|"
_CLOSES = {"[": "]", "(": ")"}


@dataclass(frozen=True, slots=True)
class Literal:
    """Words as they stand, spaces included."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """`{name}`: a value of the parameter `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Alternatives:
    """`(a|b)`: exactly one of the options."""

    options: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Optional:
    """`[a]` or `[a|b]`: the body or nothing."""

    body: Sequence | Alternatives


Node: TypeAlias = Literal | Slot | Alternatives | Optional


@dataclass(frozen=True, slots=True)
class Sequence:
    """Nodes one after the other; a whole phrase is one of these."""

    parts: tuple[Node, ...]

    def slots(self) -> frozenset[str]:
        """Names of all parameters that occur anywhere in the phrase."""
        return frozenset(_slots(self))

    def expand(self, limit: int = EXPAND_LIMIT) -> tuple[str, ...]:
        """List up to `limit` different plain forms, longest options first; slots stay `{name}`, spaces are tidied."""
        seen: dict[str, None] = {}
        # A phrase may have duplicates among its raw forms, so look a bounded way beyond the limit, never without end.
        for raw in islice(_expand(self), limit * 4):
            seen.setdefault(" ".join(raw.split()))
            if len(seen) >= limit:
                break
        return tuple(seen)

    def may_be_empty(self) -> bool:
        """Tell whether the phrase matches saying nothing at all."""
        return _empty(self)


def parse(text: str) -> Sequence:
    """Parse one phrase; `ValueError` names what is wrong and at which character (counted from 1)."""
    parser = _Parser(text)
    found = parser.sequence(closing="", inside="")
    if not any(not isinstance(part, Literal) or part.text.strip() for part in found.parts):
        parser.fail(1, "the phrase is empty")
    return found


class _Parser:
    """A cursor over one phrase."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, position: int, what: str) -> NoReturn:
        """Refuse the phrase."""
        msg = f"character {position} of {self.text!r}: {what}"
        raise ValueError(msg)

    def sequence(self, closing: str, inside: str) -> Sequence:
        """Read nodes up to `|` or `closing` (both only within the group opened by `inside`) or the end."""
        parts: list[Node] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == closing or (char == "|" and inside):
                break
            if char == "|":
                self.fail(self.at + 1, "`|` stands outside of ( ) or [ ]")
            if char in "])}":
                self.fail(self.at + 1, f"`{char}` closes nothing")
            parts.append(self.node(char))
        return Sequence(tuple(parts))

    def node(self, char: str) -> Node:
        """Read one node beginning with `char`."""
        if char == "{":
            return self.slot()
        if char in _CLOSES:
            return self.group(char)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _SPECIAL:
            self.at += 1
        return Literal(self.text[start : self.at])

    def slot(self) -> Slot:
        """Read `{name}`."""
        start = self.at
        end = self.text.find("}", start)
        if end < 0:
            self.fail(start + 1, "`{` is never closed")
        name = self.text[start + 1 : end]
        if not _SLOT_NAME.match(name):
            self.fail(start + 2, f"{name!r} is not a parameter name (lower case letters, digits, `_`)")
        self.at = end + 1
        return Slot(name)

    def group(self, opening: str) -> Optional | Alternatives:
        """Read `[…]` or `(…)`."""
        start, closing = self.at, _CLOSES[opening]
        options: list[Sequence] = []
        while True:
            self.at += 1
            option_at = self.at
            option = self.sequence(closing, inside=opening)
            if self.at >= len(self.text):
                self.fail(start + 1, f"`{opening}` is never closed")
            if not any(not isinstance(part, Literal) or part.text.strip() for part in option.parts):
                self.fail(option_at + 1, "an option is empty; use [ ] for words that may be left out")
            options.append(option)
            if self.text[self.at] == closing:
                break
        self.at += 1
        if opening == "(":
            return Alternatives(tuple(options))
        return Optional(options[0] if len(options) == 1 else Alternatives(tuple(options)))


def _slots(node: Node | Sequence) -> Iterator[str]:
    match node:
        case Slot(name):
            yield name
        case Sequence(children) | Alternatives(children):
            for child in children:
                yield from _slots(child)
        case Optional(body):
            yield from _slots(body)
        case Literal():
            pass


def _expand(node: Node | Sequence) -> Iterator[str]:
    match node:
        case Literal(text):
            yield text
        case Slot(name):
            yield f"{{{name}}}"
        case Optional(body):
            yield from _expand(body)
            yield ""
        case Alternatives(options):
            for option in options:
                yield from _expand(option)
        case Sequence(parts):
            yield from _expand_parts(parts)


def _expand_parts(parts: tuple[Node, ...]) -> Iterator[str]:
    if not parts:
        yield ""
        return
    for head in _expand(parts[0]):
        for tail in _expand_parts(parts[1:]):
            yield head + tail


def _empty(node: Node | Sequence) -> bool:
    match node:
        case Literal(text):
            return not text.strip()
        case Slot():
            return False
        case Optional():
            return True
        case Alternatives(options):
            return any(_empty(option) for option in options)
        case Sequence(parts):
            return all(_empty(part) for part in parts)
