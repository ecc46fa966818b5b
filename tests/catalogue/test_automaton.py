"""Two phrases meet exactly when they have a plain form in common: held against listing all forms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cockpitd.catalogue.automaton import build, letters, meet, pattern
from cockpitd.domain.template import parse

words = st.sampled_from(["a", "b", "c", "ab", "b c"])


def group(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    options = st.lists(inner, min_size=1, max_size=3).map("|".join)
    joined = st.lists(inner, min_size=1, max_size=3).map("".join)
    return st.one_of(options.map("[{}]".format), options.map("({})".format), joined)


phrases = st.recursive(words, group, max_leaves=6)


def forms(phrase: str) -> set[str]:
    return {letters(form) for form in parse(phrase).expand(10_000)}


def no_slots(name: str) -> str:
    raise AssertionError(name)


@given(phrases, phrases)
def test_phrases_meet_exactly_when_they_share_a_form(one: str, other: str) -> None:
    found = meet(build(parse(one), no_slots), build(parse(other), no_slots))
    common = forms(one) & forms(other)
    assert (found is not None) == bool(common)
    assert found is None or letters(found) in common


@given(phrases)
def test_the_regular_expression_matches_exactly_the_forms(phrase: str) -> None:
    import re

    regex = re.compile(pattern(parse(phrase), {}))
    assert all(regex.fullmatch(form) for form in forms(phrase))
    assert not regex.fullmatch("d")


def test_slots_stand_for_their_words_or_for_one_symbol() -> None:
    def slots(name: str) -> tuple[str, ...] | str:
        return ("left", "right side") if name == "side" else "<number>"

    one = build(parse("{side} to {level}"), slots)
    assert meet(one, build(parse("[the] right side to {number}"), slots)) == "right side to {level}"
    assert meet(one, build(parse("left to ten"), slots)) is None
