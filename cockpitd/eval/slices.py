"""A small part of many cases that looks like the whole: categories and languages keep their shares; a seed chooses."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from cockpitd.eval.cases import Case

Unit = tuple[Case, ...]
"""A conversation, or a case of its own; never torn apart."""


def stratified(cases: Sequence[Case], count: int, seed: str) -> list[Case]:
    """Choose `count` cases (fewer if only conversations are left), the same ones for the same seed, in file order.

    Each category and language gets its share of `count`, by largest remainder.
    """
    if count >= len(cases):
        return list(cases)
    strata: defaultdict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in _units(cases):
        strata[unit[0].category, str(unit[0].lang)].append(unit)
    sizes = {key: sum(len(unit) for unit in units) for key, units in strata.items()}
    quotas = _quotas(sizes, count)
    drawn = [case for key, units in strata.items() for case in _drawn(units, quotas[key], seed)]
    chosen = {id(case) for case in drawn}
    # Conversations too long for their share leave room; it goes to whatever fits.
    rest = [unit for units in strata.values() for unit in units if id(unit[0]) not in chosen]
    chosen |= {id(case) for case in _drawn(rest, count - len(drawn), seed)}
    return [case for case in cases if id(case) in chosen]


def _units(cases: Sequence[Case]) -> list[Unit]:
    held: dict[str, list[Case]] = {}
    for place, case in enumerate(cases):
        held.setdefault(f"in {case.session}" if case.session else f"at {place}", []).append(case)
    return [tuple(unit) for unit in held.values()]


def _quotas(sizes: dict[tuple[str, str], int], count: int) -> dict[tuple[str, str], int]:
    total = sum(sizes.values())
    exact = {key: size * count / total for key, size in sizes.items()}
    quotas = {key: int(part) for key, part in exact.items()}
    by_rest = sorted(exact, key=lambda key: (quotas[key] - exact[key], key))
    for key in by_rest[: count - sum(quotas.values())]:
        quotas[key] += 1
    return quotas


def _drawn(units: list[Unit], quota: int, seed: str) -> list[Case]:
    out: list[Case] = []
    for unit in sorted(units, key=lambda unit: _rank(unit[0], seed)):
        if len(out) + len(unit) <= quota:
            out += unit
    return out


def _rank(case: Case, seed: str) -> bytes:
    """An order that depends on nothing but the seed and the case."""
    told = f"{seed}\0{case.ident}\0{case.text}"
    return hashlib.sha256(told.encode()).digest()
