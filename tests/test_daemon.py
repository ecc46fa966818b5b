"""The daemon as a process: start, answer, reload, drain, come back without doing anything twice, and stay offline."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpitd.cli.ctl import main as cockpitctl
from cockpitd.rpc.client import Client, ClientError

READY = "listening on"


def write_config(folder: Path, **sections: object) -> Path:
    """Write a configuration without models, as JSON, which is YAML."""
    config = {
        "state_dir": str(folder / "state"),
        "socket": {"path": str(folder / "cockpitd.sock")},
        "stt": {"engine": "none"},
        "llm": {"engine": "none"},
        "tts": {"engine": "pyttsx3", "player": "null"},
        **sections,
    }
    path = folder / "cockpitd.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


@contextmanager
def daemon(config: Path, *prefix: str) -> Iterator[subprocess.Popen[str]]:
    """Run the daemon until the block ends; it has said that it listens."""
    command = [*prefix, sys.executable, "-m", "cockpitd", "run", "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if READY in line:
                break
        else:
            pytest.fail("".join(said))
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def test_it_answers_and_stops_cleanly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path)
    with daemon(config) as process:
        assert cockpitctl(["--socket", str(tmp_path / "cockpitd.sock"), "say", "打开空调"]) == 0
        assert "CLIMATE_ON" in capsys.readouterr().out
    assert process.returncode == 0
    with pytest.raises(ClientError, match="No cockpitd is running"):
        Client(tmp_path / "cockpitd.sock")


def test_a_restart_remembers_but_repeats_nothing(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with daemon(config), Client(tmp_path / "cockpitd.sock") as client:
        turn = client.call("say", {"text": "打开天窗"})
        assert turn["actions"][0]["outcome"] == "done"
    with daemon(config), Client(tmp_path / "cockpitd.sock") as client:
        assert client.call("explain", {"turn": turn["turn"]})["transcript"] == "打开天窗"
        path = turn["actions"][0]["readback"].popitem()[0]
        assert client.call("state", {"paths": [path]})[path]["value"] == 0


def test_sighup_reads_new_action_files(tmp_path: Path) -> None:
    from tests.test_new_action import FRAGRANCE

    folder = tmp_path / "actions"
    folder.mkdir()
    config = write_config(tmp_path, actions=[str(folder)])
    with daemon(config) as process, Client(tmp_path / "cockpitd.sock") as client:
        before = len(client.call("actions")["actions"])
        (folder / "fragrance.yaml").write_text(FRAGRANCE, encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        assert any("actions" in line for line in iter(process.stderr.readline, ""))
        assert len(client.call("actions")["actions"]) == before + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("nonsense: 1\n", "cockpitd.yaml:1: nonsense: unknown key"), ("stt:\n  engine: telepathy\n", "no adapter")],
)
def test_a_bad_configuration_is_one_line_and_exit_code_2(tmp_path: Path, text: str, line: str) -> None:
    config = tmp_path / "cockpitd.yaml"
    config.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "cockpitd", "run", "--config", str(config)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert line in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.usefixtures("models")
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_process_of_the_daemon_reaches_for_the_network(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    config = write_config(
        tmp_path, stt={"engine": "whisper"}, llm={"engine": "llama"}, tts={"engine": "auto", "player": "null"}
    )
    watched = ("strace", "-f", "-qq", "-e", "trace=%network", "-o", str(trace))
    with daemon(config, *watched) as process, Client(tmp_path / "cockpitd.sock") as client:
        for text in ("打开空调", "give me some fresh air from above"):
            client.call("say", {"text": text})
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGTERM)  # strace itself would swallow it
    calls = [line for line in trace.read_text().splitlines() if re.search(r"\bAF_INET6?\b", line)]
    assert [line for line in calls if re.search(r"\b(connect|sendto|sendmsg|bind)\(", line)] == []
