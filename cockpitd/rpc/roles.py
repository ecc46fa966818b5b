"""Who is at the other end of the socket and what they may do; no method is named here."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cockpitd.config import SocketConfig
from cockpitd.errors import ConfigError

Role: TypeAlias = Literal["none", "observe", "speak", "operate", "admin"]

RANK: Mapping[Role, int] = {"none": 0, "observe": 1, "speak": 2, "operate": 3, "admin": 4}
"""A role may do what every lower one may."""

_SO_PEERGROUPS = 59
"""Linux socket option: the peer's supplementary groups, as they were when it connected."""
_MAX_GROUPS_BYTES = 1_024
"""The most `getsockopt` takes: 256 groups."""
_KEY = re.compile(r"(uid|gid):(\d{1,10})")


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a Unix socket, as the kernel tells it."""

    pid: int
    """0 when the peer is in a process namespace we cannot see."""
    uid: int
    gids: frozenset[int]
    """Primary and supplementary groups."""


def peer_of(connection: socket.socket) -> Peer:
    """Ask the kernel who connected."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    pid, uid, gid = struct.unpack("iII", raw)
    try:
        groups = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MAX_GROUPS_BYTES)
    except OSError:
        # More than 256 groups, or an old kernel: the primary group alone still gives a role, never a higher one.
        groups = b""
    return Peer(pid, uid, frozenset({gid, *(group for (group,) in struct.iter_unpack("I", groups))}))


@dataclass(frozen=True, slots=True)
class RoleTable:
    """The configured roles, checked."""

    by_uid: Mapping[int, Role]
    by_gid: Mapping[int, Role]
    default: Role
    own_uid: int
    """The daemon's own user, always admin."""

    def of(self, peer: Peer) -> Role:
        """Tell a peer's role: root and our own user are admin, then its uid, then the best of its groups."""
        if peer.uid in {0, self.own_uid}:
            return "admin"
        if peer.uid in self.by_uid:
            return self.by_uid[peer.uid]
        return best((self.by_gid[gid] for gid in peer.gids if gid in self.by_gid), self.default)


def best(roles: Iterable[Role], default: Role) -> Role:
    """Return the highest of `roles`, or `default` when there are none."""
    return max(roles, key=RANK.__getitem__, default=default)


def may(role: Role, needed: Role) -> bool:
    """Tell whether `role` is enough."""
    return RANK[role] >= RANK[needed]


def role_table(config: SocketConfig) -> RoleTable:
    """Check the configured roles; raise `ConfigError` for a key that is neither `uid:NUMBER` nor `gid:NUMBER`."""
    tables: dict[str, dict[int, Role]] = {"uid": {}, "gid": {}}
    for key, role in config.roles.items():
        found = _KEY.fullmatch(key)
        if found is None:
            raise ConfigError("config-invalid", f"socket.roles: {key!r} is neither uid:NUMBER nor gid:NUMBER")
        tables[found[1]][int(found[2])] = role
    return RoleTable(tables["uid"], tables["gid"], config.default_role, os.getuid())
