"""sd_notify and socket activation over plain sockets, as systemd speaks them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cockpitd.adapters.systemd_notify import SystemdNotifier, listen_sockets
from cockpitd.errors import ConfigError


@pytest.fixture
def manager(tmp_path: Path) -> socket.socket:
    """The service manager's end."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(5)
    return listening


def test_messages_reach_the_manager(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "HOME": "/"}
    notifier = SystemdNotifier(environment)
    notifier.ready("listening on\n/run/x")
    notifier.watchdog()
    notifier.status("well")
    notifier.stopping()
    found = [manager.recv(1_000).decode() for _ in range(4)]
    assert found == [
        "READY=1\nSTATUS=listening on /run/x",
        "WATCHDOG=1",
        "STATUS=well",
        "STOPPING=1\nSTATUS=finishing what is in progress",
    ]
    assert environment == {"HOME": "/"}, "engine processes must not speak in the daemon's name"
    manager.close()


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"cockpitd-test-{os.getpid()}"
        manager.bind("\0" + name)
        manager.settimeout(5)
        notifier = SystemdNotifier({"NOTIFY_SOCKET": "@" + name})
        notifier.ready()
        assert manager.recv(100) == b"READY=1"


def test_without_a_manager_nothing_happens_and_a_lost_one_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    SystemdNotifier({}).ready("x")
    assert not caplog.records
    notifier = SystemdNotifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.watchdog()
    assert "cannot be told WATCHDOG=1" in caplog.text


def test_a_manager_that_does_not_read_does_not_hang_us(manager: socket.socket) -> None:
    notifier = SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()})
    for _ in range(2_000):
        notifier.watchdog()
    manager.close()


@pytest.mark.parametrize(
    ("environment", "period_s"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_period_is_ours_only(environment: dict[str, str], period_s: float) -> None:
    assert SystemdNotifier(environment).watchdog_period_s == period_s
    assert not environment


def handed_over(listener: socket.socket) -> tuple[socket.socket, ...]:
    fd = os.dup(listener.fileno())
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "cmd"}
    try:
        return listen_sockets(environment, first_fd=fd)
    finally:
        assert not environment


def test_a_listening_socket_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        (found,) = handed_over(listener)
        with found:
            assert found.getsockname() == str(tmp_path / "s")
            assert not found.get_inheritable()


def test_another_process_s_sockets_are_left_alone() -> None:
    assert listen_sockets({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) == ()
    assert listen_sockets({}) == ()


def test_a_socket_of_another_kind_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wrong:
        wrong.bind(str(tmp_path / "s"))
        with pytest.raises(ConfigError) as found:
            handed_over(wrong)
    assert found.value.code == "systemd-bad-socket"


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd-socket-activate is not installed")
def test_systemd_s_own_activation_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "s"
    script = (
        "from cockpitd.adapters.systemd_notify import listen_sockets\n"
        "(sock,) = listen_sockets()\n"
        "connection, _ = sock.accept()\n"
        "connection.sendall(sock.getsockname().encode())\n"
    )
    root = str(Path(__file__).parents[2])
    command = ["systemd-socket-activate", "-l", str(path), "-E", f"PYTHONPATH={root}", sys.executable, "-c", script]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as activator:
        assert activator.stderr
        assert b"Listening on" in activator.stderr.readline()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.settimeout(20)
            assert client.recv(1_000).decode() == str(path)
        activator.stderr.read()
        assert activator.wait(20) == 0
