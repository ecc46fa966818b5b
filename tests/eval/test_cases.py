"""Case files: both forms of expectation, and one sentence for each fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpitd.errors import ConfigError
from cockpitd.eval.cases import Expected, ExpectedAction, read_cases


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_seeds_own_form(tmp_path: Path) -> None:
    line = (
        '{"category": "music_control", "input": "播放周杰伦的夜曲", "expected": {"action": "MUSIC_PLAY", '
        '"parameters": {"artist": "周杰伦", "song": "夜曲"}, "confidence": 0.9}, "priority": "medium"}'
    )
    (case,) = read_cases(written(tmp_path, line))
    assert case.text == "播放周杰伦的夜曲"
    assert case.expected == Expected((ExpectedAction("MUSIC_PLAY", {"artist": "周杰伦", "song": "夜曲"}),))
    assert case.ident == "1"


def test_the_long_form(tmp_path: Path) -> None:
    line = json.dumps(
        {
            "id": "a", "lang": "zh-CN", "audio": "a.wav", "text": "开灯", "session": "s",
            "state": {"Vehicle.Speed": 50},
            "expected": {"actions": [], "verdict": "refuse"}, "max_latency_ms": 900, "rate": 1.0,
        }
    )  # fmt: skip
    (case,) = read_cases(written(tmp_path, line), "rate=1.0")
    assert case.audio == tmp_path / "a.wav"
    assert (case.lang, case.session, case.reference, case.max_latency_ms) == ("zh", "s", "开灯", 900)
    assert case.expected == Expected((), "refuse")
    assert read_cases(written(tmp_path, line), "rate=1.2") == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "replay-syntax"),
        ("[]", "replay-syntax"),
        ("{}", "replay-case"),
        ('{"input": "x", "audio": "y.wav"}', "replay-case"),
        ('{"input": "x", "lang": "fr"}', "replay-case"),
        ('{"input": "x", "expected": {}}', "replay-case"),
        ('{"input": "x", "expected": {"actions": [{}]}}', "replay-case"),
        ('{"input": "x", "state": []}', "replay-case"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, code: str) -> None:
    with pytest.raises(ConfigError, match=r"cases\.jsonl:2: ") as caught:
        read_cases(written(tmp_path, '{"input": "fine"}', line))
    assert caught.value.code == code


def test_ids_are_unique(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="used twice"):
        read_cases(written(tmp_path, '{"id": 1, "input": "a"}', '{"id": 1, "input": "b"}'))
