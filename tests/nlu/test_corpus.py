"""Sentences of tests/corpus are understood exactly, those of tests/rejections move nothing; no single module."""

from __future__ import annotations

import time

import pytest

from cockpitd.domain.actions import Action, Catalogue
from cockpitd.nlu.phrasebook import Phrasebook
from cockpitd.nlu.reflex import Reflex
from tests.nlu.rows import Row, rows

CORPUS = rows("corpus")
REJECTIONS = rows("rejections")


def _before(row: Row) -> Action | None:
    """The action before: one of the same topic that went the same way, where the row is a follow-up."""
    return Action(row.actions[0][0], {}) if row.topic else None


def test_there_is_a_corpus_to_hold_the_tiers_to() -> None:
    assert len(CORPUS) > 400
    assert len(REJECTIONS) > 100


@pytest.mark.parametrize("row", CORPUS, ids=str)
def test_a_corpus_sentence_is_understood_exactly(row: Row, reflex: Reflex, phrasebook: Phrasebook) -> None:
    proposal = reflex.match(row.say, row.lang) or phrasebook.match(row.say, row.lang, _before(row))
    assert proposal is not None
    assert [(action.name, dict(action.parameters)) for action in proposal.actions] == list(row.actions)


@pytest.mark.parametrize("row", REJECTIONS, ids=str)
def test_a_rejected_sentence_actuates_nothing(
    row: Row, reflex: Reflex, phrasebook: Phrasebook, catalogue: Catalogue
) -> None:
    proposal = reflex.match(row.say, row.lang) or phrasebook.match(row.say, row.lang)
    writing = (
        [] if proposal is None else [each.name for each in proposal.actions if catalogue.actions[each.name].writes]
    )
    assert writing == []


def test_examples_are_never_read_the_wrong_way(reflex: Reflex, phrasebook: Phrasebook, catalogue: Catalogue) -> None:
    """The examples are worded unlike the phrases, for the model; a phrase that catches one must catch it right."""
    wrong = []
    for spec in catalogue.actions.values():
        for lang, examples in spec.examples.items():
            for example in examples:
                proposal = reflex.match(example.say, lang) or phrasebook.match(example.say, lang)
                names = [] if proposal is None else [each.name for each in proposal.actions]
                if names and spec.name not in names and any(catalogue.actions[name].writes for name in names):
                    wrong.append((example.say, spec.name, names))
    assert wrong == []


def test_no_sentence_takes_long(phrasebook: Phrasebook) -> None:
    """Median well below the budget of 10 ms: matching happens on every partial transcript."""
    took = []
    for row in CORPUS[::5]:
        start = time.process_time()
        phrasebook.match(row.say, row.lang, _before(row))
        took.append(time.process_time() - start)
    assert sorted(took)[len(took) // 2] < 0.01
