"""What a conversation remembers and for how long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cockpitd.domain.actions import Action
from cockpitd.domain.dialogue import CONTEXT_MS, RECOVERY_MS, UNDO_MS, AwaitingYes, Dialogue, Undoable
from cockpitd.domain.vehicle import Actuation

LIGHT = Action("HEADLIGHTS_OFF", {})
UNDO = Undoable(LIGHT, (Actuation("Vehicle.Body.Lights.Beam.Low.IsOn", True),), 1_000, exterior_light=True)


@given(st.integers(0, 10**7))
def test_nothing_outlives_its_time(now_ms: int) -> None:
    dialogue = Dialogue().did(LIGHT, UNDO, 1_000, "t").asked(AwaitingYes(LIGHT, 1.0, 5_000)).expire(now_ms)
    assert bool(dialogue.pending) == (now_ms < 5_000)
    assert bool(dialogue.undo) == (now_ms - 1_000 <= UNDO_MS)
    assert bool(dialogue.last) == (now_ms - 1_000 <= CONTEXT_MS)
    assert dialogue.recovering(now_ms) == (dialogue.undo is not None and now_ms - 1_000 <= RECOVERY_MS)


def test_an_action_without_undo_keeps_the_older_one() -> None:
    dialogue = Dialogue().did(LIGHT, UNDO, 1_000, "t").did(Action("TIME_NOW", {}), None, 2_000, "t")
    assert dialogue.undo == UNDO
    assert dialogue.last == Action("TIME_NOW", {})


def test_settling_and_undoing_forget() -> None:
    dialogue = Dialogue().did(LIGHT, UNDO, 1_000, "t").asked(AwaitingYes(LIGHT, 1.0, 5_000))
    assert dialogue.settled().pending == ()
    assert dialogue.undone().undo is None


def test_the_same_words_count_as_a_repeat_only_for_a_moment() -> None:
    dialogue = Dialogue().heard("再高一点", "t", 1_000)
    assert dialogue.repeats("再高一点", 2_000)
    assert not dialogue.repeats("再高一点", 10_000)
    assert not dialogue.repeats("再低一点", 2_000)


def test_silence_does_not_replace_the_last_reply() -> None:
    assert Dialogue().replied("好").replied("").reply == "好"
