"""Making the socket: stale files go, live daemons stay, and a wrong path is a clear error."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from cockpitd.config import SocketConfig
from cockpitd.errors import ConfigError
from cockpitd.rpc.listener import own_socket
from cockpitd.rpc.server import RpcServer
from tests.rpc.fake_cockpit import FakeClock, FakeCockpit
from tests.rpc.served import Served, serving


def config(path: Path, mode: int = 0o660) -> SocketConfig:
    return SocketConfig(path=path, mode=mode)


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as found, own_socket(config(path)):
        pass
    assert str(path) in found.value.message or str(path.parent) in found.value.message
    return found.value.code


def test_the_socket_has_its_mode_and_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s"
    with own_socket(config(path, 0o640)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with own_socket(config(path)), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_live_listener_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        assert refused(path) == "rpc-socket-in-use"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_second_daemon_does_not_disturb_the_first(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "s"
        async with serving(path) as served, served.client() as client:
            with pytest.raises(ConfigError, match="rpc-socket-in-use"):
                await RpcServer(FakeCockpit(), config(path), FakeClock()).serve(asyncio.Event())
            assert (await client.call("health"))["ok"]
            async with served.client() as late:
                assert (await late.call("health"))["ok"]

    asyncio.run(run())


def test_a_daemon_with_a_full_backlog_is_alive(tmp_path: Path) -> None:
    path = tmp_path / "s"
    clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(path))
        busy.listen(0)
        try:
            for client in clients:
                client.setblocking(False)
                client.connect_ex(str(path))
            assert refused(path) == "rpc-socket-in-use"
        finally:
            for client in clients:
                client.close()


def test_a_file_that_is_not_a_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("mine")
    assert refused(path) == "rpc-socket-path"
    assert path.read_text() == "mine"


def test_a_socket_somebody_else_put_in_our_place_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with own_socket(config(path)):
        path.unlink()
        path.write_text("theirs")
    assert path.read_text() == "theirs"


def test_a_path_that_is_too_long_or_open_to_all_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / ("x" * 120)) == "rpc-socket-path"
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert refused(shared / "s") == "rpc-socket-path"


def test_an_inherited_socket_wins_and_is_left_in_place(tmp_path: Path) -> None:
    async def run() -> None:
        theirs, own = tmp_path / "theirs", tmp_path / "own"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(theirs))
        listener.listen()
        stop = asyncio.Event()
        cockpit, clock = FakeCockpit(), FakeClock()
        server = RpcServer(cockpit, config(own), clock, inherited=(listener,))
        assert server.address == str(theirs)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(server.serve(stop))
            await server.ready.wait()
            async with Served(cockpit, clock, server, theirs, stop, task).client() as client:
                assert (await client.call("health"))["ok"]
            stop.set()
        assert theirs.exists()
        assert not own.exists()

    asyncio.run(run())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_we_may_not_write_is_a_clear_error(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert refused(closed / "s") == "rpc-socket-path"
