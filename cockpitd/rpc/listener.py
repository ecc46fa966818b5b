"""Making the daemon's own listening socket without ever taking a live daemon's away; nothing is accepted here."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cockpitd.config import SocketConfig
from cockpitd.errors import ConfigError

BACKLOG = 64
PROBE_S = 1.0
_MAX_PATH_BYTES = 100
"""`sun_path` holds 108; the temporary name needs a few more than the path."""


@contextmanager
def own_socket(config: SocketConfig) -> Iterator[socket.socket]:
    """Listen on `config.path` and take the file away at the end, if it is still ours.

    A lock beside the socket, held as long as we live, keeps two daemons that start at once from taking each other's
    socket for a stale one; the connection attempt finds a live listener that does not know of the lock (systemd).
    """
    path = config.path
    if len(os.fsencode(path)) > _MAX_PATH_BYTES:
        raise ConfigError("rpc-socket-path", f"{path}: longer than {_MAX_PATH_BYTES} bytes; shorten socket.path")
    _make_parent(path.parent)
    with _lock(path.with_name(path.name + ".lock")):
        _check_free(path)
        listener, inode = _bind(path, config.mode)
        with listener:
            try:
                yield listener
            finally:
                if _inode(path) == inode:
                    path.unlink()


def _make_parent(parent: Path) -> None:
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = parent.stat()
    except OSError as exc:
        raise ConfigError("rpc-socket-path", f"{parent}: {exc.strerror}; choose another socket.path") from exc
    if found.st_uid not in {0, os.getuid()} or (found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX):
        raise ConfigError("rpc-socket-path", f"{parent}: others could replace a socket here; choose another path")


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise ConfigError("rpc-socket-path", f"{path}: {exc.strerror}; choose another socket.path") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as exc:
        raise _in_use(path.with_suffix("")) from exc
    finally:
        os.close(handle)


def _in_use(path: Path) -> ConfigError:
    return ConfigError("rpc-socket-in-use", f"{path}: a daemon serves here; stop it or choose another socket.path")


def _check_free(path: Path) -> None:
    """Raise unless the path is empty or holds a socket on which nobody answers."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigError("rpc-socket-path", f"{path}: is not a socket; move it or choose another socket.path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except OSError as exc:
            # A full backlog, a time-out, no permission: somebody may well live there.
            raise _in_use(path) from exc
    raise _in_use(path)


def _bind(path: Path, mode: int) -> tuple[socket.socket, int]:
    """Bind under a temporary name and move it into place, so that the path never shows a socket with a wrong mode."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    passing = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        passing.unlink(missing_ok=True)
        listener.bind(os.fspath(passing))
        passing.chmod(mode)
        listener.listen(BACKLOG)
        passing.rename(path)
    except OSError as exc:
        listener.close()
        raise ConfigError("rpc-socket-path", f"{path}: {exc.strerror}; choose another socket.path") from exc
    return listener, _inode(path)


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return 0
