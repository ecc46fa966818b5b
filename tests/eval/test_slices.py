"""A slice is the same for the same seed, keeps the shares, and tears no conversation apart."""

from __future__ import annotations

from collections import Counter

from cockpitd.eval.cases import Case
from cockpitd.eval.slices import stratified


def case(ident: str, category: str, session: str = "") -> Case:
    return Case(ident, "zh", ident, None, category, session)


MANY = [case(f"m{i}", "music") for i in range(60)] + [case(f"n{i}", "status") for i in range(30)]
SERIES = [case(f"s{i}", "dialogue", f"series {i // 2}") for i in range(10)]


def test_shares_are_kept() -> None:
    chosen = stratified(MANY + SERIES, 20, "0")
    assert Counter(one.category for one in chosen) == {"music": 12, "status": 6, "dialogue": 2}


def test_a_seed_names_a_slice() -> None:
    assert stratified(MANY, 15, "a") == stratified(MANY, 15, "a")
    assert stratified(MANY, 15, "a") != stratified(MANY, 15, "b")


def test_file_order_is_kept_and_conversations_stay_whole() -> None:
    chosen = stratified(SERIES + MANY, 40, "0")
    assert chosen == [one for one in SERIES + MANY if one in chosen]
    assert set(Counter(one.session for one in chosen if one.session).values()) == {2}


def test_room_that_a_conversation_leaves_is_filled() -> None:
    long = [case(f"l{i}", "dialogue", "one long series") for i in range(10)]
    assert len(stratified(MANY + long, 20, "0")) == 20


def test_all_of_them_is_all_of_them() -> None:
    assert stratified(SERIES, 99, "0") == SERIES
