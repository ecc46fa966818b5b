"""Two phrase templates as automata, and a sentence that both accept if there is one; it knows no actions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cockpitd.domain.template import Alternatives, Literal, Node, Optional, Sequence, Slot

SlotSymbols: TypeAlias = Callable[[str], tuple[str, ...] | str]
"""Parameter name -> the words it can be, or one symbol such as `<number>` that stands for any of its values."""


@dataclass(slots=True)
class Automaton:
    """Letters only: case, spaces and punctuation do not tell phrases apart."""

    edges: list[dict[str, list[tuple[int, str]]]] = field(default_factory=list)
    """State -> symbol -> (next state, the words as written)."""
    jumps: list[list[tuple[int, str]]] = field(default_factory=list)
    """State -> (next state, words) without reading a symbol."""
    start: int = 0
    end: int = 0
    alphabet: frozenset[str] = frozenset()
    """Every symbol that can occur."""
    needed: frozenset[str] = frozenset()
    """Symbols that occur in every sentence; two phrases meet only where each knows what the other needs."""

    moves: dict[int, tuple[dict[str, list[int]], bool]] = field(default_factory=dict)
    """State -> where each symbol leads from there, and whether the sentence may end; filled on use."""

    def move(self, state: int) -> tuple[dict[str, list[int]], bool]:
        """Look `state` up in `moves`."""
        if state not in self.moves:
            table: dict[str, list[int]] = {}
            reached = self.closure(state)
            for here, _ in reached:
                for symbol, targets in self.edges[here].items():
                    table.setdefault(symbol, []).extend(target for target, _ in targets)
            self.moves[state] = table, any(here == self.end for here, _ in reached)
        return self.moves[state]

    def state(self) -> int:
        """Add a state."""
        self.edges.append({})
        self.jumps.append([])
        return len(self.edges) - 1

    def closure(self, state: int) -> list[tuple[int, str]]:
        """All states reached without a symbol, with the words on the way there."""
        found = {state: ""}
        queue = deque([state])
        while queue:
            here = queue.popleft()
            for target, words in self.jumps[here]:
                if target not in found:
                    found[target] = found[here] + words
                    queue.append(target)
        return list(found.items())


def build(tree: Sequence, slots: SlotSymbols) -> Automaton:
    """Make the automaton of one phrase."""
    made = Automaton()
    made.start = made.state()
    made.end = _add(made, tree, made.start, slots)
    made.alphabet = frozenset(symbol for table in made.edges for symbol in table)
    made.needed = _needed(tree, slots)
    return made


def meet(one: Automaton, other: Automaton) -> str | None:
    """Give a sentence that both accept, written as the first would, or None when there is none."""
    if not (one.needed <= other.alphabet and other.needed <= one.alphabet):
        return None
    return _sentence(one, other) if _touch(one, other) else None


def _touch(one: Automaton, other: Automaton) -> bool:
    """Tell whether they meet; most pairs do not, and this finds out without writing sentences."""
    seen = {(one.start, other.start)}
    stack = list(seen)
    while stack:
        left, right = stack.pop()
        here, here_ends = one.move(left)
        there, there_ends = other.move(right)
        if here_ends and there_ends:
            return True
        for symbol in here.keys() & there.keys():
            for target in here[symbol]:
                for beyond in there[symbol]:
                    if (target, beyond) not in seen:
                        seen.add((target, beyond))
                        stack.append((target, beyond))
    return False


def _sentence(one: Automaton, other: Automaton) -> str | None:
    seen = {(one.start, other.start)}
    queue = deque([(one.start, other.start, "")])
    while queue:
        left, right, said = queue.popleft()
        rights = other.closure(right)
        for here, words in one.closure(left):
            if here == one.end and any(there == other.end for there, _ in rights):
                return " ".join((said + words).split())
            for there, _ in rights:
                for symbol in one.edges[here].keys() & other.edges[there].keys():
                    for target, text in one.edges[here][symbol]:
                        for beyond, _ in other.edges[there][symbol]:
                            if (target, beyond) not in seen:
                                seen.add((target, beyond))
                                queue.append((target, beyond, said + words + text))
    return None


def letters(text: str) -> str:
    """Keep what tells sentences apart."""
    return "".join(char for char in text.lower() if char.isalnum())


def _add(made: Automaton, node: Node | Sequence, state: int, slots: SlotSymbols) -> int:
    """Append `node` after `state` and return the state after it."""
    match node:
        case Literal(text):
            return _word(made, text, state)
        case Slot(name):
            symbols = slots(name)
            if isinstance(symbols, str):
                return _edge(made, state, symbols, f"{{{name}}}")
            return _join(made, [_word(made, word, state) for word in symbols])
        case Sequence(parts):
            for part in parts:
                state = _add(made, part, state, slots)
            return state
        case Alternatives(options):
            return _join(made, [_add(made, option, state, slots) for option in options])
        case Optional(body):
            return _join(made, [_add(made, body, state, slots), state])


def _word(made: Automaton, text: str, state: int) -> int:
    for char in text:
        if char.isalnum():
            state = _edge(made, state, char.lower(), char)
        else:
            after = made.state()
            made.jumps[state].append((after, char))
            state = after
    return state


def _edge(made: Automaton, state: int, symbol: str, words: str) -> int:
    after = made.state()
    made.edges[state].setdefault(symbol, []).append((after, words))
    return after


def _join(made: Automaton, ends: list[int]) -> int:
    after = made.state()
    for end in ends:
        made.jumps[end].append((after, ""))
    return after


def _needed(node: Node | Sequence, slots: SlotSymbols) -> frozenset[str]:
    match node:
        case Literal(text):
            return frozenset(letters(text))
        case Slot(name):
            symbols = slots(name)
            if isinstance(symbols, str):
                return frozenset({symbols})
            return frozenset.intersection(*(frozenset(letters(word)) for word in symbols)) if symbols else frozenset()
        case Sequence(parts):
            return frozenset().union(*(_needed(part, slots) for part in parts))
        case Alternatives(options):
            return frozenset.intersection(*(_needed(option, slots) for option in options))
        case Optional():
            return frozenset()


def pattern(node: Node | Sequence, slots: Mapping[str, str]) -> str:
    """Write a phrase as a regular expression over `letters`; `slots` gives that of each parameter."""
    match node:
        case Literal(text):
            return letters(text)
        case Slot(name):
            return slots[name]
        case Sequence(parts):
            return "".join(pattern(part, slots) for part in parts)
        case Alternatives(options):
            return "(?:" + "|".join(pattern(option, slots) for option in options) + ")"
        case Optional(body):
            return f"(?:{pattern(body, slots)})?"
