"""The actions that are understood from their files alone: new to the catalogue, sound, and counted apart."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cockpitd.catalogue import examine
from cockpitd.catalogue.values import parameter_validator
from cockpitd.cli.main import main
from cockpitd.domain.actions import Catalogue
from cockpitd.eval.cases import Case, read_cases
from cockpitd.eval.scored import UNTAUGHT

ADDED = Path(__file__).parent / "added"
ACTIONS = ADDED / "actions"
SILENT = {"stt": {"engine": "none"}, "llm": {"engine": "none"}, "tts": {"engine": "none", "player": "null"}}


@pytest.fixture(scope="module")
def enlarged() -> Catalogue:
    examined = examine(extra=(ACTIONS,), phrases=True)
    assert examined.problems == ()
    return examined.catalogue


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for path in sorted(ADDED.glob("*.jsonl")) for case in read_cases(path)]


def test_eight_actions_that_the_catalogue_lacks(catalogue: Catalogue, enlarged: Catalogue) -> None:
    added = enlarged.actions.keys() - catalogue.actions.keys()
    assert len(added) == len(list(ACTIONS.glob("*.yaml"))) == 8


def test_ten_sentences_for_each_in_each_language(catalogue: Catalogue, enlarged: Catalogue, cases: list[Case]) -> None:
    added = enlarged.actions.keys() - catalogue.actions.keys()
    counted: Counter[tuple[str, str | None]] = Counter()
    for case in cases:
        assert case.category == UNTAUGHT, case.ident
        assert case.expected is not None, case.ident
        (action,) = case.expected.actions
        assert parameter_validator(enlarged.actions[action.name].parameters).is_valid(action.parameters), case.ident
        counted[action.name, case.lang] += 1
    assert counted == {(name, lang): 10 for name in added for lang in ("en", "zh")}


def test_no_sentence_is_an_example_of_its_file(enlarged: Catalogue, cases: list[Case]) -> None:
    shown = {example.say.casefold() for spec in enlarged.actions.values() for example in _examples(spec)}
    assert shown
    assert [case.ident for case in cases if case.text.casefold() in shown] == []


def _examples(spec: Any) -> list[Any]:
    return [example for of_lang in spec.examples.values() for example in of_lang]


def written(tmp_path: Path) -> list[str]:
    (tmp_path / "c.yaml").write_text(json.dumps(SILENT | {"state_dir": str(tmp_path)}), encoding="utf-8")
    said = (("zh", "开启车库门"), ("en", "good day"))
    expected = {"action": "GARAGE_DOOR_OPEN"}
    rows = [{"lang": lang, "category": UNTAUGHT, "input": text, "expected": expected} for lang, text in said]
    text = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "cases.jsonl").write_text(text, encoding="utf-8")
    return ["eval", str(tmp_path / "cases.jsonl"), "--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "out")]


def told(tmp_path: Path) -> dict[str, Any]:
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    metrics: dict[str, Any] = report["figures"]["metrics"]
    return metrics


def test_added_for_one_run_and_held_against_its_own_target(tmp_path: Path) -> None:
    command = written(tmp_path)
    assert main([*command, "--actions", str(ACTIONS)]) == 1
    found = told(tmp_path)
    assert (found["untaught"]["right"], found["untaught"]["total"]) == (1, 2)
    assert {found[name]["total"] for name in ("intent", "execution", "exact", "parameters")} == {0}
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "| Untaught actions, exact from their files alone | 50.0 % |  | ✗ ≥ 80 % |" in text
    assert "Languages apart" not in text

    assert main(command) == 1
    assert told(tmp_path)["untaught"]["right"] == 0  # the shipped catalogue does not know it


def test_no_directory_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*written(tmp_path), "--actions", str(tmp_path / "none")]) == 2
    assert "[catalogue-directory]" in capsys.readouterr().err
