"""`cockpitd models` as its user meets it; the fetching itself is tested beside its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpitd.cli.main import main


def told_by(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["models", *words])
    return code, capsys.readouterr().out


def test_the_list_tells_what_is_installed_and_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "vosk-model-small-cn-0.22" / "am").mkdir(parents=True)
    (tmp_path / "vosk-model-small-cn-0.22" / "am" / "final.mdl").touch()
    code, out = told_by(capsys, "--model-dir", str(tmp_path), "list")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert code == 0
    assert rows["vosk-model-small-cn-0.22"][7] == "yes"
    assert rows["gemma3-270m"][7] == "no"
    assert str(tmp_path) in out


def test_verify_fails_where_there_is_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out = told_by(capsys, "--model-dir", str(tmp_path), "verify")
    assert code == 1
    assert "cockpitd models fetch" in out


def test_verify_names_the_fault_and_the_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "gemma3-270m").mkdir()
    (tmp_path / "gemma3-270m" / "gemma3-270m-Q4_K_M.gguf").write_bytes(b"GGUF")
    code, out = told_by(capsys, "--model-dir", str(tmp_path), "verify")
    assert code == 1
    assert "4 bytes instead of 253113024" in out
    assert "cockpitd models fetch gemma3-270m" in out


def test_an_unknown_name_lists_the_known_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["models", "--model-dir", str(tmp_path), "fetch", "gpt"]) == 2
    assert "known are gemma3-270m" in capsys.readouterr().err
