"""What every journal must do; run on the one that ships, in memory and on disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cockpitd.adapters.sqlite_journal import SqliteJournal
from cockpitd.errors import ConfigError


@pytest.fixture(params=["memory", "disk"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(None if request.param == "memory" else tmp_path / "j" / "journal.sqlite3")


def test_a_key_begins_only_once(journal: SqliteJournal) -> None:
    assert journal.begin("k", "t", {"action": "A"})
    assert not journal.begin("k", "t", {"action": "A"})
    journal.finish("k", {"kind": "done"})
    assert not journal.begin("k", "later", {"action": "A"})
    assert journal.outcome("k") == {"kind": "done"}


def test_turns_are_found_by_id_and_the_latest_without(journal: SqliteJournal) -> None:
    assert journal.explain("") is None
    journal.turn("a", {"turn": "a", "text": "开灯"})
    journal.turn("b", {"turn": "b"})
    assert journal.explain("a") == {"turn": "a", "text": "开灯"}
    assert journal.explain("") == {"turn": "b"}
    assert journal.explain("nobody") is None


def test_a_command_cut_off_by_a_crash_is_unknown_and_never_done_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    first = SqliteJournal(path)
    first.begin("half", "t", {"action": "WINDOW_OPEN"})
    first.close()
    second = SqliteJournal(path)
    assert second.outcome("half") == {"kind": "unknown", "code": "daemon-restarted"}
    assert not second.begin("half", "t2", {"action": "WINDOW_OPEN"})


def test_the_file_is_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = SqliteJournal(path)
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    journal.close()


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_text("hello " * 500)
    with pytest.raises(ConfigError, match=r"journal-unusable"):
        SqliteJournal(path)
