"""The journal on disk: SQLite in WAL mode, written before and after each actuation, so that nothing is done twice."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cockpitd.errors import ConfigError

KEEP_TURNS = 10_000
"""Turns kept for `explain`; the oldest go first."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS commands (
  key TEXT PRIMARY KEY, turn TEXT NOT NULL, action TEXT NOT NULL, at REAL NOT NULL, outcome TEXT
);
CREATE TABLE IF NOT EXISTS turns (
  number INTEGER PRIMARY KEY AUTOINCREMENT, turn TEXT UNIQUE NOT NULL, at REAL NOT NULL, record TEXT NOT NULL
);
"""

_UNKNOWN = json.dumps({"kind": "unknown", "code": "daemon-restarted"})


class SqliteJournal:
    """One file, one connection, used from the daemon's own thread only."""

    def __init__(self, path: Path | None) -> None:
        """Open (None: in memory). Commands begun but never finished belong to a dead daemon: unknown, never re-done."""
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._db.executescript(_SCHEMA)
            self._db.execute("UPDATE commands SET outcome = ? WHERE outcome IS NULL", (_UNKNOWN,))
        except (OSError, sqlite3.Error) as exc:
            raise ConfigError(
                "journal-unusable", f"{path}: the journal cannot be opened ({exc}); check state_dir"
            ) from exc
        self._written = 0

    def begin(self, key: str, turn_id: str, action: Mapping[str, Any]) -> bool:
        """Record the intention; False when the key is known."""
        done = self._db.execute(
            "INSERT OR IGNORE INTO commands (key, turn, action, at) VALUES (?, ?, ?, ?)",
            (key, turn_id, _json(action), time.time()),
        )
        return done.rowcount == 1

    def finish(self, key: str, outcome: Mapping[str, Any]) -> None:
        """Record the outcome."""
        self._db.execute("UPDATE commands SET outcome = ? WHERE key = ?", (_json(outcome), key))

    def turn(self, turn_id: str, record: Mapping[str, Any]) -> None:
        """Keep a turn and drop those past the limit."""
        self._db.execute(
            "INSERT OR REPLACE INTO turns (turn, at, record) VALUES (?, ?, ?)", (turn_id, time.time(), _json(record))
        )
        self._written += 1
        if self._written % 1_000 == 0:
            self._db.execute("DELETE FROM turns WHERE number <= (SELECT MAX(number) FROM turns) - ?", (KEEP_TURNS,))

    def explain(self, turn_id: str) -> Mapping[str, Any] | None:
        """Return one turn, the latest for an empty id."""
        chosen = ("WHERE turn = ?", (turn_id,)) if turn_id else ("ORDER BY number DESC LIMIT 1", ())
        row = self._db.execute(f"SELECT record FROM turns {chosen[0]}", chosen[1]).fetchone()  # noqa: S608 (two constants)
        return None if row is None else json.loads(row[0])

    def outcome(self, key: str) -> Mapping[str, Any] | None:
        """Return what came of a command, None when it is unknown or still under way."""
        row = self._db.execute("SELECT outcome FROM commands WHERE key = ?", (key,)).fetchone()
        return None if row is None or row[0] is None else json.loads(row[0])

    def close(self) -> None:
        """Flush and close."""
        self._db.close()


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=dict)
