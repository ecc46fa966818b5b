"""`cockpitd actions`: what a reader sees in the list, the full view, the check and the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd import catalogue
from cockpitd.catalogue import describe
from cockpitd.cli.main import main
from tests.catalogue.samples import FAN, fan, light, write_catalogue

EXTRA = """
action: TEST_MASSAGE
title: {zh: 座椅按摩, en: massage}
class: command
risk: reversible
ttl_ms: 4000
signals:
  Vehicle.Cabin.Test.IsMassageOn: {datatype: boolean, kind: actuator, hazard: comfort, safe: any, initial: false,
    overlay: true, title: {zh: 按摩, en: massage}}
writes: [{signal: Vehicle.Cabin.Test.IsMassageOn, value: true}]
phrases: {zh: [测试座椅按摩一下], en: [knead the test seat]}
replies:
  zh: {done: [好], noop: [已经开了], refused: [不行], failed: [失败]}
  en: {done: [ok], noop: [it is on], refused: ["no"], failed: [failed]}
examples: {zh: [{say: 测试背酸}], en: [{say: my test back hurts}]}
"""


def test_the_reference_has_every_action_once(tmp_path: Path) -> None:
    text = "\n".join(describe.markdown(catalogue.load(write_catalogue(tmp_path, fan(), light()))))
    assert text.count("| `FAN_SET` |") == 1
    assert "level: 0…100 percent<br>seat?: driver \\| all" in text
    assert "| `HEADLAMPS_ON` | 开大灯 / headlamps on | command | safe-direction | — |" in text
    assert "2 actions in 1 domains" in text


def test_every_row_of_the_reference_has_the_same_columns(tmp_path: Path) -> None:
    lines = list(describe.markdown(catalogue.load(write_catalogue(tmp_path, fan(), light()))))
    rows = [line.replace("\\|", "") for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {8}


def test_the_full_view_tells_hazard_and_expansion(tmp_path: Path) -> None:
    found = catalogue.load(write_catalogue(tmp_path, fan()))
    text = "\n".join(describe.show(found.actions["FAN_SET"], found.signals))
    assert f"{FAN} = {{level}}, when seat is not said | driver | all" in text
    assert "takes whole number 0 to 100 percent; hazard comfort; safe: any" in text
    assert "driver: 主驾, 驾驶位 / driver" in text
    assert "e.g. {seat}风量调到{level} · {seat}风量{level} · 风量调到{level}" in text
    assert "clarify: clarify zh" in text


def test_columns_line_up_although_mandarin_is_wide(tmp_path: Path) -> None:
    lines = list(describe.table(catalogue.load(write_catalogue(tmp_path, fan(), light()))))
    starts = {sum(2 if ord(char) > 0x2E80 else 1 for char in line[: line.rindex("  ")]) for line in lines[1:]}
    assert len(lines) == 3
    assert len(starts) == 1


@pytest.fixture
def extra(tmp_path: Path) -> Path:
    folder = tmp_path / "massage"
    folder.mkdir()
    (folder / "massage.yaml").write_text(EXTRA, encoding="utf-8")
    return folder


def test_lint_says_what_is_wrong_file_by_file_and_fails(extra: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (extra / "bad.yaml").write_text(EXTRA.replace("TEST_MASSAGE", "TEST").replace("ttl_ms: 4000", "ttl_ms: 4"))
    assert main(["actions", "lint", str(extra)]) == 1
    lines = capsys.readouterr().out.splitlines()
    start = next(index for index, line in enumerate(lines) if line.endswith("massage/bad.yaml"))
    assert lines[start + 1].startswith("  2: action: 'TEST' must be UPPER_SNAKE")
    assert lines[start + 2].endswith("[catalogue-ttl]")
    assert not any(line.endswith("massage/massage.yaml") for line in lines)


def test_show_finds_a_name_in_any_case(extra: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["actions", "show", "test_massage", str(extra)]) == 0
    assert "knead the test seat" in capsys.readouterr().out


def test_show_offers_the_nearest_names(extra: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["actions", "show", "TEST_MASAGE", str(extra)]) == 2
    assert "did you mean TEST_MASSAGE" in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["actions", "lint", str(tmp_path / "nowhere")]) == 2
    assert "no such directory" in capsys.readouterr().err
