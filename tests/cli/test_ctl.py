"""`cockpitctl` against a real server: what it prints and what it exits with."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import subprocess
import sys
import threading
import wave
from pathlib import Path

import pytest

from cockpitd.cli.ctl import main
from cockpitd.config import SocketConfig
from cockpitd.rpc.client import Client, ClientError, find_socket, usual_places
from tests.rpc.served import Served, serving

Captured = pytest.CaptureFixture[str]


def ctl(path: Path, *arguments: str) -> tuple[int, FakeState]:
    """Run one command against a fresh daemon."""
    kept = FakeState()

    async def run() -> int:
        async with serving(path) as served:
            kept.served = served
            return await asyncio.to_thread(main, ["--socket", str(path), *arguments])

    return asyncio.run(run()), kept


class FakeState:
    served: Served


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def test_say_prints_a_readable_block(path: Path, capsys: Captured) -> None:
    code, kept = ctl(path, "say", "打开", "阅读灯", "--lang", "zh", "--session", "a", "--dry-run", "--tier", "reflex")
    out = capsys.readouterr().out
    assert code == 0
    for part in ("打开 阅读灯", "LIGHTS_SET", "✓ allow → done", "好的", "total 2 ms", "turn t1"):
        assert part in out
    request = kept.served.cockpit.requests[0]
    assert (request.lang, request.session, request.dry_run, request.tiers) == ("zh", "a", True, ("reflex",))
    assert request.speak


def test_what_was_not_done_exits_with_one(path: Path, capsys: Captured) -> None:
    code, _ = ctl(path, "say", "refuse")
    assert code == 1
    assert "✗ refuse (moving)" in capsys.readouterr().out


def test_an_error_is_one_line_and_exits_with_two(path: Path, capsys: Captured) -> None:
    code, _ = ctl(path, "say", "crash")
    found = capsys.readouterr()
    assert code == 2
    assert found.out == ""
    assert found.err == "cockpitctl: The daemon failed on this call; its log says why [rpc-internal]\n"


def test_json_may_stand_anywhere(path: Path, capsys: Captured) -> None:
    ctl(path, "say", "x", "--json")
    ctl(path, "--json", "say", "x")
    first, second = capsys.readouterr().out.split("\n}\n")[:2]
    assert json.loads(first + "}")["transcript"] == json.loads(second + "}")["transcript"] == "x"


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["state"], 0, ["Vehicle.Speed", "0.0", "5 ms"]),
        (["state", "Vehicle.Speed"], 0, ["Vehicle.Speed"]),
        (["state", "--set", "Vehicle.Speed=80", "--set", "A.B=on"], 0, ["Vehicle.Speed", "80", "A.B", "on"]),
        (["health"], 0, ["cockpitd well", "stt:fake", "ready"]),
        (["metrics"], 0, ["turns", "misses"]),
        (["actions"], 0, ["MUSIC_PLAY", "播放音乐 / Play music"]),
        (["reload"], 0, ["reloaded 1 actions"]),
        (["stop"], 0, ["stopped"]),
        (["confirm", "yes"], 0, ["heard    yes"]),
        (["confirm", "no", "--session", "b"], 0, ["heard    no"]),
        (["explain", "t9"], 2, []),
        (["state", "--set", "nothing"], 2, []),
    ],
)
def test_commands(path: Path, capsys: Captured, arguments: list[str], code: int, parts: list[str]) -> None:
    found, _ = ctl(path, *arguments)
    out = capsys.readouterr().out
    assert found == code
    for part in parts:
        assert part in out


def write_wav(path: Path, rate_hz: int, channels: int) -> Path:
    """Half a second of a triangle wave."""
    frames = b"".join(((i % 100 - 50) * 200).to_bytes(2, "little", signed=True) * channels for i in range(rate_hz // 2))
    with wave.open(str(path), "wb") as out:
        out.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        out.writeframes(frames)
    return path


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2)])
def test_listen_sends_any_wav_as_16_khz_mono(path: Path, capsys: Captured, rate_hz: int, channels: int) -> None:
    code, kept = ctl(path, "listen", str(write_wav(path.with_name("a.wav"), rate_hz, channels)), "--lang", "zh")
    assert code == 0
    heard = int(capsys.readouterr().out.split()[1])
    assert abs(heard - 16_000) <= 64
    assert kept.served.cockpit.requests[0].profile == "push-to-talk"


def test_listen_names_a_bad_file(path: Path, capsys: Captured) -> None:
    code, _ = ctl(path, "listen", str(path.with_name("none.wav")))
    assert code == 2
    assert "audio-missing" in capsys.readouterr().err


def recorder(folder: Path, script: str) -> str:
    """Put a `parec` before all others on the path."""
    program = folder / "bin" / "parec"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


def test_the_microphone_is_heard_until_the_end_of_speech(
    path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake ear takes 0xff 0xff for the end of speech; the recorder itself would go on for ever."""
    monkeypatch.setenv("PATH", recorder(path.parent, r"head -c 1280 /dev/zero; exec tr '\000' '\377' </dev/zero"))
    code, kept = ctl(path, "listen", "--mic")
    assert code == 0
    assert capsys.readouterr().out.startswith("heard    2560 bytes")
    assert kept.served.cockpit.requests[0].profile == "command"


def test_a_machine_without_a_microphone_says_so(path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", recorder(path.parent, "exit 1"))
    assert ctl(path, "listen", "--mic")[0] == 2
    assert "audio-no-microphone" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "/nowhere")
    assert ctl(path, "listen", "--mic")[0] == 2
    assert "audio-no-recorder" in capsys.readouterr().err


@pytest.mark.parametrize(("sent", "code", "said"), [(b"", 2, "audio-empty"), (b"ab" * 50 + b"c", 0, "100 bytes")])
def test_standard_input_may_be_raw(
    path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, sent: bytes, code: int, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent)))
    assert ctl(path, "listen", "-")[0] == code
    found = capsys.readouterr()
    assert said in found.out + found.err


def test_explain_shows_the_events(path: Path, capsys: Captured) -> None:
    async def run() -> None:
        async with serving(path):
            for arguments in (["say", "x"], ["explain"]):
                assert await asyncio.to_thread(main, ["--socket", str(path), *arguments]) == 0

    asyncio.run(run())
    assert "turn-started" in capsys.readouterr().out


def test_watch_prints_events_until_the_daemon_ends(path: Path, capsys: Captured) -> None:
    async def run() -> int:
        async with serving(path) as served:
            watching = asyncio.create_task(
                asyncio.to_thread(main, ["--socket", str(path), "watch", "--event", "heard"])
            )
            async with served.client() as client:
                while not served.cockpit.subscriptions:
                    await client.call("health")
                    served.clock.at_ms += 1_000
                await client.call("say", text="开灯")
            served.stop.set()
            return await watching

    assert asyncio.run(run()) == 2
    found = capsys.readouterr()
    assert "heard" in found.out
    assert "开灯" in found.out
    assert "turn-ended" not in found.out
    assert "ctl-connection-lost" in found.err


def test_no_daemon_is_said_in_one_sentence(path: Path, capsys: Captured) -> None:
    assert main(["--socket", str(path), "health"]) == 2
    assert "No cockpitd is running" in capsys.readouterr().err


def test_the_usual_places_are_where_the_configuration_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "COCKPITD_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    assert SocketConfig().path in usual_places()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert SocketConfig().path == usual_places()[0]
    SocketConfig().path.touch()
    assert find_socket(None) == tmp_path / "cockpitd.sock"
    monkeypatch.setenv("COCKPITD_SOCKET", "/elsewhere")
    assert find_socket(None) == Path("/elsewhere")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n", b"[]\n", b"\xff\xff\n"])
def test_a_stranger_on_the_socket_is_named(path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))
        stranger.listen()

        def speak() -> None:
            connection, _ = stranger.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        with Client(path) as client, pytest.raises(ClientError) as found:
            client.hello()
        thread.join()
    assert found.value.code == "ctl-bad-answer"


def test_a_daemon_that_does_not_answer_is_not_waited_for(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with Client(path, answer_s=0.01) as client, pytest.raises(ClientError) as found:
            client.hello()
    assert found.value.code == "ctl-no-answer"


def test_the_program_loads_nothing_heavy() -> None:
    script = "import cockpitd.cli.ctl, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "yaml", "numpy", "asyncio"} & set(loaded)
