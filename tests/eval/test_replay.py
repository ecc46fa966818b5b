"""Replay against a simulated car: cases apart from each other, conversations together, results with every key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cockpitd.cli.main import main

CONFIG = {"stt": {"engine": "none"}, "llm": {"engine": "none"}, "tts": {"engine": "none", "player": "null"}}
DRIVING = {"Vehicle.Speed": 80, "Vehicle.Powertrain.Transmission.SelectedGear": 127}


def replayed(tmp_path: Path, *cases: dict[str, Any], options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
    config, path, out = tmp_path / "c.yaml", tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    path.write_text("\n".join(json.dumps(case) for case in cases), encoding="utf-8")
    code = main(["replay", str(path), "--config", str(config), "--out", str(out), *options])
    return code, [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def expect(name: str, **parameters: object) -> dict[str, Any]:
    return {"actions": [{"action": name, "parameters": parameters}]}


def test_results_have_the_promised_form(tmp_path: Path) -> None:
    case = {"id": "x", "input": "空调调到25度", "expected": expect("CLIMATE_SET_TEMPERATURE", temperature=25)}
    code, (result,) = replayed(tmp_path, case)
    assert code == 0
    assert result["ok"] is True
    assert {"id", "transcript", "tier", "actions", "spoken", "timings_ms", "ok"} <= result.keys()
    assert set(result["timings_ms"]) == {"stt", "repair", "understand", "judge", "execute", "first_sound", "total"}
    assert set(result["actions"][0]) == {
        "action", "parameters", "confidence", "requires_confirmation", "verdict", "reason", "outcome", "response",
    }  # fmt: skip


def test_cases_do_not_touch_each_other_but_conversations_go_on(tmp_path: Path) -> None:
    cases = [
        {"id": 1, "input": "打开空调"},
        {"id": 2, "input": "打开空调"},
        {"id": 3, "input": "空调调到二十度", "session": "s"},
        {"id": 4, "input": "再高一点", "session": "s"},
        {"id": 5, "input": "再高一点"},
        {"id": 6, "input": "打开后备箱", "state": DRIVING},
        {"id": 7, "input": "打开后备箱"},
    ]
    _, results = replayed(tmp_path, *cases)
    told = [[act["outcome"] or act["verdict"] for act in result["actions"]] for result in results]
    assert told == [["done"], ["done"], ["done"], ["done"], [], ["refuse"], ["done"]]


def test_a_miss_is_exit_code_1_and_a_late_one_is_a_miss(tmp_path: Path) -> None:
    code, results = replayed(tmp_path, {"id": 1, "input": "打开空调", "expected": expect("CLIMATE_OFF")})
    assert code == 1
    assert results[0]["ok"] is False
    late = {"id": 1, "input": "打开空调", "expected": expect("CLIMATE_ON"), "max_latency_ms": -1}
    code, results = replayed(tmp_path, late)
    assert (code, results[0]["ok"]) == (1, False)
    assert "late_ms" in results[0]


def test_tiers_and_dry_run(tmp_path: Path) -> None:
    _, results = replayed(tmp_path, {"id": 1, "input": "打开空调"}, options=("--dry-run",))
    assert results[0]["actions"][0]["verdict"] == "allow"
    assert results[0]["actions"][0]["outcome"] == ""
    _, results = replayed(tmp_path, {"id": 1, "input": "打开空调"}, options=("--tier", "reflex"))
    assert results[0]["actions"] == []


def test_bad_audio_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not a wave file")
    code, results = replayed(tmp_path, {"id": 1, "audio": "bad.wav"}, {"id": 2, "input": "打开空调"})
    assert code == 1
    assert results[0]["error"]["code"] == "audio-not-wav"
    assert results[1]["actions"][0]["outcome"] == "done"


@pytest.mark.parametrize("name", ["missing.jsonl", "cases.jsonl"])
def test_a_bad_case_file_is_one_sentence(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.jsonl").write_text("{", encoding="utf-8")
    assert main(["replay", str(tmp_path / name)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
