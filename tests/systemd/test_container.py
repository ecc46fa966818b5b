"""The shipped units under a real systemd: activation, READY, sandbox, watchdog, restart and a clean stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cockpitd.rpc.client import Client
from tests.systemd.container import Container, booted, installation, until, why_not

pytestmark = [pytest.mark.root, pytest.mark.skipif(bool(why_not()), reason=why_not())]

SERVICE, SOCKET = "cockpitd.service", "cockpitd.socket"
FASTER = "[Service]\nWatchdogSec=2\nRestartSec=100ms\n"
CONFIG = """\
lang: zh
llm: {engine: none}
stt: {engine: none}
tts: {engine: pyttsx3, player: "null"}
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("machine")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "faster.conf").write_text(FASTER, encoding="utf-8")
    files = installation(folder) | {
        "/etc/cockpitd/config.yaml": folder / "config.yaml",
        f"/etc/systemd/system/{SERVICE}.d/faster.conf": folder / "faster.conf",
    }
    with booted(folder, files) as container:
        container.run("systemd-sysusers", "/usr/lib/sysusers.d/cockpitd.conf")
        container.run("systemctl", "start", SOCKET)
        yield container


@pytest.fixture(autouse=True)
def told(machine: Container) -> Iterator[None]:
    """Show the daemon's log beside a failure."""
    yield
    print(machine.journal("--lines=40"))  # noqa: T201 (pytest shows it only when the test fails)


def say(machine: Container, text: str) -> Mapping[str, Any]:
    with Client(machine.outside("/run/cockpitd/cockpitd.sock")) as client:
        assert client.hello()["role"] == "admin"
        return client.call("say", {"text": text, "lang": "zh"})


def running(machine: Container) -> bool:
    return machine.show(SERVICE, "SubState") == "running"


def test_the_socket_starts_the_daemon_and_a_sentence_is_carried_out(machine: Container) -> None:
    assert machine.show(SERVICE, "ActiveState") == "inactive"
    assert machine.run("stat", "-c", "%a %U %G", "/run/cockpitd/cockpitd.sock") == "660 root cockpit"
    record = say(machine, "打开阅读灯")
    assert [act["outcome"] for act in record["actions"]] == ["done"]
    assert machine.show(SERVICE, "ActiveState") == "active"
    assert machine.show(SERVICE, "StatusText") == "listening on /run/cockpitd/cockpitd.sock"


def test_the_sandbox_holds(machine: Container) -> None:
    say(machine, "打开阅读灯")
    pid = machine.show(SERVICE, "MainPID")
    status = dict(line.split(":", 1) for line in machine.run("cat", f"/proc/{pid}/status").splitlines())
    found = {name: status[name].strip() for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd")}
    assert found == {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16}
    assert int(status["Uid"].split()[0]) >= 61_184, "a dynamic user"
    devices = machine.run("nsenter", "-t", pid, "-n", "cat", "/proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_an_engine_process_lives_in_the_sandbox(machine: Container) -> None:
    with Client(machine.outside("/run/cockpitd/cockpitd.sock")) as client:
        until(lambda: bool(client.call("health")["ok"]), "the voice")
        (voice,) = client.call("health")["engines"]
    assert (voice["state"], voice["restarts"]) == ("ready", 0)
    status = machine.run("cat", f"/proc/{voice['pid']}/status")
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert SERVICE in machine.run("cat", f"/proc/{voice['pid']}/cgroup")


def test_the_watchdog_is_fed(machine: Container) -> None:
    say(machine, "打开阅读灯")
    pid, seen = machine.show(SERVICE, "MainPID"), set[str]()

    def fed() -> bool:
        seen.add(machine.show(SERVICE, "WatchdogTimestampMonotonic"))
        return len(seen) > 4

    until(fed, "the watchdog to be fed")
    assert machine.show(SERVICE, "MainPID") == pid


def test_it_stops_cleanly_and_the_socket_stays_systemd_s(machine: Container) -> None:
    say(machine, "打开阅读灯")
    machine.run("systemctl", "stop", SERVICE)
    assert machine.show(SERVICE, "Result") == "success"
    assert machine.show(SERVICE, "ExecMainStatus") == "0"
    assert machine.show(SERVICE, "NRestarts") == "0"
    assert machine.journal("--priority=warning") == ""
    assert not [word for word in ("Traceback", "ERROR", "CRITICAL") if word in machine.journal()]
    assert machine.show(SOCKET, "ActiveState") == "active"
    assert say(machine, "打开阅读灯")["status"] == "answered"


def test_it_comes_back_after_kill_9(machine: Container) -> None:
    say(machine, "打开阅读灯")
    before, restarts = machine.show(SERVICE, "MainPID"), int(machine.show(SERVICE, "NRestarts"))
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", SERVICE)
    assert say(machine, "打开阅读灯")["status"] == "answered"
    until(lambda: running(machine), "the daemon to be back")
    assert machine.show(SERVICE, "MainPID") != before
    assert int(machine.show(SERVICE, "NRestarts")) == restarts + 1


def test_a_hung_daemon_is_killed_by_the_watchdog_and_comes_back(machine: Container) -> None:
    say(machine, "打开阅读灯")
    restarts = int(machine.show(SERVICE, "NRestarts"))
    machine.run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", SERVICE)
    until(lambda: int(machine.show(SERVICE, "NRestarts")) == restarts + 1, "the watchdog")
    assert "Failed with result 'watchdog'" in machine.journal()
    assert say(machine, "打开阅读灯")["status"] == "answered"


def test_a_wrong_configuration_is_told_and_not_tried_again(machine: Container) -> None:
    folder = f"/run/systemd/system/{SERVICE}.d"
    drop_in = "[Service]\\nExecStart=\\nExecStart=/opt/cockpitd/bin/cockpitd run --config /run/wrong.yaml\\n"
    machine.run("systemctl", "stop", SERVICE)
    machine.run(
        "sh", "-c", f"echo 'colour: red' >/run/wrong.yaml; mkdir {folder}; printf '{drop_in}' >{folder}/wrong.conf"
    )
    machine.run("systemctl", "daemon-reload")
    try:
        machine.run("systemctl", "start", SERVICE, check=False)
        assert machine.show(SERVICE, "ActiveState") == "failed"
        assert machine.show(SERVICE, "ExecMainStatus") == "2"
        assert "/run/wrong.yaml:1: colour: unknown key" in machine.journal()
    finally:
        machine.run("rm", "-r", folder)
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "reset-failed", SERVICE)
