"""The service manager: sd_notify messages and the sockets it hands over, over plain sockets; no daemon logic."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping, MutableMapping

from cockpitd.errors import ConfigError

log = logging.getLogger(__name__)

FIRST_FD = 3
"""SD_LISTEN_FDS_START."""


class SystemdNotifier:
    """Tells the service manager how we are; without one (`$NOTIFY_SOCKET` unset) every call does nothing.

    The variables are taken out of the environment, so that engine processes do not speak in the daemon's name.
    """

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        address = environment.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_period_s = _watchdog_period_s(environment)
        """The service manager restarts us after this long without `watchdog()`; 0: it does not watch."""

    def ready(self, status: str = "") -> None:
        """Say that start-up is over: units ordered after ours may start."""
        self._send({"READY": "1", "STATUS": status})

    def status(self, status: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send({"STATUS": status})

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send({"STOPPING": "1", "STATUS": "finishing what is in progress"})

    def watchdog(self) -> None:
        """Say that we are alive."""
        self._send({"WATCHDOG": "1"})

    def _send(self, fields: Mapping[str, str]) -> None:
        """Send without waiting: a service manager that does not read must not hang the flow."""
        if not self._address:
            return
        message = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items() if value)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
                manager.sendto(message.encode("utf-8"), self._address)
        except OSError as exc:
            log.warning("the service manager cannot be told %s: %s", message.partition("\n")[0], exc)


def _watchdog_period_s(environment: MutableMapping[str, str]) -> float:
    period_us = environment.pop("WATCHDOG_USEC", "")
    pid = environment.pop("WATCHDOG_PID", str(os.getpid()))
    if not period_us.isdigit() or pid != str(os.getpid()):
        return 0.0
    return int(period_us) / 1_000_000


def listen_sockets(
    environment: MutableMapping[str, str] = os.environ, first_fd: int = FIRST_FD
) -> tuple[socket.socket, ...]:
    """Take over the listening sockets of socket activation; none when they are meant for another process.

    Raises `ConfigError("systemd-bad-socket")` when the socket unit is not of the kind we serve.
    """
    pid = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    environment.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdigit():
        return ()
    return tuple(_listener(fd) for fd in range(first_fd, first_fd + int(count)))


def _listener(fd: int) -> socket.socket:
    try:
        os.set_inheritable(fd, False)  # noqa: FBT003 (the name says it)
        found = socket.socket(fileno=fd)
        listening = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as exc:
        raise ConfigError("systemd-bad-socket", f"File descriptor {fd} is not a socket; check cockpitd.socket") from exc
    if found.family != socket.AF_UNIX or found.type != socket.SOCK_STREAM or not listening:
        found.close()
        sentence = "The socket handed over is not a listening Unix stream; give cockpitd.socket ListenStream="
        raise ConfigError("systemd-bad-socket", sentence)
    return found
