"""The phrase language: its tree, its expansions and its errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.template import Alternatives, Literal, Optional, Sequence, Slot, parse


def test_a_phrase_becomes_a_tree() -> None:
    assert parse("[把]灯(开|关){zone}") == Sequence(
        (
            Optional(Sequence((Literal("把"),))),
            Literal("灯"),
            Alternatives((Sequence((Literal("开"),)), Sequence((Literal("关"),)))),
            Slot("zone"),
        )
    )


def test_options_of_an_optional_group_are_alternatives() -> None:
    assert parse("[a|b]c").parts[0] == Optional(Alternatives((Sequence((Literal("a"),)), Sequence((Literal("b"),)))))


@pytest.mark.parametrize(
    ("phrase", "forms"),
    [
        ("开灯", ("开灯",)),
        ("[把]灯", ("把灯", "灯")),
        ("(a|b) [c]", ("a c", "a", "b c", "b")),
        ("set [the] [{zone}] fan", ("set the {zone} fan", "set the fan", "set {zone} fan", "set fan")),
        ("[a][a]b", ("aab", "ab", "b")),
        ("[a [b|c]]d", ("a bd", "a cd", "a d", "d")),
    ],
)
def test_a_phrase_expands_to_its_plain_forms(phrase: str, forms: tuple[str, ...]) -> None:
    assert parse(phrase).expand() == forms


def test_an_expansion_stops_at_its_limit() -> None:
    assert len(parse("[a|b|c]" * 20 + "d").expand(7)) <= 7


def test_slots_are_found_at_any_depth() -> None:
    assert parse("a[b({c}|d{e})]{f}").slots() == {"c", "e", "f"}


@pytest.mark.parametrize(
    ("phrase", "empty"), [("[a][b]", True), ("[a]b", False), ("([a]|b)", True), ("[{a}]", True), ("{a}", False)]
)
def test_a_phrase_that_matches_silence_is_told(phrase: str, empty: bool) -> None:
    assert parse(phrase).may_be_empty() is empty


@pytest.mark.parametrize(
    ("phrase", "position", "what"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("ab[c", 3, "never closed"),
        ("a)b", 2, "closes nothing"),
        ("[a)", 3, "closes nothing"),
        ("a|b", 2, "outside"),
        ("a{b", 2, "never closed"),
        ("{B}", 2, "not a parameter name"),
        ("{}", 2, "not a parameter name"),
        ("(a|)", 4, "option is empty"),
        ("[ ]", 2, "option is empty"),
    ],
)
def test_a_broken_phrase_names_the_place(phrase: str, position: int, what: str) -> None:
    with pytest.raises(ValueError, match=what) as caught:
        parse(phrase)
    assert str(caught.value).startswith(f"character {position} of ")


@given(st.text(alphabet="a[]()|{} 开", max_size=30))
def test_any_text_either_parses_or_is_refused(text: str) -> None:
    try:
        tree = parse(text)
    except ValueError:
        return
    forms = tree.expand(20)
    assert forms
    assert all(not set("[]()|") & set(form) for form in forms)
