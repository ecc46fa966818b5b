"""Roles: who the kernel says the peer is, and what each role may call."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from pathlib import Path

import pytest

from cockpitd.config import SocketConfig
from cockpitd.errors import ConfigError, WireError
from cockpitd.ports import Cockpit
from cockpitd.rpc.methods import METHODS, call
from cockpitd.rpc.roles import RANK, Peer, Role, may, peer_of, role_table
from cockpitd.rpc.streams import Streams
from cockpitd.rpc.wire import Request
from tests.rpc.fake_cockpit import FakeCockpit
from tests.rpc.served import serving

SOMEBODY = 54_321


class Person:
    """A caller without a connection."""

    def __init__(self, role: Role) -> None:
        self.role: Role = role
        self.cockpit: Cockpit = FakeCockpit()
        self.streams = Streams()

    def begin_turn(self, stream: object, turn: object) -> int:
        raise NotImplementedError

    def follow(self, events: frozenset[str] | None) -> None:
        self.followed = events

    def unfollow(self) -> None:
        self.followed = None


def role_of(uid: int, gids: set[int], default: str = "observe", **roles: str) -> Role:
    by_key = {key.replace("_", ":"): role for key, role in roles.items()}
    table = role_table(SocketConfig.model_validate({"roles": by_key, "default_role": default}))
    return table.of(Peer(1, uid, frozenset(gids)))


def test_root_and_our_own_user_are_admin() -> None:
    assert role_of(0, {0}, uid_0="observe") == "admin"
    assert role_of(os.getuid(), {1}) == "admin"


def test_uid_wins_over_gid_and_the_best_group_counts() -> None:
    assert role_of(SOMEBODY, {5, 6}, uid_54321="speak", gid_5="admin") == "speak"
    assert role_of(SOMEBODY, {5, 6}, gid_5="speak", gid_6="operate") == "operate"
    assert role_of(SOMEBODY, {7}, gid_5="speak") == "observe"
    assert role_of(SOMEBODY, {7}, default="none") == "none"


@pytest.mark.parametrize("key", ["root", "uid:", "uid:-1", "gid:x", "uid:1 "])
def test_a_bad_role_key_is_an_error(key: str) -> None:
    with pytest.raises(ConfigError, match="neither uid:NUMBER nor gid:NUMBER"):
        role_table(SocketConfig.model_validate({"roles": {key: "speak"}}))


def test_the_kernel_tells_the_peer() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert peer_of(here) == Peer(os.getpid(), os.getuid(), frozenset({os.getgid(), *os.getgroups()}))


def test_higher_roles_may_more() -> None:
    order: list[Role] = ["none", "observe", "speak", "operate", "admin"]
    assert sorted(RANK, key=RANK.__getitem__) == order
    assert [may("speak", needed) for needed in order] == [True, True, True, False, False]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_refuses_the_role_below_its_own(method: object) -> None:
    row = METHODS[method.name]  # type: ignore[attr-defined]
    below = next(role for role, rank in RANK.items() if rank == RANK[row.role] - 1)
    with pytest.raises(WireError, match="needs the role") as found:
        asyncio.run(call(Person(below), Request(row.name, {})))
    assert found.value.code == "rpc-forbidden"


def test_a_passenger_s_tablet_cannot_pass_for_the_driver() -> None:
    person = Person("speak")
    asyncio.run(call(person, Request("say", {"text": "x"})))
    assert isinstance(person.cockpit, FakeCockpit)
    assert person.cockpit.requests[0].seat == "passenger"
    with pytest.raises(WireError, match="as the driver"):
        asyncio.run(call(person, Request("say", {"text": "x", "seat": "driver"})))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to connect as another user")
def test_another_user_gets_the_configured_role_or_is_turned_away() -> None:
    def ask_as(path: Path, uid: int) -> str:
        return (
            "import os,socket,sys\n"
            f"os.setgroups([]); os.setgid({uid}); os.setuid({uid})\n"
            f"s=socket.socket(socket.AF_UNIX); s.connect({str(path)!r})\n"
            'line=b\'{"jsonrpc":"2.0","id":1,"method":"reload"}\\n\'\n'
            "try:\n s.sendall(line)\nexcept BrokenPipeError:\n pass\n"
            "print(s.makefile().readline())\n"
        )

    async def run() -> None:
        config = {"mode": 0o666, "roles": {"uid:1234": "admin", "uid:1235": "speak"}, "default_role": "none"}
        async with serving(folder / "s", **config) as served:
            for uid, expected in ((1234, '"actions"'), (1235, "needs the role admin"), (1236, "has no role")):
                script = ask_as(served.path, uid)
                child = await asyncio.create_subprocess_exec(
                    "/usr/bin/python3", "-c", script, stdout=asyncio.subprocess.PIPE
                )
                out, _ = await child.communicate()
                assert expected in out.decode()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        asyncio.run(run())
