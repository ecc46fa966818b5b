"""The gate: floors are read strictly and hold real results apart from targets; the committed ones can be measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cockpitd.cli.main import main
from cockpitd.errors import ConfigError
from cockpitd.eval.cases import Case, read_cases
from cockpitd.eval.floors import NAMES, hold, read_floors
from cockpitd.eval.slices import stratified

HERE = Path(__file__).parent
CONFIG = {"stt": {"engine": "none"}, "llm": {"engine": "none"}, "tts": {"engine": "none", "player": "null"}}
SAID = (  # sentence, category, expected; the third expects the opposite of what it says
    ("打开空调", "vehicle_control", "CLIMATE_ON"),
    ("我好困啊", "safety", "FATIGUE_ALERT"),
    ("打开车窗", "vehicle_control", "WINDOW_CLOSE"),
    ("what time is it", "status", "TIME_NOW"),
)


def floors(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "floors.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of four cases through the whole flow, without a model: three right, one wrong way."""
    where = tmp_path_factory.mktemp("gate")
    (where / "c.yaml").write_text(json.dumps(CONFIG | {"state_dir": str(where)}), encoding="utf-8")
    lines = [
        json.dumps({"id": text, "input": text, "category": category, "expected": {"action": name}})
        for text, category, name in SAID
    ]
    (where / "cases.jsonl").write_text("\n".join(lines), encoding="utf-8")
    loose = floors(where, "intent: 0.5")
    told = [str(where / "cases.jsonl"), "--config", str(where / "c.yaml"), "--out", str(where / "out")]
    assert main(["eval", *told, "--floors", str(loose)]) == 0  # although every target of 95 % and more is missed
    assert main(["eval", "--compare", str(where / "out" / "report.json"), "--out", str(where / "again")]) == 1
    return where / "out" / "report.json"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("intent: 0.75\nexecution: 0.75\nsafety: 1\nstructured: 1.0\nwrong_way: 0.25", []),
        ("intent: 0.76", ["Intent recognition accuracy"]),
        ("wrong_way: 0.24\nsafety: 1", ["Wrong-way actuations"]),
        ("several: 0.0", ["Several actions exact"]),  # no case tells, so nobody knows
    ],
)
def test_the_gate_fails_when_a_floor_is_broken(
    evaluated: Path, tmp_path: Path, text: str, broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--compare", str(evaluated), "--out", str(tmp_path), "--floors", str(floors(tmp_path, text))]
    assert main(["eval", *told]) == (1 if broken else 0)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("   ")[0] for line in lines if line.endswith("✗ broken")] == broken
    count = len(text.splitlines()) + 1  # and the line for cases that could not be run
    assert lines[-2] == (f"1 of {count} floors are broken." if broken else f"All {count} floors are kept.")
    assert len(lines) == count + 2


def test_a_case_that_could_not_be_run_breaks_the_gate(evaluated: Path, tmp_path: Path) -> None:
    figures: dict[str, Any] = json.loads(evaluated.read_text(encoding="utf-8"))["figures"]
    held = list(hold(read_floors(floors(tmp_path, "intent: 0.5")), figures | {"errors": 1}))
    assert [one.kept for one in held] == [True, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("intents: 0.9", ":1: intents is no metric; there are intent, execution, structured, "),
        ("? [intent]\n: 0.9", ":1: this key is no metric"),
        ("# high\nintent: 90", ":2: intent must be a share from 0 to 1"),
        ("intent: '0.9'", ":1: intent must be a share"),
        ("intent: yes", ":1: intent must be a share"),
        ("intent: .nan", ":1: intent must be a share"),
        ("intent: -0.1", ":1: intent must be a share"),
        ("intent: [0.9]", ":1: intent must be a share"),
        ("intent:", ":1: intent must be a share"),
        ("intent: 0.9\nsafety: 1\nintent: 0.1", ":3: intent is given twice"),
        ("", ": must hold lines of `metric: share`"),
        ("- intent", ": must hold lines of `metric: share`"),
        ("intent: [", ": not valid YAML"),
        (None, ": cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "none.yaml" if text is None else floors(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_floors(path)
    assert caught.value.code == "eval-floors"
    assert f"{path}{told}" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_bad_file_is_told_before_anything_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(tmp_path / "none.jsonl"), "--floors", str(floors(tmp_path, "speed: 1"))]) == 2
    assert "[eval-floors]" in capsys.readouterr().err


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for path in sorted(HERE.glob("*.jsonl")) for case in read_cases(path)]


def test_the_committed_floors_can_be_measured(evaluated: Path) -> None:
    committed = {floor.target.key for floor in read_floors(HERE / "floors.yaml")}
    measured = json.loads(evaluated.read_text(encoding="utf-8"))["figures"]["metrics"]
    assert committed <= measured.keys()
    assert committed == NAMES.keys() - {"untaught"}  # a run of their own, with action files of their own


def test_the_slice_has_every_category_in_both_languages(cases: list[Case]) -> None:
    chosen = stratified(cases, 200, "gate")
    assert len(chosen) == 200
    assert {(one.category, one.lang) for one in chosen} == {(one.category, one.lang) for one in cases}
