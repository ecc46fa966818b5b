"""What the doctor finds on this machine, what it says of a bad one, and the README's table of configuration keys."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cockpitd.cli import checks, config_keys
from cockpitd.cli.main import main
from cockpitd.config import Config, LlmConfig, SocketConfig, SttConfig, TtsConfig

ROOT = Path(__file__).resolve().parents[2]


def found(check: checks.Check, config: Config) -> dict[str, str]:
    return {finding.part: finding.state for finding in check(config)}


def test_the_libraries_of_the_run_lock_are_here() -> None:
    assert set(found(checks.libraries, Config()).values()) == {"ok"}


def test_an_engine_switched_off_needs_nothing() -> None:
    off = Config(llm=LlmConfig(engine="none"), stt=SttConfig(engine="none"), tts=TtsConfig(engine="none"))
    assert set(found(checks.libraries, off).values()) == {"note"}
    assert found(checks.models, off) == {}


def test_a_missing_model_comes_with_the_command_that_gets_it(tmp_path: Path) -> None:
    finding, *_ = checks.models(Config(model_dir=tmp_path))
    assert (finding.part, finding.state) == ("llm model", "missing")
    assert "cockpitd models build cockpit-n" in finding.remedy


def test_the_socket_can_be_made_or_is_served_or_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "cockpitd.sock"
    free, served = Config(socket=SocketConfig(path=path)), Config(socket=SocketConfig(path=path))
    assert "can be made" in next(checks.socket_place(free)).text
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert "a daemon is listening" in next(checks.socket_place(served)).text
    nowhere = Config(socket=SocketConfig(path=Path("/proc/cockpitd.sock")))
    assert next(checks.socket_place(nowhere)).state == "missing"


def test_a_microphone_that_is_not_there_is_missing_and_a_speaker_is_only_noted() -> None:
    state = found(checks.sound, Config())["sound"]
    assert state in ("ok", "note")
    wanted = found(checks.sound, Config.model_validate({"audio": {"source": "microphone"}}))["sound"]
    assert wanted == ("ok" if state == "ok" else "missing")


def test_broken_action_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("action: NOPE\n", encoding="utf-8")
    finding = next(checks.actions(Config(actions=(tmp_path,))))
    assert finding.state == "missing"
    assert finding.remedy == "cockpitd actions lint"


def test_every_check_ends_on_this_machine() -> None:
    assert all(finding.text for check in checks.CHECKS for finding in check(Config()))


def test_the_report_ends_with_a_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings = tmp_path / "cockpitd.yaml"
    settings.write_text(f"model_dir: {tmp_path}\n", encoding="utf-8")
    assert main(["doctor", "--config", str(settings)]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "llm model" in last
    assert "missing" in last


def test_the_table_of_keys_in_the_readme_is_the_one_in_the_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert config_keys.with_table(readme) == readme, "run `make docs`"


def test_every_key_says_what_it_means() -> None:
    assert [line for line in config_keys.table().splitlines()[2:] if line.endswith("|  |")] == []
